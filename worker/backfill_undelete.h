/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backfill_undelete - deletions that were mistakes are taken back, in the transaction that writes the contacts.
 *
 * Thread: the lane's.
 */
#ifndef INTAKE_WORKER_BACKFILL_UNDELETE_H
#define INTAKE_WORKER_BACKFILL_UNDELETE_H

#include "shared/error.h"
#include "worker/backfill_link.h"
#include "worker/backfill_look.h"
#include "worker/backfill_slice.h"

/* In a pipeline, before the rows are sent. Returns: false: libpq could not take it. */
MUST_CHECK bool backfill_undelete_send(PGconn *connection, const struct backfill_mistakes *mistakes,
	const struct backfill_slice *slice);

/* The same while the link is paused, in a transaction. Returns: OK; as postgres_error. */
MUST_CHECK enum error backfill_undelete(struct backfill_link *link,
	const struct backfill_mistakes *mistakes, const struct backfill_slice *slice,
	struct failure *failure);

#endif
