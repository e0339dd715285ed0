/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backfill_cursor - how far a leased partition is, moved in the transaction that writes a batch's rows.
 *
 * Thread: the lane that has the lease.
 */
#ifndef INTAKE_WORKER_BACKFILL_CURSOR_H
#define INTAKE_WORKER_BACKFILL_CURSOR_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "shared/error.h"
#include "worker/backfill_counts.h"
#include "worker/backfill_job.h"
#include "worker/upsert.h"

/*
 * Keep everybody off the partition until the transaction ends.
 *
 * Returns: OK; E_PENDING: the lease is another's by now, or the job was cancelled; as postgres_error says.
 */
MUST_CHECK enum error backfill_cursor_hold(
	struct upsert *upsert, const struct backfill_lease *lease, struct failure *failure);

/* In the same transaction: all before `next` is replayed. Takes: counts - of this batch. */
MUST_CHECK enum error backfill_cursor_advance(struct upsert *upsert,
	const struct backfill_lease *lease, int64_t next, const struct backfill_counts *counts,
	struct failure *failure);

/*
 * The same in a pipeline, where nobody can look at an answer first: the statement itself fails where the
 * partition could not be held.
 *
 * Returns: false: libpq could not take it.
 */
MUST_CHECK bool backfill_cursor_send(PGconn *connection, const struct backfill_lease *lease,
	int64_t next, const struct backfill_counts *counts);

#endif
