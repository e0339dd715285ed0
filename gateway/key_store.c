/* SPDX-License-Identifier: Apache-2.0 */
/* key_store - what is asked of Postgres about keys, over one connection. */
#include "gateway/key_store.h"

#include <sodium.h>
#include <stdlib.h>

#include "shared/ensure.h"
#include "shared/memory.h"
#include "shared/postgres.h"

enum {
	BACKOFF_LEAST_MS = 100,
	BACKOFF_MOST_MS = 5000,
	DIGEST_BYTES = sizeof(struct api_key_digest),
	ARRAY_HEAD_BYTES = 5 * 4,
	ARRAY_BYTES = ARRAY_HEAD_BYTES + KEY_STORE_BATCH_MOST * (4 + DIGEST_BYTES),
};

enum statement { FIND, MARK_USED, LOAD_LEGACY, REMEMBER, NOTIFY, STATEMENT_COUNT };

static const struct {
	const char *name;
	const char *sql;
} statements[STATEMENT_COUNT] = {
	[FIND] = {"find", "select k.digest, k.business_id, l.requests_per_minute,"
			  " (extract(epoch from k.expires_at) * 1000)::bigint,"
			  " k.last_used_at is null or k.last_used_at < now() - interval '1 minute'"
			  " from intake.api_keys k"
			  " left join intake.limits l on l.business_id = k.business_id"
			  " where k.digest = any ($1::bytea[])"
			  " and (k.expires_at is null or k.expires_at > now())"},
	/* Gateways may mark the same keys at once: none waits for another, so none deadlocks. */
	[MARK_USED] = {"mark_used", "update intake.api_keys k set last_used_at = now()"
				    " from (select digest from intake.api_keys"
				    "  where digest = any ($1::bytea[])"
				    "  for no key update skip locked) free"
				    " where k.digest = free.digest"},
	[LOAD_LEGACY] = {"load_legacy",
		"select b.id, b.api_key_hash, l.requests_per_minute, count(*) over ()"
		" from public.businesses b"
		" left join intake.limits l on l.business_id = b.id"
		" where b.api_key_hash is not null"
		" and not exists (select from intake.api_keys k where k.business_id = b.id)"
		" order by b.created_at desc, b.id limit $1::bigint"},
	[REMEMBER] = {"remember",
		"select intake.remember_digest($1::uuid, $2::text, $3::bytea, $4::text)"},
	[NOTIFY] = {"notify", "select pg_notify($1::text, $2::text)"},
};

struct key_store {
	const char *url;
	const char *name;
	PGconn *connection; /* NULL: not open */
	bool unprepared;    /* a pooler between may hand a statement to another session */
};

/* Parameters of one statement, in binary. */
struct parameters {
	int count;
	const char *values[4];
	int lengths[4];
};

static void parameters_add(struct parameters *parameters, const void *value, size_t len)
{
	ensure(parameters->count < 4);
	parameters->values[parameters->count] = value;
	parameters->lengths[parameters->count++] = (int)len;
}

struct key_store *key_store_new(const char *url, const char *name)
{
	struct key_store *store = memory_zeroed(1, sizeof(*store));
	store->url = url;
	store->name = name;
	return store;
}

void key_store_close(struct key_store *store)
{
	PQfinish(store->connection);
	store->connection = NULL;
}

void key_store_free(struct key_store *store)
{
	if (store)
		key_store_close(store);
	free(store);
}

bool key_store_is_open(const struct key_store *store)
{
	return store->connection;
}

/* Takes `result`. Closes the connection unless the result is a good one, which is returned. */
static enum error check(
	struct key_store *store, PGresult *result, PGresult **ret_result, struct failure *failure)
{
	ExecStatusType status = PQresultStatus(result);
	if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
		*ret_result = result;
		return OK;
	}
	enum error error = postgres_error(store->connection, result, failure);
	PQclear(result);
	key_store_close(store);
	return error;
}

