/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backfill_store - a connection for the rows of backfills that no batch carries.
 *
 * Included only by the files that own libpq.
 * Thread: the one that opened it.
 */
#ifndef INTAKE_WORKER_BACKFILL_STORE_H
#define INTAKE_WORKER_BACKFILL_STORE_H

#include <stdint.h>

#include "shared/error.h"
#include "shared/postgres.h"

enum { NUMBER_BYTES = 24 };

struct backfill_store;

/* Returns: OK, ret_store owned (backfill_store_close); E_POSTGRES_AWAY; E_POSTGRES_CONFIG. */
MUST_CHECK enum error backfill_store_open(const char *url, int timeout_ms,
	struct backfill_store **ret_store, struct failure *failure);

/* Takes NULL too. */
void backfill_store_close(struct backfill_store *store);

/*
 * One statement, and its answer.
 *
 * Takes:   values - count of them, as text; NULL in it: null.
 * Returns: owned (PQclear, or POSTGRES_RESULT); NULL: with the reason, as postgres_error says.
 */
PGresult *backfill_store_ask(struct backfill_store *store, const char *sql, int count,
	const char *const *values, struct failure *failure);

/* A number as a parameter. */
struct number {
	char text[NUMBER_BYTES];
};
struct number number_of(int64_t value);

/* A number as a result; null is 0. */
int64_t number_get(const PGresult *result, int row, int column);

/* How many rows a statement has changed. */
int64_t changed_get(PGresult *result);

/* Null is false. */
bool flag_get(const PGresult *result, int row, int column);

#endif
