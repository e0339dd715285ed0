/* SPDX-License-Identifier: Apache-2.0 */
/* key_returns - keys that found no room and were told to come back. */
#include "gateway/key_returns.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>

#include "shared/ensure.h"
#include "shared/memory.h"

enum { TICK_MS = 100 }; /* 32 bits of them are 13 years */

struct entry {
	uint64_t fingerprint; /* 0: free */
	uint32_t first_ticks; /* when it was refused first */
	uint32_t last_ticks;  /* ... and last */
};

struct key_returns {
	pthread_mutex_t lock;
	uint8_t seed[crypto_shorthash_KEYBYTES]; /* which keys share a set is nobody's choice */
	struct entry sets[KEY_RETURNS_SETS][KEY_RETURNS_SET_ENTRIES];
};

struct key_returns *key_returns_new(void)
{
	struct key_returns *returns = memory_zeroed(1, sizeof(*returns));
	ensure(pthread_mutex_init(&returns->lock, NULL) == 0);
	randombytes_buf(returns->seed, sizeof(returns->seed));
	return returns;
}

void key_returns_free(struct key_returns *returns)
{
	if (returns)
		(void)pthread_mutex_destroy(&returns->lock);
	free(returns);
}

static uint64_t fingerprint_of(
	const struct key_returns *returns, const struct api_key_digest *digest)
{
	uint64_t fingerprint;
	(void)crypto_shorthash(
		(uint8_t *)&fingerprint, digest->bytes, sizeof(digest->bytes), returns->seed);
	return fingerprint ? fingerprint : 1;
}

/* Its entry; NULL: none. Takes: lock held. */
static struct entry *find(struct key_returns *returns, uint64_t fingerprint)
{
	struct entry *set = returns->sets[fingerprint % KEY_RETURNS_SETS];
	for (size_t i = 0; i < KEY_RETURNS_SET_ENTRIES; i++) {
		if (set[i].fingerprint == fingerprint)
			return &set[i];
	}
	return NULL;
}

/* Where a new entry goes: free, or else seen longest ago. Takes: lock held. */
static struct entry *find_room(struct key_returns *returns, uint64_t fingerprint)
{
	struct entry *set = returns->sets[fingerprint % KEY_RETURNS_SETS];
	struct entry *room = &set[0];
	for (size_t i = 1; i < KEY_RETURNS_SET_ENTRIES && room->fingerprint; i++) {
		if (!set[i].fingerprint || set[i].last_ticks < room->last_ticks)
			room = &set[i];
	}
	return room;
}

void key_returns_note(
	struct key_returns *returns, const struct api_key_digest *digest, int64_t now_ms)
{
	uint64_t fingerprint = fingerprint_of(returns, digest);
	uint32_t now_ticks = (uint32_t)(now_ms / TICK_MS);
	(void)pthread_mutex_lock(&returns->lock);
	struct entry *entry = find(returns, fingerprint);
	if (!entry) {
		entry = find_room(returns, fingerprint);
		*entry = (struct entry){.fingerprint = fingerprint, .first_ticks = now_ticks};
	}
	entry->last_ticks = now_ticks;
	(void)pthread_mutex_unlock(&returns->lock);
}

int64_t key_returns_since(struct key_returns *returns, const struct api_key_digest *digest)
{
	uint64_t fingerprint = fingerprint_of(returns, digest);
	(void)pthread_mutex_lock(&returns->lock);
	const struct entry *entry = find(returns, fingerprint);
	int64_t since_ms = entry ? (int64_t)entry->first_ticks * TICK_MS : KEY_RETURNS_NEVER;
	(void)pthread_mutex_unlock(&returns->lock);
	return since_ms;
}

void key_returns_forget(struct key_returns *returns, const struct api_key_digest *digest)
{
	uint64_t fingerprint = fingerprint_of(returns, digest);
	(void)pthread_mutex_lock(&returns->lock);
	struct entry *entry = find(returns, fingerprint);
	if (entry)
		*entry = (struct entry){0};
	(void)pthread_mutex_unlock(&returns->lock);
}
