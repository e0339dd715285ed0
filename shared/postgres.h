/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postgres - setting up libpq connections, and what a SQLSTATE means.
 *
 * Included only by the files that own libpq (key_store, upsert, backfill, settings/store ...).
 */
#ifndef INTAKE_SHARED_POSTGRES_H
#define INTAKE_SHARED_POSTGRES_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "shared/error.h"
#include "shared/settings.h"
#include "shared/uuid.h"

enum { POSTGRES_DEAD_MS = 20000 }; /* a server that answers nothing is found within */

struct postgres_settings {
	char *url; /* DATABASE_URL: libpq URI or conninfo; secret */
};

extern const struct setting postgres_setting_rows[];
extern const size_t postgres_setting_count;

/* Whether libpq can read it; nothing is connected to. */
bool postgres_url_is_valid(const char *url);

/*
 * Connect and make the session ours: application_name, role, search_path empty but for pg_catalog,
 * statement_timeout, keepalives and tcp_user_timeout where the URL does not set them itself (a dead
 * connection is found within POSTGRES_DEAD_MS), client_encoding UTF8. Blocks, bounded by
 * connect_timeout (5 s an address) and as long again for the session.
 *
 * Takes:   url - DATABASE_URL or another conninfo; application_name - as "intake-worker lane 1";
 *          role - "intake_worker": taken by SET ROLE where the login may; a login that may not
 *          stays itself (NULL: stays itself).
 *          statement_timeout_ms - 0: none.
 * Returns: OK, ret_connection owned (PQfinish); E_POSTGRES_AWAY, E_POSTGRES_CONFIG with the server's
 *          sentence, which holds no password.
 */
MUST_CHECK enum error postgres_connect(const char *url, const char *application_name,
	const char *role, int statement_timeout_ms, PGconn **ret_connection,
	struct failure *failure);

/*
 * What a failed result means, by the table of shared/sqlstate.
 *
 * Takes:   result - may be NULL (the connection broke).
 * Returns: E_POSTGRES_AWAY (08 53 57P 25006, no connection), E_POSTGRES_CONTENTION (40001 40P01 55P03
 *          57014), E_POSTGRES_DATA (22 23 44 54 P0001), E_POSTGRES_CONFIG (all else). The detail holds
 *          SQLSTATE, our sentence and the names of column and constraint; never the server's DETAIL, which has row
 *          values.
 */
enum error postgres_error(
	const PGconn *connection, const PGresult *result, struct failure *failure);

/*
 * Wait for the one result of a statement that was sent (PQsend...), whatever becomes of the server.
 *
 * Returns: owned (PQclear); NULL: nothing came within wait_ms or the connection broke; either way
 *          the connection is of no more use but for PQfinish.
 */
PGresult *postgres_wait(PGconn *connection, int64_t wait_ms);

/* The same, and NULL as well once stop_fd is readable; -1: there is none. */
PGresult *postgres_wait_unless(PGconn *connection, int64_t wait_ms, int stop_fd);

/*
 * In pipeline mode: hand over all that was sent, before other work is done.
 *
 * Returns: false: it was not taken within wait_ms, or the connection broke; it is of no more use then.
 */
MUST_CHECK bool postgres_push(PGconn *connection, int64_t wait_ms);

/*
 * In pipeline mode: wait for what PQgetResult gives next.
 *
 * Returns: true, ret_result owned (PQclear), NULL between two statements; false: as postgres_push.
 */
MUST_CHECK bool postgres_next(PGconn *connection, int64_t wait_ms, PGresult **ret_result);

/* Binary parameters and results. */
void postgres_put_int32(char out[static 4], int32_t value);
void postgres_put_int64(char out[static 8], int64_t value);
int64_t postgres_get_int(const PGresult *result, int row, int column); /* int2, int4 or int8 */
struct uuid postgres_get_uuid(const PGresult *result, int row, int column);

/* Cleanup attribute for results: `POSTGRES_RESULT PGresult *result = ...`. */
void postgres_clear(PGresult **result);
#define POSTGRES_RESULT __attribute__((cleanup(postgres_clear)))

#endif
