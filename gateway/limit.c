/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limit - how many requests a key may make: a sliding window of one minute.
 *
 * Design notes. Windows live in hash tables, one mutex a shard. A table keeps its entries in the order
 * in which they were last put in; an entry that begins a new window moves to the end, so the oldest
 * ones stand first and each take drops at most DROP_MOST of them: nothing ever walks the table.
 */
#include "gateway/limit.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <uthash.h>

#include "gateway/metrics.h"
#include "shared/ensure.h"
#include "shared/memory.h"

enum {
	SHARD_COUNT = 16,
	SHARD_KEYS_MOST = LIMIT_KEYS_MOST / SHARD_COUNT,
	DROP_MOST = 2,
	SWEEP_MOST = 1024, /* of a shard at a time: its mutex is held meanwhile */
};

struct entry {
	struct api_key_digest digest;
	struct limit_window window;
	UT_hash_handle hh;
};

struct shard {
	pthread_mutex_t mutex;
	struct entry *entries; /* owned, least recently begun window first */
};

struct limiter {
	struct shard shards[SHARD_COUNT];
};

static void advance(struct limit_window *window, int64_t index)
{
	if (index == window->index)
		return;
	window->previous = index == window->index + 1 ? window->count : 0;
	window->count = 0;
	window->index = index;
}

/* Contract section 1.1: when the refused request would pass, exactly. */
static int64_t retry_after_s(const struct limit_window *window, int64_t now_ms, int64_t limit)
{
	const int64_t length = LIMIT_WINDOW_MS;
	int64_t elapsed = now_ms % length;
	int64_t count = window->count;
	int64_t previous = window->previous;
	int64_t passes;
	if (count < limit) {
		double over = (double)(previous - (limit - count));
		passes = (int64_t)floor((double)length * over / (double)previous) + 1;
		if (passes < elapsed + 1)
			passes = elapsed + 1;
	} else {
		passes = length +
			 (int64_t)floor((double)length * (double)(count - limit) / (double)count) +
			 1;
	}
	int64_t seconds = (passes - elapsed + 999) / 1000;
	return seconds < 1 ? 1 : seconds;
}

/* Bring the window to this moment. Returns: what the one before it still weighs. */
static int64_t turn_to(struct limit_window *window, int64_t now_ms)
{
	int64_t index = now_ms / LIMIT_WINDOW_MS;
	/* A wall clock that went back counts on in the window it knows. */
	if (index < window->index && window->index - index <= 1)
		index = window->index;
	advance(window, index);
	double share = 1.0 - (double)(now_ms % LIMIT_WINDOW_MS) / (double)LIMIT_WINDOW_MS;
	return (int64_t)floor(share * (double)window->previous);
}

struct limit_verdict limit_window_take(struct limit_window *window, int64_t now_ms, int64_t limit)
{
	const int64_t length = LIMIT_WINDOW_MS;
	int64_t weighted = turn_to(window, now_ms);
	int64_t index = window->index;
	struct limit_verdict verdict = {
		.allowed = weighted + window->count < limit,
		.limit = limit,
		.reset_ms = (index + 1) * length,
		.index = index,
	};
	if (verdict.allowed) {
		window->count++;
		verdict.remaining = limit - (window->count + weighted);
	} else {
		verdict.retry_after_s = retry_after_s(window, now_ms, limit);
	}
	return verdict;
}

int64_t limit_window_used(struct limit_window window, int64_t now_ms)
{
	return turn_to(&window, now_ms) + window.count;
}

void limit_window_give_back(struct limit_window *window, int64_t index)
{
	if (index == window->index && window->count > 0)
		window->count--;
	else if (index + 1 == window->index && window->previous > 0)
		window->previous--;
}

/* NOLINTBEGIN(clang-analyzer-unix.Malloc): the analyzer does not follow uthash's links */

/* Takes: shard - locked, or nobody else's any more. */
static void entry_drop(struct shard *shard, struct entry *entry)
{
	HASH_DEL(shard->entries, entry);
	free(entry);
}

struct limiter *limiter_new(void)
{
	struct limiter *limiter = memory_zeroed(1, sizeof(*limiter));
	for (size_t i = 0; i < SHARD_COUNT; i++)
		ensure(pthread_mutex_init(&limiter->shards[i].mutex, NULL) == 0);
	return limiter;
}

