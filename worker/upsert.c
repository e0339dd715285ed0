/* SPDX-License-Identifier: Apache-2.0 */
/* upsert - one connection to Postgres and the one statement that applies rows to contacts. */
#include "worker/upsert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/log.h"
#include "shared/memory.h"
#include "shared/postgres.h"
#include "shared/sqlstate.h"
#include "worker/array.h"
#include "worker/upsert_sql.h"

#define STATEMENT_NAME "intake_upsert"
#define WORKER_ROLE "intake_worker"
#define SAVEPOINT "intake_rows"

enum {
	LOCK_SHARE = 16, /* of a statement's time is what it may wait for one lock (55P03) */
	NUMBER_BYTES = 16,
	DECIMAL = 10,
};

/* One array each, and LOOK_FIRST behind them; upsert.sql says what is in them. */
enum parameter {
	OLDEST_IDS,
	BUSINESS_IDS,
	EMAILS,
	NAMES,
	EVENT_IDS,
	PHONES,
	PHONE_EVENT_IDS,
	ARRAY_COUNT,
	LOOK_FIRST = ARRAY_COUNT,
	PARAMETER_COUNT
};

static const enum array_type parameter_types[ARRAY_COUNT] = {
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
	" then set_config('synchronous_commit', 'on', false) end,"
	" set_config('lock_timeout', $1, false),"
	/* The plan is made once, perhaps on an empty table: as if it were large. */
	" set_config('enable_seqscan', 'off', false)";

/* A pooler may have given the session back to somebody; and who has turned fsync off should know. */
static const char durable_text[] =
	"select current_setting('synchronous_commit') in ('on', 'remote_apply'),"
	" current_setting('fsync') = 'on'";

/* What a constraint of the table is to us: "business", "id", or another that somebody has added. */
static const char constraint_text[] =
	"select case"
	" when contype = 'f' and confrelid = to_regclass('public.businesses') then 'business'"
	" when contype = 'p' then 'id' else 'other' end"
	" from pg_constraint where conrelid = to_regclass('public.contacts') and conname = $1";

struct upsert {
	PGconn *connection; /* owned */
	struct upsert_options options;
	int64_t answer_ms; /* nothing came: the connection is dead */
	struct buf arrays[ARRAY_COUNT];
	/*
	 * Whether rows are looked at before they are written. Events that were applied then cost no lock and
	 * no WAL (4-5 us of the backend's time instead of 7), all others 2-3 us more of 16. They come in
	 * runs, after a crash or a replay: what most rows of a statement were decides for the next.
	 */
	bool look_first;
	bool in_transaction;
	int lock_wait_ms; /* what lock_timeout is */
};

static enum error check_durable(struct upsert *upsert, struct failure *failure)
{
	POSTGRES_RESULT PGresult *durable = NULL;
	if (PQsendQueryParams(upsert->connection, durable_text, 0, NULL, NULL, NULL, NULL, 0))
		durable = postgres_wait(upsert->connection, upsert->answer_ms);
	if (PQresultStatus(durable) != PGRES_TUPLES_OK)
		return postgres_error(upsert->connection, durable, failure);
	if (strcmp(PQgetvalue(durable, 0, 0), "t") != 0)
		return failure_set(failure, E_POSTGRES_CONFIG,
			"synchronous_commit does not stay on for this session, so a commit may be "
			"lost: is there a pooler in transaction mode between?");
	if (strcmp(PQgetvalue(durable, 0, 1), "t") != 0)
		log_warn("postgres.not_durable", log_text("connection", upsert->options.name),
			log_text("reason", "fsync is off: when the server's machine fails, rows "
					   "are lost that Kafka was told are kept"));
	return OK;
}

static enum error set_up(struct upsert *upsert, struct failure *failure)
{
	PGconn *connection = upsert->connection;
	POSTGRES_RESULT PGresult *session = NULL;
	POSTGRES_RESULT PGresult *prepared = NULL;
	char lock_ms[NUMBER_BYTES];
	const char *values[] = {lock_ms};
	upsert->lock_wait_ms = upsert->options.timeout_ms / LOCK_SHARE;
	(void)snprintf(lock_ms, sizeof(lock_ms), "%d", upsert->lock_wait_ms);
	if (PQsendQueryParams(connection, session_text, 1, NULL, values, NULL, NULL, 0))
		session = postgres_wait(connection, upsert->answer_ms);
	if (PQresultStatus(session) != PGRES_TUPLES_OK)
		return postgres_error(connection, session, failure);
	if (strcmp(PQgetvalue(session, 0, 0), "t") != 0)
		return failure_set(failure, E_POSTGRES_CONFIG,
			"DATABASE_URL's login is no member of " WORKER_ROLE ": grant " WORKER_ROLE
			" to it");
	enum error error = check_durable(upsert, failure);
	if (error)
		return error;
	if (PQsendPrepare(connection, STATEMENT_NAME, upsert_sql, 0, NULL))
		prepared = postgres_wait(connection, upsert->answer_ms);
	if (PQresultStatus(prepared) != PGRES_COMMAND_OK)
		return postgres_error(connection, prepared, failure);
	if (PQsetnonblocking(connection, 1) != 0)
		return failure_set(failure, E_POSTGRES_AWAY, "libpq gives no non-blocking mode");
	return OK;
}

enum error upsert_open(
	const struct upsert_options *options, struct upsert **ret_upsert, struct failure *failure)
{
	PGconn *connection = NULL;
	enum error error = postgres_connect(options->url, options->name, WORKER_ROLE,
		options->timeout_ms, &connection, failure);
	if (error)
		return error;
	struct upsert *upsert = memory_zeroed(1, sizeof(*upsert));
	upsert->connection = connection;
	upsert->look_first = true; /* what was read before the connection broke may be applied */
	upsert->options = *options;
	upsert->answer_ms = options->timeout_ms + UPSERT_GRACE_MS;
	error = set_up(upsert, failure);
	if (error)
		upsert_close(upsert);
	else
		*ret_upsert = upsert;
	return error;
}

void upsert_close(struct upsert *upsert)
{
	if (!upsert)
		return;
	PQfinish(upsert->connection);
	for (size_t i = 0; i < ARRAY_COUNT; i++)
		buf_fini(&upsert->arrays[i]);
	free(upsert);
}

static struct span uuid_span(const struct uuid *uuid)
{
	return span_from((const char *)uuid->bytes, sizeof(uuid->bytes));
}

static void add_row(struct buf arrays[static ARRAY_COUNT], const struct batch_row *row)
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

static void fill_arrays(struct upsert *upsert, const struct batch_row *rows, size_t count)
{
	for (size_t i = 0; i < ARRAY_COUNT; i++)
		array_begin(&upsert->arrays[i], parameter_types[i], count);
	for (size_t i = 0; i < count; i++)
		add_row(upsert->arrays, &rows[i]);
}

static bool send_rows(
	struct upsert *upsert, const struct batch_row *rows, size_t count, bool is_looked_first)
{
	const char *values[PARAMETER_COUNT];
	int lengths[PARAMETER_COUNT];
	int formats[PARAMETER_COUNT];
	const char look_first = (char)is_looked_first;
	fill_arrays(upsert, rows, count);
	for (size_t i = 0; i < PARAMETER_COUNT; i++) {
		values[i] = i == LOOK_FIRST ? &look_first : upsert->arrays[i].base;
		lengths[i] = i == LOOK_FIRST ? 1 : (int)upsert->arrays[i].len;
		formats[i] = 1;
	}
	return PQsendQueryPrepared(upsert->connection, STATEMENT_NAME, PARAMETER_COUNT, values,
		       lengths, formats, 1) == 1;
}

/*
 * Contacts of which all are taken to be new, and no deletion is newer than their oldest event. Where that is
 * not so, it fails (23505, 22012), and nothing was looked up for it.
 */
static const char insert_text[] =
	"insert into public.contacts (id, business_id, email, name, name_event_id, phone,"
	" phone_event_id, status, status_event_id)"
	" select unnest($1::uuid[]), unnest($2::uuid[]), unnest($3::text[]), unnest($4::text[]),"
	" unnest($5::uuid[]), unnest($6::text[]), unnest($7::uuid[]), 'active', unnest($5::uuid[])"
	" where 1 / (not coalesce((select d.event_id from intake.deletions d"
	" order by d.event_id desc limit 1)"
	" > (select i.id from unnest($1::uuid[]) as i (id) order by i.id limit 1), false))::int = "
	"1";

bool upsert_send_new(struct upsert *upsert, const struct batch_row *rows, size_t count)
{
	const char *values[ARRAY_COUNT];
	int lengths[ARRAY_COUNT];
	int formats[ARRAY_COUNT];
	fill_arrays(upsert, rows, count);
	for (size_t i = 0; i < ARRAY_COUNT; i++) {
		values[i] = upsert->arrays[i].base;
		lengths[i] = (int)upsert->arrays[i].len;
		formats[i] = 1;
	}
	return PQsendQueryParams(upsert->connection, insert_text, ARRAY_COUNT, NULL, values,
		       lengths, formats, 0) == 1;
}

PGconn *upsert_connection(struct upsert *upsert)
{
	return upsert->connection;
}

bool upsert_send_rows(struct upsert *upsert, const struct batch_row *rows, size_t count)
{
	return send_rows(upsert, rows, count, false);
}

/* Takes: result - one that a constraint has refused. Returned owned: one row at most; NULL: no answer. */
static PGresult *ask_constraint(struct upsert *upsert, const PGresult *result)
{
	const char *values[] = {PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME)};
	if (!PQsendQueryParams(upsert->connection, constraint_text, 1, NULL, values, NULL, NULL, 0))
		return NULL;
	return postgres_wait_unless(upsert->connection, upsert->answer_ms, upsert->options.stop_fd);
}

