/* SPDX-License-Identifier: Apache-2.0 */
/* fake_store - a Postgres for tests of keys. */
#include "tests/unit/gateway_keys/fake_store.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "gateway/key_listen.h"
#include "gateway/key_store.h"
#include "shared/ensure.h"
#include "shared/memory.h"

enum { ROWS_MOST = 16, ASKED_MOST = 8192 };

struct key_store {
	bool open;
	unsigned generation;
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool up;
	bool hold;
	unsigned generation; /* of connections; an older one is broken */
	size_t open_count;
	size_t open_most;
	struct {
		struct api_key_digest digest;
		struct uuid business_id;
	} rows[ROWS_MOST];
	size_t row_count;
	struct legacy_key legacy[ROWS_MOST];
	size_t legacy_count;
	struct api_key_digest asked[ASKED_MOST];
	size_t asked_count;
	size_t queries;
	struct key_cache *cache;
} fake = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void lock(void)
{
	(void)pthread_mutex_lock(&fake.lock);
}

static void unlock(void)
{
	(void)pthread_cond_broadcast(&fake.changed);
	(void)pthread_mutex_unlock(&fake.lock);
}

static bool same(const struct api_key_digest *a, const struct api_key_digest *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

void fake_reset(void)
{
	lock();
	fake.up = true;
	fake.hold = false;
	fake.open_most = SIZE_MAX;
	fake.row_count = fake.legacy_count = fake.asked_count = fake.queries = 0;
	unlock();
}

void fake_add(const struct api_key_digest *digest, struct uuid business_id)
{
	lock();
	ensure(fake.row_count < ROWS_MOST);
	fake.rows[fake.row_count].digest = *digest;
	fake.rows[fake.row_count++].business_id = business_id;
	unlock();
}

void fake_remove(const struct api_key_digest *digest)
{
	lock();
	for (size_t i = 0; i < fake.row_count; i++) {
		if (same(&fake.rows[i].digest, digest))
			fake.rows[i] = fake.rows[--fake.row_count];
	}
	unlock();
}

void fake_add_legacy(const char *stored, struct uuid business_id)
{
	lock();
	struct legacy_key *legacy = &fake.legacy[fake.legacy_count++];
	*legacy = (struct legacy_key){.business_id = business_id};
	(void)snprintf(legacy->stored, sizeof(legacy->stored), "%s", stored);
	unlock();
}

void fake_set_up(bool up)
{
	lock();
	fake.up = up;
	fake.generation += !up;
	unlock();
}

void fake_allow_connections(size_t most)
{
	lock();
	fake.open_most = most;
	unlock();
}

void fake_break(void)
{
	lock();
	fake.generation++;
	unlock();
}

void fake_hold(bool hold)
{
	lock();
	fake.hold = hold;
	unlock();
}

size_t fake_queries(void)
{
	lock();
	size_t queries = fake.queries;
	unlock();
	return queries;
}

size_t fake_asked(void)
{
	lock();
	size_t count = fake.asked_count;
	unlock();
	return count;
}

size_t fake_place(const struct api_key_digest *digest)
{
	size_t place = SIZE_MAX;
	lock();
	for (size_t i = fake.asked_count; i-- > 0;) {
		if (same(&fake.asked[i], digest))
			place = i;
	}
	unlock();
	return place;
}

struct key_cache *fake_cache(void)
{
	return fake.cache;
}

/* ---- what key_store does */

struct key_store *key_store_new(const char *url, const char *name)
{
	(void)url;
	(void)name;
	return memory_zeroed(1, sizeof(struct key_store));
}

/* Takes: lock held. */
static void end_connection(struct key_store *store)
{
	fake.open_count -= store->open;
	store->open = false;
}

void key_store_close(struct key_store *store)
{
	lock();
	end_connection(store);
	unlock();
}

void key_store_free(struct key_store *store)
{
	if (store)
		key_store_close(store);
	free(store);
}

bool key_store_is_open(const struct key_store *store)
{
	return store->open;
}

enum error key_store_open(struct key_store *store, struct failure *failure)
{
	lock();
	bool connects = fake.up && fake.open_count < fake.open_most;
	enum error error = connects || store->open ? OK : E_POSTGRES_AWAY;
	if (!error && !store->open) {
		fake.open_count++;
		store->open = true;
		store->generation = fake.generation;
	}
	unlock();
	return error ? failure_set(failure, error, "away for a test") : OK;
}

/* Takes: lock held. */
static enum error check(struct key_store *store, struct failure *failure)
{
	while (fake.hold)
		(void)pthread_cond_wait(&fake.changed, &fake.lock);
	if (store->open && store->generation == fake.generation)
		return OK;
	end_connection(store);
	return failure_set(failure, E_POSTGRES_AWAY, "broken for a test");
}

static void answer(struct key_lookup *lookup)
{
	lookup->error = E_INVALID_API_KEY;
	for (size_t i = 0; i < fake.row_count; i++) {
		if (!same(&fake.rows[i].digest, &lookup->digest))
			continue;
		lookup->error = OK;
		lookup->grant = (struct key_grant){.business_id = fake.rows[i].business_id};
	}
	ensure(fake.asked_count < ASKED_MOST);
	fake.asked[fake.asked_count++] = lookup->digest;
}

enum error key_store_find(struct key_store *store, struct key_lookup *const *lookups, size_t count,
	struct failure *failure)
{
	lock();
	enum error error = check(store, failure);
	for (size_t i = 0; !error && i < count; i++)
		answer(lookups[i]);
	fake.queries += !error && count > 0;
	unlock();
	return error;
}

enum error key_store_mark_used(struct key_store *store, const struct api_key_digest *digests,
	size_t count, struct failure *failure)
{
	(void)store;
	(void)digests;
	(void)count;
	(void)failure;
	return OK;
}

enum error key_store_load_legacy(struct key_store *store, size_t most, struct legacy_key **ret_keys,
	size_t *ret_count, int64_t *ret_total, struct failure *failure)
{
	lock();
	enum error error = check(store, failure);
	if (!error) {
		*ret_total = (int64_t)fake.legacy_count;
		*ret_count = fake.legacy_count < most ? fake.legacy_count : most;
		*ret_keys = memory_zeroed(*ret_count, sizeof(**ret_keys));
		memcpy(*ret_keys, fake.legacy, *ret_count * sizeof(**ret_keys));
	}
	unlock();
	return error;
}

enum error key_store_remember(struct key_store *store, const struct legacy_key *legacy,
	struct span key, const struct api_key_digest *digest, struct failure *failure)
{
	struct uuid business_id = legacy->business_id;
	(void)key;
	lock();
	enum error error = check(store, failure);
	for (size_t i = 0; !error && i < fake.legacy_count; i++) {
		if (strcmp(fake.legacy[i].stored, legacy->stored) == 0)
			fake.legacy[i] = fake.legacy[--fake.legacy_count];
	}
	unlock();
	if (!error)
		fake_add(digest, business_id);
	return error;
}

int64_t key_store_backoff_ms(unsigned failures)
{
	(void)failures;
	return 10;
}

/* ---- what key_listen does */

struct key_listen *key_listen_start(
	const char *listen_url, const char *database_url, struct key_cache *cache)
{
	(void)listen_url;
	(void)database_url;
	fake.cache = cache;
	key_cache_set_hearing(cache, true);
	return NULL;
}

void key_listen_stop(struct key_listen *listen)
{
	(void)listen;
	fake.cache = NULL;
}
