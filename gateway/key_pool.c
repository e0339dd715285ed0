/* SPDX-License-Identifier: Apache-2.0 */
/* key_pool - the threads that look keys up, and the queues before them. */
#include "gateway/key_pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

#include "gateway/key_queue.h"
#include "gateway/key_store.h"
#include "gateway/metrics.h"
#include "shared/clock.h"
#include "shared/ensure.h"
#include "shared/log.h"
#include "shared/memory.h"

enum {
	MARK_USED_EVERY_MS = 5000,
	LOG_EVERY_MS = 10 * 1000,
	ASK_AGAIN_WITHIN_MS = 500, /* a query that failed so fast met a connection that was dead */
};

struct batch {
	struct key_lookup *lookups[KEY_STORE_BATCH_MOST];
	size_t count;
};

/* One thread. Its own, but for what start and stop do. */
struct pool_thread {
	struct key_pool *pool;
	pthread_t thread;
	struct key_store *store;
	bool is_up;        /* it could ask, the last time that it tried */
	unsigned failures; /* in a row */
	struct log_limit log_limit;
	struct api_key_digest used[KEY_STORE_BATCH_MOST]; /* keys whose use is to be noted */
	size_t used_count;
	int64_t mark_at_ms;
};

struct key_pool {
	void (*answered)(struct key_lookup *lookup);
	pthread_mutex_t lock;
	pthread_cond_t work; /* something waits, or stopping */
	struct key_queue queues[KEY_RANK_COUNT];
	int64_t gathered_at_ms; /* when a query may be made for gathered keys, steady clock */
	bool stopping;
	unsigned up_threads; /* one is enough */
	atomic_bool was_up;
	struct pool_thread threads[KEY_POOL_THREADS];
};

/* As much as a query asks for. Takes: lock held. */
static void take_batch(struct key_pool *pool, struct batch *batch)
{
	struct key_lookup *lookup;
	batch->count = 0;
	for (size_t rank = 0; rank < KEY_RANK_COUNT; rank++) {
		while (batch->count < KEY_STORE_BATCH_MOST &&
			(lookup = key_queue_take(&pool->queues[rank])))
			batch->lookups[batch->count++] = lookup;
	}
}

static void answer(struct pool_thread *self, const struct batch *batch)
{
	int64_t now_us = clock_steady_us();
	for (size_t i = 0; i < batch->count; i++) {
		struct key_lookup *lookup = batch->lookups[i];
		metric_observe(
			METRIC_KEY_LOOKUP_SECONDS, (double)(now_us - lookup->asked_us) / 1e6);
		metric_add(lookup->error == OK                  ? METRIC_KEY_LOOKUPS_KNOWN
			   : lookup->error == E_INVALID_API_KEY ? METRIC_KEY_LOOKUPS_UNKNOWN
								: METRIC_KEY_LOOKUPS_FAILED,
			1);
		if (lookup->error == OK && lookup->use_is_news &&
			self->used_count < KEY_STORE_BATCH_MOST)
			self->used[self->used_count++] = lookup->digest;
		self->pool->answered(lookup);
	}
}

static void answer_failed(struct pool_thread *self, struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		batch->lookups[i]->error = E_KEYS_UNAVAILABLE;
	answer(self, batch);
}

/* Whoever waits would wait in vain. */
static void answer_all_failed(struct pool_thread *self)
{
	struct key_pool *pool = self->pool;
	struct batch batch;
	do {
		(void)pthread_mutex_lock(&pool->lock);
		take_batch(pool, &batch);
		(void)pthread_mutex_unlock(&pool->lock);
		answer_failed(self, &batch);
	} while (batch.count > 0);
}

/* Returns: whether that is news for the pool: the first thread that is up, or the last that was. */
static bool note_up(struct pool_thread *self, bool is_up)
{
	struct key_pool *pool = self->pool;
	(void)pthread_mutex_lock(&pool->lock);
	bool was_up = pool->up_threads > 0;
	pool->up_threads = pool->up_threads - self->is_up + is_up;
	bool is_news = was_up != (pool->up_threads > 0);
	if (is_news)
		metric_set(METRIC_KEY_POSTGRES_UP, is_up);
	(void)pthread_mutex_unlock(&pool->lock);
	self->is_up = is_up;
	return is_news;
}

static void set_up(struct pool_thread *self)
{
	self->failures = 0;
	atomic_store(&self->pool->was_up, true);
	if (note_up(self, true))
		log_info("keys.postgres_up");
}