/* Returns: OK, ret_result owned. */
static enum error run(struct key_store *store, enum statement statement,
	const struct parameters *parameters, PGresult **ret_result, struct failure *failure)
{
	static const int binary[4] = {1, 1, 1, 1};
	PGresult *result = NULL;
	int sent;
	ensure(store->connection);
	if (store->unprepared)
		sent = PQsendQueryParams(store->connection, statements[statement].sql,
			parameters->count, NULL, parameters->values, parameters->lengths, binary,
			1);
	else
		sent = PQsendQueryPrepared(store->connection, statements[statement].name,
			parameters->count, parameters->values, parameters->lengths, binary, 1);
	if (sent)
		result = postgres_wait(store->connection,
			statement == LOAD_LEGACY ? KEY_STORE_LOAD_WAIT_MS : KEY_STORE_WAIT_MS);
	enum error error = check(store, result, ret_result, failure);
	/* Refused, maybe because it was prepared in another session: the next time does without. */
	store->unprepared = store->unprepared || error == E_POSTGRES_CONFIG;
	return error;
}

static enum error prepare(
	struct key_store *store, enum statement statement, struct failure *failure)
{
	POSTGRES_RESULT PGresult *done = NULL;
	PGresult *result = NULL;
	if (PQsendPrepare(store->connection, statements[statement].name, statements[statement].sql,
		    0, NULL))
		result = postgres_wait(store->connection, KEY_STORE_WAIT_MS);
	return check(store, result, &done, failure);
}

static enum error connect_once(struct key_store *store, struct failure *failure)
{
	enum error error = postgres_connect(store->url, store->name, "intake_gateway",
		KEY_STORE_WAIT_MS, &store->connection, failure);
	for (int i = 0; !error && !store->unprepared && i < STATEMENT_COUNT; i++)
		error = prepare(store, (enum statement)i, failure);
	if (error)
		return error;
	/* Rights are checked when a statement runs. */
	return key_store_find(store, NULL, 0, failure);
}

enum error key_store_open(struct key_store *store, struct failure *failure)
{
	if (store->connection)
		return OK;
	enum error error = connect_once(store, failure);
	if (error != E_POSTGRES_CONFIG || store->unprepared)
		return error;
	store->unprepared = true;
	error = connect_once(store, failure);
	store->unprepared = error == OK;
	return error;
}

/* A one-dimensional bytea[] in its binary form. Returns its length. */
static size_t put_digests(
	char out[static ARRAY_BYTES], const struct api_key_digest *digests, size_t count)
{
	enum { BYTEA_OID = 17 };
	char *at = out + ARRAY_HEAD_BYTES;
	ensure(count <= KEY_STORE_BATCH_MOST);
	postgres_put_int32(out, count > 0); /* dimensions */
	postgres_put_int32(out + 4, 0);     /* no NULLs */
	postgres_put_int32(out + 8, BYTEA_OID);
	postgres_put_int32(out + 12, (int32_t)count);
	postgres_put_int32(out + 16, 1); /* lower bound */
	for (size_t i = 0; i < count; i++) {
		postgres_put_int32(at, DIGEST_BYTES);
		memcpy(at + 4, digests[i].bytes, DIGEST_BYTES);
		at += 4 + DIGEST_BYTES;
	}
	return count > 0 ? (size_t)(at - out) : 12;
}

static int64_t get_int_or_zero(const PGresult *result, int row, int column)
{
	return PQgetisnull(result, row, column) ? 0 : postgres_get_int(result, row, column);
}

static void read_grant(const PGresult *result, int row, struct key_lookup *lookup)
{
	lookup->error = OK;
	lookup->grant = (struct key_grant){
		.business_id = postgres_get_uuid(result, row, 1),
		.requests_per_minute = get_int_or_zero(result, row, 2),
		.expires_ms = get_int_or_zero(result, row, 3),
	};
	lookup->use_is_news = *PQgetvalue(result, row, 4) == 1;
}

static void read_answer(const PGresult *result, struct key_lookup *lookup)
{
	lookup->error = E_INVALID_API_KEY;
	for (int row = 0; row < PQntuples(result); row++) {
		if (PQgetlength(result, row, 0) == DIGEST_BYTES &&
			memcmp(PQgetvalue(result, row, 0), lookup->digest.bytes, DIGEST_BYTES) == 0)
			read_grant(result, row, lookup);
	}
}

