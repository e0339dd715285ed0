/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_cache - what is known of keys: whose they are, and which are nobody's.
 *
 * Design notes. Two tables, so that a flood of invented keys never pushes out a known one. Both are
 * sharded, a mutex a shard, and bounded; a full shard gives up what was looked up longest ago.
 *
 * Dropping what a notice is about costs the same however many entries there are: every notice takes
 * the next number of one sequence, and is noted under its business (in a fixed table of numbers,
 * where a few businesses share a place). An entry carries the number that was current before its
 * look-up began, and counts only while nothing newer is noted. So a look-up that began before a
 * notice fills nothing after it, with no further rule.
 *
 * Thread: any; the three that pass on notices (drop and set_hearing) one thread at a time. Time is
 * the steady clock, unless a name says wall.
 */
#ifndef INTAKE_GATEWAY_KEY_CACHE_H
#define INTAKE_GATEWAY_KEY_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/key_lookup.h"

enum {
	KEY_CACHE_KNOWN_MOST = 128 * 1024,  /* entries; 20 MB when full */
	KEY_CACHE_UNKNOWN_MOST = 64 * 1024, /* entries; 8 MB when full */
	KEY_CACHE_FRESH_MS = 30 * 1000,     /* older must be looked up before use */
	KEY_CACHE_DEAF_FRESH_MS = 1000,     /* the same, while no notice can reach us */
	KEY_CACHE_AWAY_MS = 60 * 60 * 1000, /* how long a known key works without Postgres */
};

enum key_cache_answer {
	KEY_CACHE_MISS,  /* nothing is known */
	KEY_CACHE_FRESH, /* the grant counts */
	KEY_CACHE_AGING, /* the grant counts; the caller looks it up anew meanwhile (told to one) */
	KEY_CACHE_STALE, /* look up before use; key_cache_find_away if that cannot be done */
	KEY_CACHE_REFUSED, /* nobody's key, or one that has expired */
};

struct key_cache;

/*
 * Takes:   known_most, unknown_most - entries; rounded up to a multiple of the shards' number.
 * Returns: owned, free with key_cache_free.
 */
struct key_cache *key_cache_new(size_t known_most, size_t unknown_most);
void key_cache_free(struct key_cache *cache);

/* ret_grant is set with FRESH, AGING and STALE. */
enum key_cache_answer key_cache_find(struct key_cache *cache, const struct api_key_digest *digest,
	int64_t wall_ms, int64_t now_ms, struct key_grant *ret_grant);

/* While Postgres is away: the grant, if it was looked up within the hour and nothing ended it
 * since. */
bool key_cache_find_away(struct key_cache *cache, const struct api_key_digest *digest,
	int64_t wall_ms, int64_t now_ms, struct key_grant *ret_grant);

/* The number to hand in with the answer of a look-up that begins now. */
uint64_t key_cache_sequence(const struct key_cache *cache);

/* Whether a look-up with that number may still be news: no notice came since. */
bool key_cache_is_current(const struct key_cache *cache, uint64_t sequence);

/* A look-up's answers. */
void key_cache_put_known(struct key_cache *cache, const struct api_key_digest *digest,
	const struct key_grant *grant, uint64_t sequence, int64_t now_ms);
void key_cache_put_unknown(struct key_cache *cache, const struct api_key_digest *digest,
	uint64_t sequence, int64_t now_ms);

/* The digest opens nothing, says a look-up of that number, and no more than that. */
void key_cache_forget(
	struct key_cache *cache, const struct api_key_digest *digest, uint64_t sequence);

/* A key of this business changed: its entries are gone, and all that say "nobody's". */
void key_cache_drop_business(struct key_cache *cache, const struct uuid *business_id);

/* Nobody knows what changed: all entries are gone. */
void key_cache_drop_all(struct key_cache *cache);

/*
 * Whether notices reach us. From deaf to hearing everything is stale: what was said meanwhile is
 * lost. Starts deaf.
 */
void key_cache_set_hearing(struct key_cache *cache, bool hearing);

/* Entries that take up room, whether they still count or not. */
size_t key_cache_known_count(struct key_cache *cache);
size_t key_cache_unknown_count(struct key_cache *cache);

#endif
