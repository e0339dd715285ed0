/* SPDX-License-Identifier: Apache-2.0 */
/* peer_count - how many connections each client address has open, so that none takes them all. */
#include "shared/http/peer_count.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <uthash.h>

#include "shared/ensure.h"
#include "shared/memory.h"

struct entry {
	struct network_address client;
	int64_t connections;
	UT_hash_handle hh;
};

struct peer_count {
	pthread_mutex_t mutex;
	struct entry *entries; /* owned */
	int64_t most;
	uint8_t seed[crypto_shorthash_KEYBYTES]; /* an owner of many addresses picks no bucket */
};

struct peer_count *peer_count_new(int64_t most)
{
	struct peer_count *count = memory_zeroed(1, sizeof(*count));
	ensure(pthread_mutex_init(&count->mutex, NULL) == 0);
	randombytes_buf(count->seed, sizeof(count->seed));
	count->most = most;
	return count;
}

/* NOLINTBEGIN(clang-analyzer-unix.Malloc): the analyzer does not follow uthash's links */
void peer_count_free(struct peer_count *count)
{
	struct entry *entry;
	struct entry *next;
	if (!count)
		return;
	HASH_ITER (hh, count->entries, entry, next) {
		HASH_DEL(count->entries, entry);
		free(entry);
	}
	(void)pthread_mutex_destroy(&count->mutex);
	free(count);
}

/* NOLINTEND(clang-analyzer-unix.Malloc) */

static unsigned hash_of(const struct peer_count *count, const struct network_address *client)
{
	uint64_t hash;
	(void)crypto_shorthash((uint8_t *)&hash, client->bytes, sizeof(client->bytes), count->seed);
	return (unsigned)hash;
}

static struct entry *find(
	struct peer_count *count, const struct network_address *client, unsigned hash)
{
	struct entry *entry;
	HASH_FIND_BYHASHVALUE(hh, count->entries, client, sizeof(*client), hash, entry);
	return entry;
}

static struct entry *find_or_add(
	struct peer_count *count, const struct network_address *client, unsigned hash)
{
	struct entry *entry = find(count, client, hash);
	if (entry)
		return entry;
	entry = memory_zeroed(1, sizeof(*entry));
	entry->client = *client;
	HASH_ADD_BYHASHVALUE(hh, count->entries, client, sizeof(entry->client), hash, entry);
	return entry;
}

bool peer_count_take(struct peer_count *count, const struct network_address *client)
{
	unsigned hash = hash_of(count, client);
	(void)pthread_mutex_lock(&count->mutex);
	struct entry *entry = find_or_add(count, client, hash);
	bool allowed = entry->connections < count->most; /* at least 1: no entry stays at 0 */
	entry->connections += allowed;
	(void)pthread_mutex_unlock(&count->mutex);
	return allowed;
}

void peer_count_give(struct peer_count *count, const struct network_address *client)
{
	unsigned hash = hash_of(count, client);
	(void)pthread_mutex_lock(&count->mutex);
	struct entry *entry = find(count, client, hash);
	ensure(entry && entry->connections > 0);
	if (--entry->connections == 0) {
		HASH_DEL(count->entries, entry);
		free(entry);
	}
	(void)pthread_mutex_unlock(&count->mutex);
}