void limiter_free(struct limiter *limiter)
{
	if (!limiter)
		return;
	for (size_t i = 0; i < SHARD_COUNT; i++) {
		struct entry *entry;
		struct entry *next;
		HASH_ITER (hh, limiter->shards[i].entries, entry, next) {
			entry_drop(&limiter->shards[i], entry);
		}
		(void)pthread_mutex_destroy(&limiter->shards[i].mutex);
	}
	free(limiter);
}

static struct shard *shard_of(struct limiter *limiter, const struct api_key_digest *digest)
{
	return &limiter->shards[digest->bytes[0] % SHARD_COUNT];
}

/* Takes: shard - locked. */
static void drop_old(struct shard *shard, int64_t index, int most)
{
	for (int i = 0; i < most; i++) {
		struct entry *oldest = shard->entries;
		if (!oldest || oldest->window.index >= index - 1)
			return;
		entry_drop(shard, oldest);
	}
}

/* Takes: shard - locked. */
static struct entry *entry_new(struct shard *shard)
{
	if (HASH_COUNT(shard->entries) >= SHARD_KEYS_MOST) {
		entry_drop(shard, shard->entries);
		metric_add(METRIC_LIMIT_EVICTED, 1);
	}
	return memory_zeroed(1, sizeof(struct entry));
}

/* NOLINTEND(clang-analyzer-unix.Malloc) */

/* Takes: shard - locked. Returns the entry, moved to the end when it begins a new window. */
static struct entry *entry_for(
	struct shard *shard, const struct api_key_digest *digest, int64_t index)
{
	struct entry *entry;
	HASH_FIND(hh, shard->entries, digest, sizeof(*digest), entry);
	if (entry && entry->window.index >= index)
		return entry;
	if (entry)
		HASH_DEL(shard->entries, entry);
	else
		entry = entry_new(shard);
	entry->digest = *digest;
	HASH_ADD(hh, shard->entries, digest, sizeof(entry->digest), entry);
	return entry;
}

struct limit_verdict limiter_take(
	struct limiter *limiter, const struct api_key_digest *digest, int64_t now_ms, int64_t limit)
{
	struct shard *shard = shard_of(limiter, digest);
	int64_t index = now_ms / LIMIT_WINDOW_MS;
	pthread_mutex_lock(&shard->mutex);
	struct entry *entry = entry_for(shard, digest, index);
	struct limit_verdict verdict = limit_window_take(&entry->window, now_ms, limit);
	drop_old(shard, index, DROP_MOST);
	pthread_mutex_unlock(&shard->mutex);
	return verdict;
}

int64_t limiter_used(struct limiter *limiter, const struct api_key_digest *digest, int64_t now_ms)
{
	struct shard *shard = shard_of(limiter, digest);
	struct entry *entry;
	pthread_mutex_lock(&shard->mutex);
	HASH_FIND(hh, shard->entries, digest, sizeof(*digest), entry);
	int64_t used = entry ? limit_window_used(entry->window, now_ms) : 0;
	pthread_mutex_unlock(&shard->mutex);
	return used;
}

void limiter_give_back(struct limiter *limiter, const struct api_key_digest *digest, int64_t index)
{
	struct shard *shard = shard_of(limiter, digest);
	struct entry *entry;
	pthread_mutex_lock(&shard->mutex);
	HASH_FIND(hh, shard->entries, digest, sizeof(*digest), entry);
	if (entry)
		limit_window_give_back(&entry->window, index);
	pthread_mutex_unlock(&shard->mutex);
}

void limiter_sweep(struct limiter *limiter, int64_t now_ms)
{
	for (size_t i = 0; i < SHARD_COUNT; i++) {
		pthread_mutex_lock(&limiter->shards[i].mutex);
		drop_old(&limiter->shards[i], now_ms / LIMIT_WINDOW_MS, SWEEP_MOST);
		pthread_mutex_unlock(&limiter->shards[i].mutex);
	}
}

size_t limiter_count(struct limiter *limiter)
{
	size_t count = 0;
	for (size_t i = 0; i < SHARD_COUNT; i++) {
		pthread_mutex_lock(&limiter->shards[i].mutex);
		count += HASH_COUNT(limiter->shards[i].entries);
		pthread_mutex_unlock(&limiter->shards[i].mutex);
	}
	return count;
}
