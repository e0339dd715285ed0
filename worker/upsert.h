/* SPDX-License-Identifier: Apache-2.0 */
/*
 * upsert - one connection to Postgres and the one statement that applies rows to contacts.
 *
 * Thread: the lane that opened it.
 */
#ifndef INTAKE_WORKER_UPSERT_H
#define INTAKE_WORKER_UPSERT_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/error.h"
#include "worker/batch.h"

enum { UPSERT_GRACE_MS = 10 * 1000 };

struct upsert;

struct upsert_options {
	const char *url;  /* DATABASE_URL; borrowed, as all here */
	const char *name; /* as "intake-worker lane 1", for the server's lists */
	int timeout_ms;   /* the server cancels a statement that takes longer */
	int stop_fd;      /* readable: wait for no answer any more */
};

/*
 * Connect, make the session's commits durable, prepare the statement.
 *
 * A connection that answers nothing is found UPSERT_GRACE_MS after the server should have cancelled its
 * statement.
 *
 * Returns: OK, ret_upsert owned (upsert_close); E_POSTGRES_AWAY; E_POSTGRES_CONFIG.
 */
MUST_CHECK enum error upsert_open(
	const struct upsert_options *options, struct upsert **ret_upsert, struct failure *failure);

/* Takes NULL too. */
void upsert_close(struct upsert *upsert);

/*
 * Apply the rows in one statement and wait until it is durable.
 *
 * Takes:   rows - sorted, each contact once; borrowed. count - at least 1.
 * Returns: OK, ret_outcome set (but for `stale`); E_BUSINESS_GONE: at least one row's business does not
 *          exist; else as postgres_error says. With E_POSTGRES_AWAY the connection is of no more use,
 *          and whether the rows were applied is not known: apply them again.
 */
MUST_CHECK enum error upsert_rows(struct upsert *upsert, const struct batch_row *rows, size_t count,
	struct batch_outcome *ret_outcome, struct failure *failure);

/*
 * How long a statement waits for a lock (55P03), until the next call; 0: as long as at first.
 *
 * Returns: OK; as postgres_error says.
 */
MUST_CHECK enum error upsert_set_lock_wait(
	struct upsert *upsert, int wait_ms, struct failure *failure);

/* Look whether the server has closed the connection while nothing was asked. Never waits. */
MUST_CHECK bool upsert_is_open(struct upsert *upsert);

/*
 * Begin a transaction, for upsert_rows and upsert_command until "commit" or "rollback" is commanded.
 *
 * Rows that are refused in it are undone by themselves, and the transaction goes on.
 *
 * Returns: OK; as postgres_error says.
 */
MUST_CHECK enum error upsert_begin(struct upsert *upsert, struct failure *failure);

/*
 * One more statement on the same connection, without a result.
 *
 * Takes:   sql - one statement; values - count of them, as text.
 * Returns: OK, ret_changed (may be NULL) set to the rows it touched; as postgres_error says.
 */
MUST_CHECK enum error upsert_command(struct upsert *upsert, const char *sql,
	const char *const *values, int count, int64_t *ret_changed, struct failure *failure);

/* For statements of the same session, while none of ours is under way. Borrowed. */
PGconn *upsert_connection(struct upsert *upsert);

/*
 * Send the statement alone, for rows of which is known that most have not been applied.
 *
 * Takes:   as upsert_rows.
 * Returns: false: libpq could not take it. The answer is the caller's to wait for.
 */
MUST_CHECK bool upsert_send_rows(struct upsert *upsert, const struct batch_row *rows, size_t count);

/*
 * The same, for contacts that are all taken to be new: the statement fails where one is not, or where a
 * deletion is newer than the oldest event.
 */
MUST_CHECK bool upsert_send_new(struct upsert *upsert, const struct batch_row *rows, size_t count);

/* End the transaction, whatever state it is in. */
void upsert_rollback(struct upsert *upsert);

#endif
