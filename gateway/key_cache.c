/* SPDX-License-Identifier: Apache-2.0 */
/* key_cache - what is known of keys: whose they are, and which are nobody's. */
#include "gateway/key_cache.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "shared/ensure.h"
#include "shared/memory.h"

/* A digest is random already. Its maker may choose some bits of it: a shard's bound limits a chain.
 */
#define HASH_FUNCTION(key, len, hash) memcpy(&(hash), (key), sizeof(hash))
#define uthash_malloc(size_bytes) memory_alloc(size_bytes)
#include <uthash.h>

enum {
	SHARD_COUNT = 64,
	NOTICE_PLACES = 16 * 1024, /* businesses that share one are dropped together */
	ASK_AGAIN_MS = 5000,       /* an aging entry's look-up that brought nothing */
};

struct entry {
	struct api_key_digest digest; /* key of the table */
	UT_hash_handle hh;
	uint64_t sequence; /* current before its look-up began */
	int64_t found_ms;  /* when its look-up was answered */
};

struct known {
	struct entry entry; /* first, so that a table of entries holds it */
	struct key_grant grant;
	int64_t asked_ms; /* when somebody was told to look it up anew; 0: nobody */
};

/* A table in the order of found_ms; the oldest makes room. */
struct table {
	struct entry *head;
	size_t most;
	size_t entry_bytes;
};

struct shard {
	pthread_mutex_t lock;
	struct table known;
	struct table unknown;
};

struct key_cache {
	struct shard shards[SHARD_COUNT];
	_Atomic uint64_t sequence;
	_Atomic uint64_t all_dropped; /* entries with a lower number are gone */
	_Atomic uint64_t all_stale;   /* known entries with a lower number are stale */
	_Atomic int64_t fresh_ms;
	_Atomic uint64_t notices[NOTICE_PLACES]; /* by business: the number of its last notice */
};

static size_t per_shard(size_t most)
{
	ensure(most > 0);
	return (most + SHARD_COUNT - 1) / SHARD_COUNT;
}

struct key_cache *key_cache_new(size_t known_most, size_t unknown_most)
{
	struct key_cache *cache = memory_zeroed(1, sizeof(*cache));
	for (size_t i = 0; i < SHARD_COUNT; i++) {
		struct shard *shard = &cache->shards[i];
		ensure(pthread_mutex_init(&shard->lock, NULL) == 0);
		shard->known.most = per_shard(known_most);
		shard->known.entry_bytes = sizeof(struct known);
		shard->unknown.most = per_shard(unknown_most);
		shard->unknown.entry_bytes = sizeof(struct entry);
	}
	atomic_init(&cache->sequence, 1);
	atomic_init(&cache->fresh_ms, KEY_CACHE_DEAF_FRESH_MS);
	return cache;
}

static void table_fini(struct table *table)
{
	struct entry *entry = table->head;
	HASH_CLEAR(hh, table->head);
	while (entry) {
		struct entry *next = entry->hh.next;
		free(entry);
		entry = next;
	}
}

void key_cache_free(struct key_cache *cache)
{
	if (!cache)
		return;
	for (size_t i = 0; i < SHARD_COUNT; i++) {
		table_fini(&cache->shards[i].known);
		table_fini(&cache->shards[i].unknown);
		(void)pthread_mutex_destroy(&cache->shards[i].lock);
	}
	free(cache);
}

static struct shard *lock_shard(struct key_cache *cache, const struct api_key_digest *digest)
{
	/* Other bits than the table's hash. */
	struct shard *shard = &cache->shards[digest->bytes[31] % SHARD_COUNT];
	(void)pthread_mutex_lock(&shard->lock);
	return shard;
}

static void unlock_shard(struct shard *shard)
{
	(void)pthread_mutex_unlock(&shard->lock);
}

static struct entry *table_find(const struct table *table, const struct api_key_digest *digest)
{
	struct entry *entry = NULL;
	HASH_FIND(hh, table->head, digest, sizeof(*digest), entry);
	return entry;
}

static void table_delete(struct table *table, struct entry *entry)
{
	HASH_DELETE(hh, table->head, entry);
}

/* The digest's entry, zeroed, as the newest of its table; takes the place of an older one. */
static struct entry *table_renew(struct table *table, const struct api_key_digest *digest)
{
	struct entry *entry = table_find(table, digest);
	if (!entry && HASH_COUNT(table->head) >= table->most)
		entry = table->head;
	if (entry)
		table_delete(table, entry);
	else
		entry = memory_alloc(table->entry_bytes);
	memset(entry, 0, table->entry_bytes);
	entry->digest = *digest;
	HASH_ADD(hh, table->head, digest, sizeof(entry->digest), entry);
	return entry;
}

static _Atomic uint64_t *notice_of(struct key_cache *cache, const struct uuid *business_id)
{
	uint32_t place;
	memcpy(&place, business_id->bytes + 12, sizeof(place)); /* random in versions 4 and 7 */
	return &cache->notices[place % NOTICE_PLACES];
}

/* Its entry if nothing ended it. Takes: shard - locked. */
static struct known *find_known(
	struct key_cache *cache, const struct shard *shard, const struct api_key_digest *digest)
{
	struct known *known = (struct known *)table_find(&shard->known, digest);
	if (!known || known->entry.sequence < atomic_load(&cache->all_dropped) ||
		known->entry.sequence < atomic_load(notice_of(cache, &known->grant.business_id)))
		return NULL;
	return known;
}

static bool has_expired(const struct key_grant *grant, int64_t wall_ms)
{
	return grant->expires_ms > 0 && wall_ms >= grant->expires_ms;
}