static void log_trouble(struct pool_thread *self, const char *event, const struct failure *failure)
{
	int64_t suppressed = log_limit_take(&self->log_limit, clock_steady_ms());
	if (suppressed >= 0)
		log_warn(event, log_text("error", error_name(failure->error)),
			log_text("detail", failure->detail), log_int("suppressed", suppressed));
}

/* What waits is left to the others while there are any. */
static void set_down(struct pool_thread *self, const struct failure *failure)
{
	self->failures++;
	log_trouble(self, "keys.postgres_down", failure);
	if (note_up(self, false))
		answer_all_failed(self);
}

/* Sleep before the next try to connect, whatever comes meanwhile. */
static void back_off(struct pool_thread *self)
{
	struct key_pool *pool = self->pool;
	struct timespec until = clock_steady_after(key_store_backoff_ms(self->failures));
	int code = 0;
	(void)pthread_mutex_lock(&pool->lock);
	while (!pool->stopping && code == 0)
		code = pthread_cond_clockwait(&pool->work, &pool->lock, CLOCK_MONOTONIC, &until);
	(void)pthread_mutex_unlock(&pool->lock);
}

static bool is_gathered(size_t rank)
{
	return rank != KEY_RANK_KNOWN;
}

/* When a thread has something to ask; INT64_MAX: nothing waits. Takes: lock held. */
static int64_t due_ms(const struct key_pool *pool)
{
	int64_t due_ms = INT64_MAX;
	for (size_t rank = 0; rank < KEY_RANK_COUNT; rank++) {
		if (pool->queues[rank].count > 0 && !is_gathered(rank))
			return 0;
		if (pool->queues[rank].count > 0)
			due_ms = pool->gathered_at_ms;
	}
	return due_ms;
}

/* Takes: lock held; at_ms - INT64_MAX: no end. */
static void wait_until(struct key_pool *pool, int64_t at_ms, int64_t now_ms)
{
	struct timespec until;
	if (at_ms == INT64_MAX) {
		(void)pthread_cond_wait(&pool->work, &pool->lock);
		return;
	}
	until = clock_steady_after(at_ms - now_ms);
	(void)pthread_cond_clockwait(&pool->work, &pool->lock, CLOCK_MONOTONIC, &until);
}

/* Wait for look-ups, or until uses are to be noted (then none). False: stopping. */
static bool take_work(struct pool_thread *self, struct batch *batch)
{
	struct key_pool *pool = self->pool;
	int64_t mark_at_ms = self->used_count > 0 ? self->mark_at_ms : INT64_MAX;
	int64_t now_ms = clock_steady_ms();
	batch->count = 0;
	(void)pthread_mutex_lock(&pool->lock);
	while (!pool->stopping && now_ms < mark_at_ms && now_ms < due_ms(pool)) {
		int64_t work_at_ms = due_ms(pool);
		wait_until(pool, work_at_ms < mark_at_ms ? work_at_ms : mark_at_ms, now_ms);
		now_ms = clock_steady_ms();
	}
	if (pool->stopping || now_ms >= due_ms(pool)) {
		take_batch(pool, batch);
		pool->gathered_at_ms = now_ms + KEY_POOL_GATHER_MS;
	}
	bool stopping = pool->stopping;
	(void)pthread_mutex_unlock(&pool->lock);
	return !stopping || batch->count > 0;
}

static enum error ask(struct pool_thread *self, const struct batch *batch, struct failure *failure)
{
	int64_t asked_ms = clock_steady_ms();
	metric_add(METRIC_KEY_QUERIES, 1);
	enum error error = key_store_find(self->store, batch->lookups, batch->count, failure);
	if (!error || clock_steady_ms() - asked_ms > ASK_AGAIN_WITHIN_MS)
		return error;
	error = key_store_open(self->store, failure);
	return error ? error : key_store_find(self->store, batch->lookups, batch->count, failure);
}

static void look_up(struct pool_thread *self, struct batch *batch)
{
	struct failure failure = {0};
	if (batch->count == 0)
		return;
	if (ask(self, batch, &failure) == OK) {
		set_up(self);
		answer(self, batch);
	} else {
		/* In this order: who is told and asks again does not meet a pool that seems up. */
		set_down(self, &failure);
		answer_failed(self, batch);
	}
}