enum error key_store_find(struct key_store *store, struct key_lookup *const *lookups, size_t count,
	struct failure *failure)
{
	char array[ARRAY_BYTES];
	struct api_key_digest digests[KEY_STORE_BATCH_MOST] = {0};
	struct parameters parameters = {0};
	POSTGRES_RESULT PGresult *result = NULL;
	ensure(count <= KEY_STORE_BATCH_MOST);
	for (size_t i = 0; i < count; i++)
		digests[i] = lookups[i]->digest;
	parameters_add(&parameters, array, put_digests(array, digests, count));
	enum error error = run(store, FIND, &parameters, &result, failure);
	if (error)
		return error;
	for (size_t i = 0; i < count; i++)
		read_answer(result, lookups[i]);
	return OK;
}

enum error key_store_mark_used(struct key_store *store, const struct api_key_digest *digests,
	size_t count, struct failure *failure)
{
	char array[ARRAY_BYTES];
	struct parameters parameters = {0};
	POSTGRES_RESULT PGresult *result = NULL;
	parameters_add(&parameters, array, put_digests(array, digests, count));
	return run(store, MARK_USED, &parameters, &result, failure);
}

/* False: the row holds no stored hash. */
static bool read_legacy(const PGresult *result, int row, struct legacy_key *legacy)
{
	if (PQgetlength(result, row, 1) != API_KEY_STORED_LEN)
		return false;
	legacy->business_id = postgres_get_uuid(result, row, 0);
	legacy->requests_per_minute = get_int_or_zero(result, row, 2);
	memcpy(legacy->stored, PQgetvalue(result, row, 1), API_KEY_STORED_LEN);
	legacy->stored[API_KEY_STORED_LEN] = '\0';
	return true;
}

enum error key_store_load_legacy(struct key_store *store, size_t most, struct legacy_key **ret_keys,
	size_t *ret_count, int64_t *ret_total, struct failure *failure)
{
	char limit[8];
	struct parameters parameters = {0};
	POSTGRES_RESULT PGresult *result = NULL;
	postgres_put_int64(limit, (int64_t)most);
	parameters_add(&parameters, limit, sizeof(limit));
	enum error error = run(store, LOAD_LEGACY, &parameters, &result, failure);
	if (error)
		return error;
	int rows = PQntuples(result);
	struct legacy_key *keys = memory_zeroed((size_t)rows, sizeof(*keys));
	size_t count = 0;
	for (int row = 0; row < rows; row++)
		count += read_legacy(result, row, &keys[count]);
	*ret_keys = keys;
	*ret_count = count;
	*ret_total = rows > 0 ? postgres_get_int(result, 0, 3) - (rows - (int64_t)count) : 0;
	return OK;
}

enum error key_store_remember(struct key_store *store, const struct legacy_key *legacy,
	struct span key, const struct api_key_digest *digest, struct failure *failure)
{
	struct parameters parameters = {0};
	POSTGRES_RESULT PGresult *result = NULL;
	parameters_add(&parameters, legacy->business_id.bytes, sizeof(legacy->business_id.bytes));
	parameters_add(&parameters, legacy->stored, API_KEY_STORED_LEN);
	parameters_add(&parameters, digest->bytes, DIGEST_BYTES);
	parameters_add(&parameters, key.base, API_KEY_PREFIX_LEN);
	enum error error = run(store, REMEMBER, &parameters, &result, failure);
	if (error)
		return error;
	return PQntuples(result) == 1 && *PQgetvalue(result, 0, 0) == 1 ? OK : E_INVALID_API_KEY;
}

enum error key_store_notify(
	struct key_store *store, const char *channel, const char *payload, struct failure *failure)
{
	struct parameters parameters = {0};
	POSTGRES_RESULT PGresult *result = NULL;
	enum error error = key_store_open(store, failure);
	if (error)
		return error;
	parameters_add(&parameters, channel, strlen(channel));
	parameters_add(&parameters, payload, strlen(payload));
	return run(store, NOTIFY, &parameters, &result, failure);
}

int64_t key_store_backoff_ms(unsigned failures)
{
	int64_t backoff_ms = BACKOFF_LEAST_MS;
	while (failures-- > 1 && backoff_ms < BACKOFF_MOST_MS)
		backoff_ms *= 2;
	if (backoff_ms > BACKOFF_MOST_MS)
		backoff_ms = BACKOFF_MOST_MS;
	return backoff_ms - randombytes_uniform((uint32_t)backoff_ms / 2);
}
