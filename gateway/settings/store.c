/* SPDX-License-Identifier: Apache-2.0 */
/* store - what the settings page asks of Postgres, over one connection. */
#include "gateway/settings/store.h"

#include <stdlib.h>
#include <string.h>

#include "shared/ensure.h"
#include "shared/memory.h"
#include "shared/postgres.h"

enum { PARAMETERS_MOST = 8 };

struct store {
	const char *url;
	PGconn *connection; /* NULL: not open */
};

/* Of one statement, in binary. */
struct parameters {
	int count;
	const char *values[PARAMETERS_MOST];
	int lengths[PARAMETERS_MOST];
	char numbers[PARAMETERS_MOST][8]; /* what values of numbers point to */
};

/* ---- parameters */

static void add_bytes(struct parameters *parameters, const void *value, size_t len)
{
	ensure(parameters->count < PARAMETERS_MOST);
	parameters->values[parameters->count] = value;
	parameters->lengths[parameters->count++] = (int)len;
}

/* Takes: digest - NULL: null. */
static void add_digest(struct parameters *parameters, const struct token_digest *digest)
{
	add_bytes(parameters, digest ? digest->bytes : NULL, sizeof(digest->bytes));
}

static void add_uuid(struct parameters *parameters, const struct uuid *uuid)
{
	add_bytes(parameters, uuid ? uuid->bytes : NULL, sizeof(uuid->bytes));
}

/* Takes: text - base NULL: null. */
static void add_text(struct parameters *parameters, struct span text)
{
	add_bytes(parameters, text.base, text.len);
}

static void add_int32(struct parameters *parameters, int64_t value)
{
	char *number = parameters->numbers[parameters->count];
	postgres_put_int32(number, (int32_t)value);
	add_bytes(parameters, number, 4);
}

static void add_int64(struct parameters *parameters, int64_t value)
{
	char *number = parameters->numbers[parameters->count];
	postgres_put_int64(number, value);
	add_bytes(parameters, number, 8);
}

static void add_null(struct parameters *parameters)
{
	add_bytes(parameters, NULL, 0);
}

/* ---- the connection */

struct store *store_new(const char *url)
{
	struct store *store = memory_zeroed(1, sizeof(*store));
	store->url = url;
	return store;
}

static void close_store(struct store *store)
{
	PQfinish(store->connection);
	store->connection = NULL;
}

void store_free(struct store *store)
{
	if (store)
		close_store(store);
	free(store);
}

/* A server that went away meanwhile has closed its end: that is seen without asking it. */
static bool seems_well(struct store *store)
{
	return store->connection && PQconsumeInput(store->connection) &&
	       PQstatus(store->connection) == CONNECTION_OK;
}

enum error store_open(struct store *store, struct failure *failure)
{
	if (seems_well(store))
		return OK;
	close_store(store);
	return postgres_connect(store->url, "intake-gateway settings", "intake_gateway",
		STORE_WAIT_MS, &store->connection, failure);
}

/* Returns: OK, ret_result owned, in binary. */
static enum error run(struct store *store, const char *sql, const struct parameters *parameters,
	PGresult **ret_result, struct failure *failure)
{
	static const int binary[PARAMETERS_MOST] = {1, 1, 1, 1, 1, 1, 1, 1};
	PGresult *result = NULL;
	if (!store->connection)
		return failure_set(failure, E_POSTGRES_AWAY, "the connection was lost");
	if (PQsendQueryParams(store->connection, sql, parameters->count, NULL, parameters->values,
		    parameters->lengths, binary, 1))
		result = postgres_wait(store->connection, STORE_WAIT_MS);
	if (PQresultStatus(result) == PGRES_TUPLES_OK) {
		*ret_result = result;
		return OK;
	}
	enum error error = postgres_error(store->connection, result, failure);
	PQclear(result);
	close_store(store);
	return error;
}

/* ---- results */

static struct span get_text(const PGresult *result, int column, struct arena *arena)
{
	if (PQgetisnull(result, 0, column))
		return SPAN_NONE;
	return arena_copy(arena,
		span_from(PQgetvalue(result, 0, column), (size_t)PQgetlength(result, 0, column)));
}

