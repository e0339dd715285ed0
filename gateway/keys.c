/* SPDX-License-Identifier: Apache-2.0 */
/* keys - whose key is it? The cache, and behind it Postgres. */
#include "gateway/keys.h"

#include <sodium.h>
#include <stdlib.h>

#include "gateway/key_cache.h"
#include "gateway/key_legacy.h"
#include "gateway/key_listen.h"
#include "gateway/key_pool.h"
#include "gateway/key_returns.h"
#include "gateway/key_store.h"
#include "gateway/metrics.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "shared/memory.h"

#define LEGACY_KEYS_MOST 10000

struct keys {
	char *database_url; /* secret */
	char *listen_url;   /* secret */
	struct key_cache *cache;
	struct key_returns *returns;
	struct key_pool *pool;
	struct key_legacy *legacy;
	struct key_listen *listen;
};

const struct setting key_setting_rows[] = {
	{.name = "GATEWAY_LEGACY_KEYS_MAX",
		.type = SETTING_INT,
		.offset = offsetof(struct key_settings, legacy_keys_most),
		.value_default = "100",
		.least = 0,
		.most = LEGACY_KEYS_MOST,
		.unit = "",
		.help = "The most businesses with a stored key hash and no digest (made by the web "
			"application) that are tried for an unknown key; more stop the start, 0 "
			"tries "
			"none."},
	{.name = "GATEWAY_LISTEN_DATABASE_URL",
		.type = SETTING_SECRET,
		.offset = offsetof(struct key_settings, listen_url),
		.unit = "",
		.help = "Where to LISTEN for changed keys, when DATABASE_URL goes through a "
			"pooler."},
};
const size_t key_setting_count = sizeof(key_setting_rows) / sizeof(*key_setting_rows);

/* ---- answers that come from the threads */

static void run_done(struct loop_task *task)
{
	struct key_lookup *lookup =
		(struct key_lookup *)((char *)task - offsetof(struct key_lookup, task));
	lookup->done(lookup);
}

/* A look-up without a loop is our own: nobody waits for it. */
static void deliver(struct key_lookup *lookup)
{
	if (!lookup->loop) {
		free(lookup);
		return;
	}
	lookup->task.run = run_done;
	loop_post(lookup->loop, &lookup->task);
}

/* It could not be looked up: what was known may do, else it had better come back. */
static enum error without_answer(
	struct keys *keys, struct key_lookup *lookup, int64_t wall_ms, int64_t steady_ms)
{
	if (key_cache_find_away(keys->cache, &lookup->digest, wall_ms, steady_ms, &lookup->grant)) {
		metric_add(METRIC_KEY_CACHE_AWAY, 1);
		return OK;
	}
	key_returns_note(keys->returns, &lookup->digest, steady_ms);
	return E_KEYS_UNAVAILABLE;
}

static void settle(struct key_lookup *lookup)
{
	struct keys *keys = lookup->keys;
	int64_t steady_ms = clock_steady_ms();
	if (lookup->error == OK)
		key_cache_put_known(
			keys->cache, &lookup->digest, &lookup->grant, lookup->sequence, steady_ms);
	else if (lookup->error == E_INVALID_API_KEY)
		key_cache_put_unknown(keys->cache, &lookup->digest, lookup->sequence, steady_ms);
	else if (lookup->loop)
		lookup->error = without_answer(keys, lookup, clock_wall_ms(), steady_ms);
	if (lookup->error != E_KEYS_UNAVAILABLE && lookup->rank == KEY_RANK_RETURNED)
		key_returns_forget(keys->returns, &lookup->digest);
	deliver(lookup);
}

/* In a thread of the pool, or of a loop. */
static void pool_answered(struct key_lookup *lookup)
{
	struct keys *keys = lookup->keys;
	if (lookup->error != E_INVALID_API_KEY) {
		settle(lookup);
		return;
	}
	/* Whatever the slow hashes say, and when: this digest opens nothing any more. */
	key_cache_forget(keys->cache, &lookup->digest, lookup->sequence);
	if (!lookup->loop) {
		deliver(lookup);
		return;
	}
	enum error error = key_legacy_submit(keys->legacy, lookup);
	if (error == E_PENDING)
		return;
	lookup->error = error;
	settle(lookup);
}

/* ---- questions from the loops */

/* Look up anew what is used and will soon be too old; the request does not wait for it. */
static void refresh(struct keys *keys, const struct key_lookup *request)
{
	struct key_lookup *lookup = memory_zeroed(1, sizeof(*lookup));
	lookup->keys = keys;
	lookup->digest = request->digest;
	lookup->sequence = key_cache_sequence(keys->cache);
	lookup->asked_us = clock_steady_us();
	lookup->rank = KEY_RANK_AGING;
	if (key_pool_submit(keys->pool, lookup))
		free(lookup);
}