/*
 * Two constraints mean something of their own; what an operator has added is data.
 *
 * (business_id, email) is what the statement arbitrates by, so a key that is there twice is a contact's
 * id: its address is being changed by hand while its own first event comes again. The next try sees
 * where it went. Or two contacts were given one event id, by another producer (session.c).
 */
static enum error explain_constraint(
	struct upsert *upsert, const PGresult *result, struct failure *failure)
{
	POSTGRES_RESULT PGresult *kind = ask_constraint(upsert, result);
	if (PQresultStatus(kind) != PGRES_TUPLES_OK)
		return postgres_error(upsert->connection, kind, failure);
	enum error error = E_POSTGRES_DATA;
	const char *name = PQntuples(kind) ? PQgetvalue(kind, 0, 0) : "";
	if (strcmp(name, "business") == 0)
		error = E_BUSINESS_GONE;
	else if (strcmp(name, "id") == 0)
		error = E_POSTGRES_CONTENTION;
	failure->error = error;
	return error;
}

static bool has_state(const PGresult *result, const char *wanted)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	return state && strcmp(state, wanted) == 0;
}

enum error upsert_command(struct upsert *upsert, const char *sql, const char *const *values,
	int count, int64_t *ret_changed, struct failure *failure)
{
	POSTGRES_RESULT PGresult *result = NULL;
	if (PQsendQueryParams(upsert->connection, sql, count, NULL, values, NULL, NULL, 0))
		result = postgres_wait_unless(
			upsert->connection, upsert->answer_ms, upsert->options.stop_fd);
	ExecStatusType status = PQresultStatus(result);
	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
		return postgres_error(upsert->connection, result, failure);
	if (ret_changed)
		*ret_changed = strtoll(PQcmdTuples(result), NULL, DECIMAL);
	return OK;
}