static int64_t get_int(const PGresult *result, int column, int64_t otherwise)
{
	return PQgetisnull(result, 0, column) ? otherwise : postgres_get_int(result, 0, column);
}

static bool get_bool(const PGresult *result, int column)
{
	return !PQgetisnull(result, 0, column) && *PQgetvalue(result, 0, column) == 1;
}

static enum store_answer answer_of(struct span word)
{
	static const struct {
		struct span word;
		enum store_answer answer;
	} words[] = {
		{SPAN("done"), STORE_DONE},
		{SPAN("opened"), STORE_DONE},
		{SPAN("signed_out"), STORE_SIGNED_OUT},
		{SPAN("stale"), STORE_STALE},
		{SPAN("too_many"), STORE_TOO_MANY},
		{SPAN("used"), STORE_USED},
		{SPAN("expired"), STORE_EXPIRED},
	};
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (span_equal(word, words[i].word))
			return words[i].answer;
	}
	return STORE_UNKNOWN;
}

/* A function that says one word. */
static enum error run_for_answer(struct store *store, const char *sql,
	const struct parameters *parameters, enum store_answer *ret_answer, struct failure *failure)
{
	POSTGRES_RESULT PGresult *result = NULL;
	enum error error = run(store, sql, parameters, &result, failure);
	if (error)
		return error;
	*ret_answer =
		answer_of(span_from(PQgetvalue(result, 0, 0), (size_t)PQgetlength(result, 0, 0)));
	return OK;
}

/* A function whose result does not matter. */
static enum error run_only(struct store *store, const char *sql,
	const struct parameters *parameters, struct failure *failure)
{
	POSTGRES_RESULT PGresult *result = NULL;
	return run(store, sql, parameters, &result, failure);
}

/* ---- sessions */

enum error store_sign_in_by_link(struct store *store, const struct token_digest *link,
	const struct token_digest *session, const struct token_digest *former, struct span peer,
	enum store_answer *ret_answer, struct failure *failure)
{
	struct parameters parameters = {0};
	add_digest(&parameters, link);
	add_digest(&parameters, session);
	add_digest(&parameters, former);
	add_text(&parameters, peer);
	return run_for_answer(store,
		"select intake.sign_in_by_link($1::bytea, $2::bytea, $3::bytea, $4::text)",
		&parameters, ret_answer, failure);
}

enum error store_sign_in_as_user(struct store *store, const struct uuid *user_id,
	const struct token_digest *session, const struct token_digest *former, struct span peer,
	enum store_answer *ret_answer, struct failure *failure)
{
	struct parameters parameters = {0};
	add_uuid(&parameters, user_id);
	add_digest(&parameters, session);
	add_digest(&parameters, former);
	add_text(&parameters, peer);
	return run_for_answer(store,
		"select intake.sign_in_as_user($1::uuid, $2::bytea, $3::bytea, $4::text)",
		&parameters, ret_answer, failure);
}

enum error store_sign_out(
	struct store *store, const struct token_digest *session, struct failure *failure)
{
	struct parameters parameters = {0};
	add_digest(&parameters, session);
	return run_only(store, "select intake.sign_out($1::bytea)", &parameters, failure);
}

enum {
	STATE_TURN,
	STATE_BUSINESS,
	STATE_NAME,
	STATE_SEVERAL,
	STATE_HASH,
	STATE_LIMIT,
	STATE_DIGEST,
	STATE_PREFIX,
	STATE_CREATED,
	STATE_USED,
	STATE_OLD_PREFIX,
	STATE_OLD_USED,
	STATE_OLD_ENDS
};