/* A use that could not be noted is noted at a later one. */
static void mark_used(struct pool_thread *self)
{
	struct failure failure = {0};
	int64_t now_ms = clock_steady_ms();
	bool full = self->used_count == KEY_STORE_BATCH_MOST;
	if (self->used_count == 0 || (now_ms < self->mark_at_ms && !full) ||
		!key_store_is_open(self->store))
		return;
	if (key_store_mark_used(self->store, self->used, self->used_count, &failure))
		log_trouble(self, "keys.mark_used_failed", &failure);
	self->used_count = 0;
	self->mark_at_ms = now_ms + MARK_USED_EVERY_MS;
}

static bool is_stopping(struct key_pool *pool)
{
	(void)pthread_mutex_lock(&pool->lock);
	bool stopping = pool->stopping;
	(void)pthread_mutex_unlock(&pool->lock);
	return stopping;
}

static void connect_store(struct pool_thread *self)
{
	struct failure failure = {0};
	if (key_store_open(self->store, &failure) == OK) {
		set_up(self);
		return;
	}
	set_down(self, &failure);
	back_off(self);
}

static void *thread_main(void *user)
{
	struct pool_thread *self = user;
	struct batch batch;
	while (!is_stopping(self->pool)) {
		if (!key_store_is_open(self->store)) {
			connect_store(self);
		} else if (take_work(self, &batch)) {
			look_up(self, &batch);
			mark_used(self);
		}
	}
	return NULL;
}

struct key_pool *key_pool_start(
	const char *database_url, void (*answered)(struct key_lookup *lookup))
{
	struct key_pool *pool = memory_zeroed(1, sizeof(*pool));
	pool->answered = answered;
	ensure(pthread_mutex_init(&pool->lock, NULL) == 0);
	ensure(pthread_cond_init(&pool->work, NULL) == 0);
	for (size_t rank = 0; rank < KEY_RANK_COUNT; rank++)
		key_queue_init(&pool->queues[rank], KEY_POOL_QUEUE_MOST);
	for (size_t i = 0; i < KEY_POOL_THREADS; i++) {
		struct pool_thread *self = &pool->threads[i];
		self->pool = pool;
		self->log_limit.every_ms = LOG_EVERY_MS;
		self->store = key_store_new(database_url, "intake-gateway keys");
		ensure(pthread_create(&self->thread, NULL, thread_main, self) == 0);
	}
	return pool;
}

void key_pool_stop(struct key_pool *pool)
{
	if (!pool)
		return;
	(void)pthread_mutex_lock(&pool->lock);
	pool->stopping = true;
	(void)pthread_cond_broadcast(&pool->work);
	(void)pthread_mutex_unlock(&pool->lock);
	for (size_t i = 0; i < KEY_POOL_THREADS; i++)
		(void)pthread_join(pool->threads[i].thread, NULL);
	answer_all_failed(&pool->threads[0]);
	for (size_t i = 0; i < KEY_POOL_THREADS; i++)
		key_store_free(pool->threads[i].store);
	(void)pthread_cond_destroy(&pool->work);
	(void)pthread_mutex_destroy(&pool->lock);
	free(pool);
}

/* Takes: lock held. Returns: who is to be refused, NULL: nobody. */
static struct key_lookup *submit(struct key_pool *pool, struct key_lookup *lookup)
{
	struct key_queue *queue = &pool->queues[lookup->rank];
	if (pool->up_threads == 0 || pool->stopping)
		return lookup;
	/* Others are being gathered already: a thread knows when to ask for them. */
	bool is_told = is_gathered(lookup->rank) && queue->count > 0;
	struct key_lookup *refused = key_queue_add(queue, lookup);
	if (!is_told)
		(void)pthread_cond_broadcast(&pool->work);
	return refused;
}

enum error key_pool_submit(struct key_pool *pool, struct key_lookup *lookup)
{
	(void)pthread_mutex_lock(&pool->lock);
	struct key_lookup *refused = submit(pool, lookup);
	(void)pthread_mutex_unlock(&pool->lock);
	if (!refused)
		return OK;
	metric_add(METRIC_KEY_LOOKUPS_REFUSED, 1);
	if (refused == lookup)
		return E_KEYS_UNAVAILABLE;
	refused->error = E_KEYS_UNAVAILABLE;
	pool->answered(refused);
	return OK;
}

bool key_pool_was_up(const struct key_pool *pool)
{
	return atomic_load(&pool->was_up);
}
