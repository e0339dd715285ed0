/* SPDX-License-Identifier: Apache-2.0 */
/* key_pool - the threads that look keys up, and the queue before them. */
#include "gateway/key_pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

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

/* Look-ups in the order they came. */
struct queue {
	struct key_lookup *first;
	struct key_lookup *last;
	size_t count;
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
	struct queue known;
	struct queue unknown;
	bool stopping;
	atomic_bool up;
	atomic_bool was_up;
	struct pool_thread threads[KEY_POOL_THREADS];
};

static void queue_add(struct queue *queue, struct key_lookup *lookup)
{
	lookup->next = NULL;
	if (queue->last)
		queue->last->next = lookup;
	else
		queue->first = lookup;
	queue->last = lookup;
	queue->count++;
}

static void queue_take(struct queue *queue, struct batch *batch)
{
	while (queue->first && batch->count < KEY_STORE_BATCH_MOST) {
		struct key_lookup *lookup = queue->first;
		queue->first = lookup->next;
		if (!queue->first)
			queue->last = NULL;
		queue->count--;
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
		batch.count = 0;
		(void)pthread_mutex_lock(&pool->lock);
		queue_take(&pool->known, &batch);
		queue_take(&pool->unknown, &batch);
		(void)pthread_mutex_unlock(&pool->lock);
		answer_failed(self, &batch);
	} while (batch.count > 0);
}

static void set_up(struct pool_thread *self)
{
	self->failures = 0;
	atomic_store(&self->pool->was_up, true);
	if (atomic_exchange(&self->pool->up, true))
		return;
	metric_set(METRIC_KEY_POSTGRES_UP, 1);
	log_info("keys.postgres_up");
}

static void log_trouble(struct pool_thread *self, const char *event, const struct failure *failure)
{
	int64_t suppressed = log_limit_take(&self->log_limit, clock_steady_ms());
	if (suppressed >= 0)
		log_warn(event, log_text("error", error_name(failure->error)),
			log_text("detail", failure->detail), log_int("suppressed", suppressed));
}

static void set_down(struct pool_thread *self, const struct failure *failure)
{
	self->failures++;
	atomic_store(&self->pool->up, false);
	metric_set(METRIC_KEY_POSTGRES_UP, 0);
	log_trouble(self, "keys.postgres_down", failure);
	answer_all_failed(self);
}

/* Sleep before the next try to connect. */
static void back_off(struct pool_thread *self)
{
	struct key_pool *pool = self->pool;
	struct timespec until = clock_steady_after(key_store_backoff_ms(self->failures));
	(void)pthread_mutex_lock(&pool->lock);
	/* A submit may wake it early: then it tries early, which does no harm. */
	if (!pool->stopping)
		(void)pthread_cond_clockwait(&pool->work, &pool->lock, CLOCK_MONOTONIC, &until);
	(void)pthread_mutex_unlock(&pool->lock);
}

/* Wait for look-ups, or until uses are to be noted. False: stopping. */
static bool take_work(struct pool_thread *self, struct batch *batch)
{
	struct key_pool *pool = self->pool;
	bool timed = self->used_count > 0;
	struct timespec until = clock_steady_after(self->mark_at_ms - clock_steady_ms());
	batch->count = 0;
	(void)pthread_mutex_lock(&pool->lock);
	while (!pool->stopping && pool->known.count + pool->unknown.count == 0) {
		if (!timed)
			(void)pthread_cond_wait(&pool->work, &pool->lock);
		else if (pthread_cond_clockwait(
				 &pool->work, &pool->lock, CLOCK_MONOTONIC, &until) != 0)
			break;
	}
	queue_take(&pool->known, batch);
	queue_take(&pool->unknown, batch);
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
		answer_failed(self, batch);
		set_down(self, &failure);
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
	atomic_store(&pool->up, false);
	for (size_t i = 0; i < KEY_POOL_THREADS; i++)
		(void)pthread_join(pool->threads[i].thread, NULL);
	answer_all_failed(&pool->threads[0]);
	for (size_t i = 0; i < KEY_POOL_THREADS; i++)
		key_store_free(pool->threads[i].store);
	(void)pthread_cond_destroy(&pool->work);
	(void)pthread_mutex_destroy(&pool->lock);
	free(pool);
}

enum error key_pool_submit(struct key_pool *pool, struct key_lookup *lookup)
{
	enum error error = E_KEYS_UNAVAILABLE;
	struct queue *queue = lookup->known ? &pool->known : &pool->unknown;
	(void)pthread_mutex_lock(&pool->lock);
	if (atomic_load(&pool->up) && !pool->stopping && queue->count < KEY_POOL_QUEUE_MOST) {
		queue_add(queue, lookup);
		(void)pthread_cond_signal(&pool->work);
		error = OK;
	}
	(void)pthread_mutex_unlock(&pool->lock);
	if (error)
		metric_add(METRIC_KEY_LOOKUPS_REFUSED, 1);
	return error;
}

bool key_pool_was_up(const struct key_pool *pool)
{
	return atomic_load(&pool->was_up);
}