static void read_state(const PGresult *result, struct arena *arena, struct store_state *state)
{
	*state = (struct store_state){
		.turn = (int)postgres_get_int(result, 0, STATE_TURN),
		.has_business = !PQgetisnull(result, 0, STATE_BUSINESS),
	};
	if (!state->has_business)
		return;
	state->business_id = postgres_get_uuid(result, 0, STATE_BUSINESS);
	state->name = get_text(result, STATE_NAME, arena);
	state->several = get_bool(result, STATE_SEVERAL);
	state->has_hash = get_bool(result, STATE_HASH);
	state->requests_per_minute = get_int(result, STATE_LIMIT, 0);
	if (PQgetlength(result, 0, STATE_DIGEST) == sizeof(state->digest.bytes))
		memcpy(state->digest.bytes, PQgetvalue(result, 0, STATE_DIGEST),
			sizeof(state->digest.bytes));
	state->key = (struct store_key){
		.prefix = get_text(result, STATE_PREFIX, arena),
		.created_ms = get_int(result, STATE_CREATED, 0),
		.used_ms = get_int(result, STATE_USED, 0),
	};
	state->old_key = (struct store_key){
		.prefix = get_text(result, STATE_OLD_PREFIX, arena),
		.used_ms = get_int(result, STATE_OLD_USED, 0),
		.ends_ms = get_int(result, STATE_OLD_ENDS, 0),
	};
}

#define MS_OF(column) "(extract(epoch from " column ") * 1000)::bigint"

enum error store_state(struct store *store, const struct token_digest *session, struct arena *arena,
	struct store_state *ret_state, enum store_answer *ret_answer, struct failure *failure)
{
	static const char sql[] =
		"select turn, business_id, left(name, 200), several, has_hash, "
		"requests_per_minute, "
		"key_digest, key_prefix, " MS_OF("key_created_at") ", " MS_OF(
			"key_used_at") ","
				       " old_prefix, " MS_OF("old_used_at") ", " MS_OF(
					       "old_ends_at") " from "
							      "intake.settings_state($1::bytea)";
	struct parameters parameters = {0};
	POSTGRES_RESULT PGresult *result = NULL;
	add_digest(&parameters, session);
	enum error error = run(store, sql, &parameters, &result, failure);
	if (error)
		return error;
	*ret_answer = PQntuples(result) ? STORE_DONE : STORE_SIGNED_OUT;
	if (PQntuples(result))
		read_state(result, arena, ret_state);
	return OK;
}

enum error store_businesses(struct store *store, const struct token_digest *session,
	struct arena *arena, struct store_business **ret_businesses, size_t *ret_count,
	struct failure *failure)
{
	struct parameters parameters = {0};
	POSTGRES_RESULT PGresult *result = NULL;
	add_digest(&parameters, session);
	enum error error =
		run(store, "select id, left(name, 200) from intake.session_businesses($1::bytea)",
			&parameters, &result, failure);
	if (error)
		return error;
	size_t count = (size_t)PQntuples(result);
	if (count > STORE_BUSINESSES_MOST)
		count = STORE_BUSINESSES_MOST;
	struct store_business *businesses = arena_alloc(arena, (count + 1) * sizeof(*businesses));
	for (size_t i = 0; i < count; i++) {
		int row = (int)i;
		businesses[i].id = postgres_get_uuid(result, row, 0);
		businesses[i].name = arena_copy(arena,
			span_from(PQgetvalue(result, row, 1), (size_t)PQgetlength(result, row, 1)));
	}
	*ret_businesses = businesses;
	*ret_count = count;
	return OK;
}

enum error store_choose(struct store *store, const struct token_digest *session,
	const struct uuid *business_id, struct span peer, enum store_answer *ret_answer,
	struct failure *failure)
{
	struct parameters parameters = {0};
	add_digest(&parameters, session);
	add_uuid(&parameters, business_id);
	add_text(&parameters, peer);
	return run_for_answer(store,
		"select case when intake.choose_business($1::bytea, $2::uuid, $3::text)"
		" then 'done' else 'unknown' end",
		&parameters, ret_answer, failure);
}

/* ---- keys */

