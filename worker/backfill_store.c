/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_store - a connection for the rows of backfills that no batch carries. */
#include "worker/backfill_store.h"

#include <stdio.h>
#include <stdlib.h>

#include "shared/memory.h"
#include "worker/upsert.h"

enum { DECIMAL = 10 };

struct backfill_store {
	PGconn *connection; /* owned */
	int64_t answer_ms;
};

enum error backfill_store_open(
	const char *url, int timeout_ms, struct backfill_store **ret_store, struct failure *failure)
{
	PGconn *connection = NULL;
	enum error error = postgres_connect(url, "intake-worker backfill job", "intake_worker",
		timeout_ms, &connection, failure);
	if (error)
		return error;
	struct backfill_store *store = memory_zeroed(1, sizeof(*store));
	store->connection = connection;
	store->answer_ms = timeout_ms + UPSERT_GRACE_MS;
	*ret_store = store;
	return OK;
}

void backfill_store_close(struct backfill_store *store)
{
	if (!store)
		return;
	PQfinish(store->connection);
	free(store);
}

PGresult *backfill_store_ask(struct backfill_store *store, const char *sql, int count,
	const char *const *values, struct failure *failure)
{
	PGresult *result = NULL;
	if (PQsendQueryParams(store->connection, sql, count, NULL, values, NULL, NULL, 0))
		result = postgres_wait(store->connection, store->answer_ms);
	ExecStatusType status = PQresultStatus(result);
	if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
		return result;
	(void)postgres_error(store->connection, result, failure);
	PQclear(result);
	return NULL;
}

struct number number_of(int64_t value)
{
	struct number number;
	(void)snprintf(number.text, sizeof(number.text), "%lld", (long long)value);
	return number;
}

int64_t number_get(const PGresult *result, int row, int column)
{
	return strtoll(PQgetvalue(result, row, column), NULL, DECIMAL);
}

int64_t changed_get(PGresult *result)
{
	return strtoll(PQcmdTuples(result), NULL, DECIMAL);
}

bool flag_get(const PGresult *result, int row, int column)
{
	return *PQgetvalue(result, row, column) == 't';
}