static void set_rank(struct keys *keys, struct key_lookup *lookup, bool known)
{
	lookup->refused_ms = key_returns_since(keys->returns, &lookup->digest);
	lookup->rank = known                                     ? KEY_RANK_KNOWN
		       : lookup->refused_ms == KEY_RETURNS_NEVER ? KEY_RANK_NEW
								 : KEY_RANK_RETURNED;
}

static enum error ask(struct keys *keys, struct key_lookup *lookup, bool known, int64_t wall_ms,
	int64_t steady_ms)
{
	lookup->keys = keys;
	lookup->sequence = key_cache_sequence(keys->cache);
	lookup->asked_us = clock_steady_us();
	set_rank(keys, lookup, known);
	lookup->use_is_news = false;
	metric_add(METRIC_KEY_CACHE_MISS, 1);
	if (key_pool_submit(keys->pool, lookup) == OK)
		return E_PENDING;
	return without_answer(keys, lookup, wall_ms, steady_ms);
}

enum error keys_find(
	struct keys *keys, struct key_lookup *lookup, int64_t wall_ms, int64_t steady_ms)
{
	lookup->digest = api_key_digest(lookup->key);
	switch (key_cache_find(keys->cache, &lookup->digest, wall_ms, steady_ms, &lookup->grant)) {
	case KEY_CACHE_AGING:
		refresh(keys, lookup);
		/* fall through */
	case KEY_CACHE_FRESH:
		metric_add(METRIC_KEY_CACHE_KNOWN, 1);
		return OK;
	case KEY_CACHE_REFUSED:
		metric_add(METRIC_KEY_CACHE_UNKNOWN, 1);
		return E_INVALID_API_KEY;
	case KEY_CACHE_STALE:
		return ask(keys, lookup, true, wall_ms, steady_ms);
	case KEY_CACHE_MISS:
		break;
	}
	return ask(keys, lookup, false, wall_ms, steady_ms);
}

/* ---- start and stop */

/* See that all is as it should be; Postgres being away is no reason not to start. */
static enum error check(struct keys *keys, struct failure *failure)
{
	struct key_store *store = key_store_new(keys->database_url, "intake-gateway keys start");
	enum error error = key_store_open(store, failure);
	if (!error)
		error = key_legacy_load(keys->legacy, store, failure);
	key_store_free(store);
	if (error == E_POSTGRES_AWAY || error == E_POSTGRES_CONTENTION) {
		log_warn("keys.start_without_postgres", log_text("error", error_name(error)),
			log_text("detail", failure ? failure->detail : ""));
		return OK;
	}
	return error;
}

enum error keys_start(const struct key_settings *settings, const char *database_url,
	struct keys **ret_keys, struct failure *failure)
{
	bool listens_elsewhere = settings->listen_url && *settings->listen_url;
	struct keys *keys = memory_zeroed(1, sizeof(*keys));
	keys->database_url = memory_string(database_url);
	keys->listen_url = memory_string(listens_elsewhere ? settings->listen_url : database_url);
	keys->cache = key_cache_new(KEY_CACHE_KNOWN_MOST, KEY_CACHE_UNKNOWN_MOST);
	keys->returns = key_returns_new();
	keys->legacy = key_legacy_new(
		keys->database_url, (size_t)settings->legacy_keys_most, keys->cache, settle);
	enum error error = check(keys, failure);
	if (error) {
		keys_stop(keys);
		return error;
	}
	keys->listen = key_listen_start(keys->listen_url, keys->database_url, keys->cache);
	key_legacy_start(keys->legacy);
	keys->pool = key_pool_start(keys->database_url, pool_answered);
	*ret_keys = keys;
	return OK;
}

static void wipe_free(char *text)
{
	sodium_memzero(text, strlen(text));
	free(text);
}

void keys_stop(struct keys *keys)
{
	if (!keys)
		return;
	key_pool_stop(keys->pool); /* may hand look-ups to legacy, so it goes first */
	key_legacy_stop(keys->legacy);
	key_listen_stop(keys->listen);
	key_returns_free(keys->returns);
	key_cache_free(keys->cache);
	wipe_free(keys->listen_url);
	wipe_free(keys->database_url);
	free(keys);
}

bool keys_ready(struct keys *keys, struct buf *reasons)
{
	bool ready = key_legacy_ready(keys->legacy, reasons);
	if (key_pool_was_up(keys->pool))
		return ready;
	buf_add_text(reasons, "keys: Postgres has not answered yet\n");
	return false;
}

void keys_refresh_metrics(struct keys *keys)
{
	metric_set(METRIC_KEY_CACHE_ENTRIES_KNOWN, (double)key_cache_known_count(keys->cache));
	metric_set(METRIC_KEY_CACHE_ENTRIES_UNKNOWN, (double)key_cache_unknown_count(keys->cache));
}
