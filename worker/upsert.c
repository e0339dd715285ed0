/* SPDX-License-Identifier: Apache-2.0 */
/* upsert - one connection to Postgres and the one statement that applies rows to contacts. */
#include "worker/upsert.h"

#include <stdlib.h>
#include <string.h>

#include "shared/memory.h"
#include "shared/postgres.h"
#include "worker/array.h"
#include "worker/upsert_sql.h"

#define STATEMENT_NAME "intake_upsert"
#define WORKER_ROLE "intake_worker"

enum {
	STATEMENT_MS = 30 * 1000, /* the server cancels it (57014) */
	ANSWER_MS = 40 * 1000,    /* nothing came: the connection is dead */
};

/* One array each; upsert.sql says what is in them. */
enum parameter {
	OLDEST_IDS,
	BUSINESS_IDS,
	EMAILS,
	NAMES,
	EVENT_IDS,
	PHONES,
	PHONE_EVENT_IDS,
	PARAMETER_COUNT
};

static const enum array_type parameter_types[PARAMETER_COUNT] = {
	[OLDEST_IDS] = ARRAY_OF_UUID,
	[BUSINESS_IDS] = ARRAY_OF_UUID,
	[EMAILS] = ARRAY_OF_TEXT,
	[NAMES] = ARRAY_OF_TEXT,
	[EVENT_IDS] = ARRAY_OF_UUID,
	[PHONES] = ARRAY_OF_TEXT,
	[PHONE_EVENT_IDS] = ARRAY_OF_UUID,
};

/*
 * A commit that is not flushed may be lost in a crash after its offset was committed to Kafka. And the
 * triggers take the writes of who is no member of the role for edits by hand.
 */
static const char session_text[] =
	"select pg_has_role('" WORKER_ROLE "', 'member'),"
	" case when current_setting('synchronous_commit') not in ('on', 'remote_apply')"
	" then set_config('synchronous_commit', 'on', false) end";

struct upsert {
	PGconn *connection; /* owned */
	struct buf arrays[PARAMETER_COUNT];
};

static enum error set_up(PGconn *connection, struct failure *failure)
{
	POSTGRES_RESULT PGresult *session = NULL;
	POSTGRES_RESULT PGresult *prepared = NULL;
	if (PQsendQueryParams(connection, session_text, 0, NULL, NULL, NULL, NULL, 0))
		session = postgres_wait(connection, ANSWER_MS);
	if (PQresultStatus(session) != PGRES_TUPLES_OK)
		return postgres_error(connection, session, failure);
	if (strcmp(PQgetvalue(session, 0, 0), "t") != 0)
		return failure_set(failure, E_POSTGRES_CONFIG,
			"DATABASE_URL's login is no member of " WORKER_ROLE ": grant " WORKER_ROLE
			" to it");
	if (PQsendPrepare(connection, STATEMENT_NAME, upsert_sql, 0, NULL))
		prepared = postgres_wait(connection, ANSWER_MS);
	if (PQresultStatus(prepared) != PGRES_COMMAND_OK)
		return postgres_error(connection, prepared, failure);
	return OK;
}

enum error upsert_open(
	const char *url, const char *name, struct upsert **ret_upsert, struct failure *failure)
{
	PGconn *connection = NULL;
	enum error error =
		postgres_connect(url, name, WORKER_ROLE, STATEMENT_MS, &connection, failure);
	if (error)
		return error;
	error = set_up(connection, failure);
	if (!error && PQsetnonblocking(connection, 1) != 0)
		error = failure_set(failure, E_POSTGRES_AWAY, "libpq gives no non-blocking mode");
	if (error) {
		PQfinish(connection);
		return error;
	}
	*ret_upsert = memory_zeroed(1, sizeof(**ret_upsert));
	(*ret_upsert)->connection = connection;
	return OK;
}

void upsert_close(struct upsert *upsert)
{
	if (!upsert)
		return;
	PQfinish(upsert->connection);
	for (size_t i = 0; i < PARAMETER_COUNT; i++)
		buf_fini(&upsert->arrays[i]);
	free(upsert);
}

static struct span uuid_span(const struct uuid *uuid)
{
	return span_from((const char *)uuid->bytes, sizeof(uuid->bytes));
}

static void add_row(struct buf arrays[static PARAMETER_COUNT], const struct batch_row *row)
{
	const struct contact *newest = &row->newest->contact;
	array_add(&arrays[OLDEST_IDS], uuid_span(&row->oldest->id));
	array_add(&arrays[BUSINESS_IDS], uuid_span(&row->newest->business_id));
	array_add(&arrays[EMAILS], newest->email);
	array_add(&arrays[NAMES], newest->name);
	array_add(&arrays[EVENT_IDS], uuid_span(&row->newest->id));
	array_add(&arrays[PHONES], row->phone ? row->phone->contact.phone : SPAN_NONE);
	array_add(&arrays[PHONE_EVENT_IDS], row->phone ? uuid_span(&row->phone->id) : SPAN_NONE);
}

/* False: libpq could not take it. */
static bool send_rows(struct upsert *upsert, const struct batch_row *rows, size_t count)
{
	const char *values[PARAMETER_COUNT];
	int lengths[PARAMETER_COUNT];
	int formats[PARAMETER_COUNT];
	for (size_t i = 0; i < PARAMETER_COUNT; i++)
		array_begin(&upsert->arrays[i], parameter_types[i], count);
	for (size_t i = 0; i < count; i++)
		add_row(upsert->arrays, &rows[i]);
	for (size_t i = 0; i < PARAMETER_COUNT; i++) {
		values[i] = upsert->arrays[i].base;
		lengths[i] = (int)upsert->arrays[i].len;
		formats[i] = 1;
	}
	return PQsendQueryPrepared(upsert->connection, STATEMENT_NAME, PARAMETER_COUNT, values,
		       lengths, formats, 1) == 1;
}

/*
 * (business_id, email) is what the statement arbitrates by, so this is a contact's id: its address is
 * being changed by hand while its own first event comes again. The next try sees where it went.
 */
static bool is_id_taken(const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	return state && strcmp(state, "23505") == 0;
}

enum error upsert_rows(struct upsert *upsert, const struct batch_row *rows, size_t count,
	int stop_fd, struct batch_outcome *ret_outcome, struct failure *failure)
{
	POSTGRES_RESULT PGresult *result = NULL;
	if (send_rows(upsert, rows, count))
		result = postgres_wait_unless(upsert->connection, ANSWER_MS, stop_fd);
	if (is_id_taken(result))
		return failure_set(failure, E_POSTGRES_CONTENTION,
			"SQLSTATE 23505: the id of a contact whose address is being changed");
	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		return postgres_error(upsert->connection, result, failure);
	*ret_outcome = (struct batch_outcome){
		.inserted = (size_t)postgres_get_int(result, 0, 0),
		.updated = (size_t)postgres_get_int(result, 0, 1),
	};
	return OK;
}