enum error store_set_key(struct store *store, const struct token_digest *session, int turn,
	const struct store_new_key *key, struct span peer, enum store_answer *ret_answer,
	struct failure *failure)
{
	struct parameters parameters = {0};
	add_digest(&parameters, session);
	add_int32(&parameters, turn);
	add_text(&parameters, span_from(key->stored, API_KEY_STORED_LEN));
	add_bytes(&parameters, key->digest.bytes, sizeof(key->digest.bytes));
	add_text(&parameters, key->prefix);
	if (key->keep_old_s > 0)
		add_int64(&parameters, key->keep_old_s);
	else
		add_null(&parameters);
	add_text(&parameters, peer);
	return run_for_answer(store,
		"select intake.settings_set_key($1::bytea, $2::int, $3::text, $4::bytea, $5::text,"
		" $6::bigint * interval '1 second', $7::text)",
		&parameters, ret_answer, failure);
}

enum error store_end_old_key(struct store *store, const struct token_digest *session, int turn,
	struct span peer, enum store_answer *ret_answer, struct failure *failure)
{
	struct parameters parameters = {0};
	add_digest(&parameters, session);
	add_int32(&parameters, turn);
	add_text(&parameters, peer);
	return run_for_answer(store,
		"select intake.settings_end_old_key($1::bytea, $2::int, $3::text)", &parameters,
		ret_answer, failure);
}

/* ---- test requests */

enum error store_begin_test(struct store *store, const struct token_digest *session,
	const struct uuid *id, enum store_answer *ret_answer, struct failure *failure)
{
	struct parameters parameters = {0};
	add_digest(&parameters, session);
	add_uuid(&parameters, id);
	return run_for_answer(store, "select intake.begin_test($1::bytea, $2::uuid)", &parameters,
		ret_answer, failure);
}

enum error store_note_test(struct store *store, const struct uuid *id,
	const struct store_test *test, struct failure *failure)
{
	struct parameters parameters = {0};
	add_uuid(&parameters, id);
	add_uuid(&parameters, test->has_event ? &test->event_id : NULL);
	if (test->partition >= 0)
		add_int32(&parameters, test->partition);
	else
		add_null(&parameters);
	if (test->partition >= 0)
		add_int64(&parameters, test->offset);
	else
		add_null(&parameters);
	add_text(&parameters, test->problem);
	return run_only(store,
		"select intake.note_test($1::uuid, $2::uuid, $3::int, $4::bigint, $5::text)",
		&parameters, failure);
}

enum error store_look_at_test(struct store *store, const struct token_digest *session,
	const struct uuid *id, struct arena *arena, struct store_test *ret_test,
	struct failure *failure)
{
	static const char sql[] =
		"select problem, event_id, kafka_partition, kafka_offset, waited_ms, applied_ms,"
		" removed from intake.look_at_test($1::bytea, $2::uuid)";
	struct parameters parameters = {0};
	POSTGRES_RESULT PGresult *result = NULL;
	add_digest(&parameters, session);
	add_uuid(&parameters, id);
	*ret_test = (struct store_test){.found = false};
	enum error error = run(store, sql, &parameters, &result, failure);
	if (error || PQntuples(result) == 0)
		return error;
	*ret_test = (struct store_test){
		.found = true,
		.problem = get_text(result, 0, arena),
		.has_event = !PQgetisnull(result, 0, 1),
		.partition = get_int(result, 2, -1),
		.offset = get_int(result, 3, -1),
		.waited_ms = get_int(result, 4, 0),
		.applied_ms = get_int(result, 5, -1),
		.removed = get_bool(result, 6),
	};
	if (ret_test->has_event)
		ret_test->event_id = postgres_get_uuid(result, 0, 1);
	return OK;
}

enum error store_sweep(
	struct store *store, int64_t audit_days, int64_t *ret_dropped, struct failure *failure)
{
	struct parameters parameters = {0};
	POSTGRES_RESULT PGresult *result = NULL;
	add_int32(&parameters, audit_days);
	enum error error = run(store,
		"select intake.sweep_audit($1::int), intake.settings_sweep(), intake.sweep_tests()",
		&parameters, &result, failure);
	if (!error)
		*ret_dropped = get_int(result, 0, 0);
	return error;
}