static enum key_cache_answer answer_known(
	const struct key_cache *cache, struct known *known, int64_t wall_ms, int64_t now_ms)
{
	int64_t fresh_ms = atomic_load(&cache->fresh_ms);
	int64_t age_ms = now_ms - known->entry.found_ms;
	if (has_expired(&known->grant, wall_ms))
		return KEY_CACHE_REFUSED;
	if (age_ms >= fresh_ms || known->entry.sequence < atomic_load(&cache->all_stale))
		return KEY_CACHE_STALE;
	if (age_ms < fresh_ms * 2 / 3)
		return KEY_CACHE_FRESH;
	if (known->asked_ms && now_ms - known->asked_ms < ASK_AGAIN_MS)
		return KEY_CACHE_FRESH;
	known->asked_ms = now_ms;
	return KEY_CACHE_AGING;
}

static enum key_cache_answer answer_unknown(
	const struct key_cache *cache, const struct entry *entry, int64_t now_ms)
{
	if (!entry || !key_cache_is_current(cache, entry->sequence) ||
		now_ms - entry->found_ms >= atomic_load(&cache->fresh_ms))
		return KEY_CACHE_MISS;
	return KEY_CACHE_REFUSED;
}

enum key_cache_answer key_cache_find(struct key_cache *cache, const struct api_key_digest *digest,
	int64_t wall_ms, int64_t now_ms, struct key_grant *ret_grant)
{
	enum key_cache_answer answer;
	struct shard *shard = lock_shard(cache, digest);
	struct known *known = find_known(cache, shard, digest);
	if (known) {
		*ret_grant = known->grant;
		answer = answer_known(cache, known, wall_ms, now_ms);
	} else {
		answer = answer_unknown(cache, table_find(&shard->unknown, digest), now_ms);
	}
	unlock_shard(shard);
	return answer;
}

bool key_cache_find_away(struct key_cache *cache, const struct api_key_digest *digest,
	int64_t wall_ms, int64_t now_ms, struct key_grant *ret_grant)
{
	struct shard *shard = lock_shard(cache, digest);
	const struct known *known = find_known(cache, shard, digest);
	bool found = known && !has_expired(&known->grant, wall_ms) &&
		     now_ms - known->entry.found_ms < KEY_CACHE_AWAY_MS;
	if (found)
		*ret_grant = known->grant;
	unlock_shard(shard);
	return found;
}

uint64_t key_cache_sequence(const struct key_cache *cache)
{
	return atomic_load(&cache->sequence);
}

bool key_cache_is_current(const struct key_cache *cache, uint64_t sequence)
{
	return sequence == atomic_load(&cache->sequence);
}

/* Whether an answer is older than what is there. */
static bool is_older(const struct entry *there, uint64_t sequence)
{
	return there && there->sequence > sequence;
}

void key_cache_put_known(struct key_cache *cache, const struct api_key_digest *digest,
	const struct key_grant *grant, uint64_t sequence, int64_t now_ms)
{
	struct shard *shard = lock_shard(cache, digest);
	if (!is_older(table_find(&shard->known, digest), sequence)) {
		struct known *known = (struct known *)table_renew(&shard->known, digest);
		known->entry.sequence = sequence;
		known->entry.found_ms = now_ms;
		known->grant = *grant;
	}
	unlock_shard(shard);
}

/* Deletes the known entry. False: it is newer. Takes: shard - locked. */
static bool forget(struct shard *shard, const struct api_key_digest *digest, uint64_t sequence)
{
	struct entry *known = table_find(&shard->known, digest);
	if (is_older(known, sequence))
		return false;
	if (known)
		table_delete(&shard->known, known);
	free(known);
	return true;
}

void key_cache_put_unknown(struct key_cache *cache, const struct api_key_digest *digest,
	uint64_t sequence, int64_t now_ms)
{
	struct shard *shard = lock_shard(cache, digest);
	if (forget(shard, digest, sequence)) {
		struct entry *entry = table_renew(&shard->unknown, digest);
		entry->sequence = sequence;
		entry->found_ms = now_ms;
	}
	unlock_shard(shard);
}

void key_cache_forget(
	struct key_cache *cache, const struct api_key_digest *digest, uint64_t sequence)
{
	struct shard *shard = lock_shard(cache, digest);
	(void)forget(shard, digest, sequence);
	unlock_shard(shard);
}

static uint64_t next_number(struct key_cache *cache)
{
	return atomic_fetch_add(&cache->sequence, 1) + 1;
}

void key_cache_drop_business(struct key_cache *cache, const struct uuid *business_id)
{
	atomic_store(notice_of(cache, business_id), next_number(cache));
}

void key_cache_drop_all(struct key_cache *cache)
{
	atomic_store(&cache->all_dropped, next_number(cache));
}

void key_cache_set_hearing(struct key_cache *cache, bool hearing)
{
	if (hearing)
		atomic_store(&cache->all_stale, next_number(cache));
	atomic_store(&cache->fresh_ms, hearing ? KEY_CACHE_FRESH_MS : KEY_CACHE_DEAF_FRESH_MS);
}

static size_t count_entries(struct key_cache *cache, bool known)
{
	size_t count = 0;
	for (size_t i = 0; i < SHARD_COUNT; i++) {
		struct shard *shard = &cache->shards[i];
		(void)pthread_mutex_lock(&shard->lock);
		const struct table *table = known ? &shard->known : &shard->unknown;
		count += HASH_COUNT(table->head);
		unlock_shard(shard);
	}
	return count;
}

size_t key_cache_known_count(struct key_cache *cache)
{
	return count_entries(cache, true);
}

size_t key_cache_unknown_count(struct key_cache *cache)
{
	return count_entries(cache, false);
}
