/* SPDX-License-Identifier: Apache-2.0 */
/*
 * upsert - one connection to Postgres and the one statement that applies rows to contacts.
 *
 * Thread: the lane that opened it.
 */
#ifndef INTAKE_WORKER_UPSERT_H
#define INTAKE_WORKER_UPSERT_H

#include <stddef.h>

#include "shared/error.h"
#include "worker/batch.h"

struct upsert;

/*
 * Connect, make the session's commits durable, prepare the statement.
 *
 * Takes:   url - DATABASE_URL; name - as "intake-worker lane 1", for the server's lists.
 * Returns: OK, ret_upsert owned (upsert_close); E_POSTGRES_AWAY; E_POSTGRES_CONFIG.
 */
MUST_CHECK enum error upsert_open(
	const char *url, const char *name, struct upsert **ret_upsert, struct failure *failure);

/* Takes NULL too. */
void upsert_close(struct upsert *upsert);

/*
 * Apply the rows in one statement and wait until it is durable.
 *
 * Takes:   rows - sorted, each contact once; borrowed. count - at least 1.
 *          stop_fd - readable: give up (E_POSTGRES_AWAY).
 * Returns: OK, ret_outcome set; else as postgres_error says. With E_POSTGRES_AWAY the connection is
 *          of no more use, and whether the rows were applied is not known: apply them again.
 */
MUST_CHECK enum error upsert_rows(struct upsert *upsert, const struct batch_row *rows, size_t count,
	int stop_fd, struct batch_outcome *ret_outcome, struct failure *failure);

#endif