enum error upsert_set_lock_wait(struct upsert *upsert, int wait_ms, struct failure *failure)
{
	char text[NUMBER_BYTES];
	const char *values[] = {text};
	int wanted_ms = wait_ms ? wait_ms : upsert->options.timeout_ms / LOCK_SHARE;
	if (wanted_ms == upsert->lock_wait_ms)
		return OK;
	(void)snprintf(text, sizeof(text), "%d", wanted_ms);
	enum error error = upsert_command(
		upsert, "select set_config('lock_timeout', $1, false)", values, 1, NULL, failure);
	if (!error)
		upsert->lock_wait_ms = wanted_ms;
	return error;
}

bool upsert_is_open(struct upsert *upsert)
{
	return PQconsumeInput(upsert->connection) && PQstatus(upsert->connection) == CONNECTION_OK;
}

enum error upsert_begin(struct upsert *upsert, struct failure *failure)
{
	enum error error = upsert_command(upsert, "begin", NULL, 0, NULL, failure);
	upsert->in_transaction = !error;
	return error;
}

void upsert_rollback(struct upsert *upsert)
{
	struct failure failure;
	upsert->in_transaction = false;
	/* Where it fails, the connection is broken, and the server does it. */
	(void)!upsert_command(upsert, "rollback", NULL, 0, NULL, &failure);
}

static enum error explain(struct upsert *upsert, const PGresult *result, struct failure *failure)
{
	enum error error = postgres_error(upsert->connection, result, failure);
	struct failure undo;
	if (upsert->in_transaction && error != E_POSTGRES_AWAY &&
		upsert_command(upsert, "rollback to savepoint " SAVEPOINT, NULL, 0, NULL, &undo)) {
		*failure = undo;
		return undo.error;
	}
	if (has_state(result, SQLSTATE_FOREIGN_KEY) || has_state(result, SQLSTATE_UNIQUE))
		return explain_constraint(upsert, result, failure);
	return error;
}

enum error upsert_rows(struct upsert *upsert, const struct batch_row *rows, size_t count,
	struct batch_outcome *ret_outcome, struct failure *failure)
{
	POSTGRES_RESULT PGresult *result = NULL;
	if (upsert->in_transaction &&
		upsert_command(upsert, "savepoint " SAVEPOINT, NULL, 0, NULL, failure))
		return failure->error;
	if (send_rows(upsert, rows, count, upsert->look_first))
		result = postgres_wait_unless(
			upsert->connection, upsert->answer_ms, upsert->options.stop_fd);
	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		return explain(upsert, result, failure);
	*ret_outcome = (struct batch_outcome){
		.inserted = (size_t)postgres_get_int(result, 0, 0),
		.updated = (size_t)postgres_get_int(result, 0, 1),
	};
	upsert->look_first = 2 * (ret_outcome->inserted + ret_outcome->updated) < count;
	return OK;
}
