/* SPDX-License-Identifier: Apache-2.0 */
/* key_legacy - businesses whose key is known by its slow hash only, as the web application makes them. */
#include "gateway/key_legacy.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "gateway/key_attempts.h"
#include "gateway/metrics.h"
#include "shared/clock.h"
#include "shared/ensure.h"
#include "shared/log.h"
#include "shared/memory.h"

enum {
	LOAD_AGAIN_MS = 5000, /* after a load that failed */
	LOG_EVERY_MS = 10 * 1000,
	LEGACY_NICENESS = 10,
};

/* What one load brought; never changed after. Two threads may be at work on two of them. */
struct legacy_rows {
	size_t users; /* under the lock */
	struct legacy_key *keys;
	size_t count;
	int64_t total;     /* more than count: too many, or some that are no stored hash */
	uint64_t sequence; /* of the cache, before the load */
};

struct legacy_thread {
	struct key_legacy *legacy;
	pthread_t thread;
	struct key_store *store; /* open while it is needed, which is rarely */
};

struct key_legacy {
	size_t most;
	struct key_cache *cache;
	void (*answered)(struct key_lookup *lookup);
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t work;  /* something waits, or stopping */
	struct key_attempts attempts;
	struct legacy_rows *rows; /* NULL: not loaded yet */
	bool too_many;            /* the first load found more than `most` */
	int64_t load_at_ms;
	struct log_limit log_limit;
	bool started;
	atomic_bool stopping;
	struct legacy_thread threads[KEY_LEGACY_THREADS];
};

/* ---- the businesses */

/* Takes: lock held. */
static void rows_release(struct legacy_rows *rows)
{
	if (!rows || --rows->users > 0)
		return;
	free(rows->keys);
	free(rows);
}

static bool is_too_many(const struct key_legacy *legacy, const struct legacy_rows *rows)
{
	return rows->total > (int64_t)legacy->most;
}

static void tell_left(
	const struct key_legacy *legacy, const struct legacy_rows *rows, int64_t left_before)
{
	metric_set(METRIC_KEY_LEGACY_LEFT, (double)rows->total);
	if (rows->total == left_before)
		return;
	if (is_too_many(legacy, rows))
		log_error("keys.legacy_too_many", log_int("left", rows->total),
			log_int("most", (int64_t)legacy->most),
			log_text("advice", "raise GATEWAY_LEGACY_KEYS_MAX or run key regenerate"));
	else
		log_info("keys.legacy_left", log_int("left", rows->total),
			log_text("advice",
				rows->total
					? "each goes with its next request, or run key regenerate"
					: "none: GATEWAY_LEGACY_KEYS_MAX can be 0"));
}

/* Takes: rows - taken, of one user: us. */
static void rows_replace(struct key_legacy *legacy, struct legacy_rows *rows)
{
	(void)pthread_mutex_lock(&legacy->lock);
	struct legacy_rows *old = legacy->rows;
	bool is_older = old && old->sequence > rows->sequence;
	if (!is_older) {
		tell_left(legacy, rows, old ? old->total : 0);
		legacy->rows = rows;
		legacy->too_many = legacy->too_many && is_too_many(legacy, rows);
	}
	legacy->load_at_ms = clock_steady_ms() + KEY_LEGACY_RELOAD_MS;
	rows_release(is_older ? rows : old);
	(void)pthread_mutex_unlock(&legacy->lock);
}

static enum error load(struct key_legacy *legacy, struct key_store *store, struct failure *failure)
{
	struct legacy_rows *rows = memory_zeroed(1, sizeof(*rows));
	rows->users = 1;
	rows->sequence = key_cache_sequence(legacy->cache);
	enum error error = key_store_open(store, failure);
	if (!error)
		error = key_store_load_legacy(
			store, legacy->most, &rows->keys, &rows->count, &rows->total, failure);
	if (error)
		free(rows);
	else
		rows_replace(legacy, rows);
	return error;
}

static void log_trouble(struct key_legacy *legacy, const struct failure *failure)
{
	(void)pthread_mutex_lock(&legacy->lock);
	legacy->load_at_ms = clock_steady_ms() + LOAD_AGAIN_MS;
	int64_t suppressed = log_limit_take(&legacy->log_limit, clock_steady_ms());
	(void)pthread_mutex_unlock(&legacy->lock);
	if (suppressed >= 0)
		log_warn("keys.legacy_failed", log_text("error", error_name(failure->error)),
			log_text("detail", failure->detail), log_int("suppressed", suppressed));
}

/* The businesses as they were at `sequence` or later; rows_release them. NULL: not to be had. */
static struct legacy_rows *rows_take(struct legacy_thread *self, uint64_t sequence)
{
	struct key_legacy *legacy = self->legacy;
	struct failure failure = {0};
	(void)pthread_mutex_lock(&legacy->lock);
	bool outdated = !legacy->rows || legacy->rows->sequence < sequence;
	(void)pthread_mutex_unlock(&legacy->lock);
	if (outdated && load(legacy, self->store, &failure)) {
		log_trouble(legacy, &failure);
		return NULL;
	}
	(void)pthread_mutex_lock(&legacy->lock);
	struct legacy_rows *rows = legacy->rows;
	rows->users++;
	(void)pthread_mutex_unlock(&legacy->lock);
	return rows;
}

/* ---- one key */

/* The key is this business's: from now on its digest says so. */
static enum error adopt(
	struct legacy_thread *self, const struct legacy_key *legacy_key, struct key_lookup *lookup)
{
	char business_id[UUID_TEXT_LEN + 1];
	struct failure failure = {0};
	enum error error = key_store_open(self->store, &failure);
	if (!error)
		error = key_store_remember(
			self->store, legacy_key, lookup->key, &lookup->digest, &failure);
	if (error && error != E_INVALID_API_KEY) {
		log_trouble(self->legacy, &failure);
		return E_KEYS_UNAVAILABLE;
	}
	if (error)
		return error;
	uuid_format(business_id, &legacy_key->business_id);
	log_info("keys.legacy_adopted", log_text("business_id", business_id));
	(void)pthread_mutex_lock(&self->legacy->lock);
	self->legacy->load_at_ms = clock_steady_ms();
	(void)pthread_mutex_unlock(&self->legacy->lock);
	lookup->grant = (struct key_grant){.business_id = legacy_key->business_id,
		.requests_per_minute = legacy_key->requests_per_minute};
	return OK;
}

/* Try the key against each business. Sets lookup->grant with OK. */
static enum error try_all(
	struct legacy_thread *self, const struct legacy_rows *rows, struct key_lookup *lookup)
{
	for (size_t i = 0; i < rows->count; i++) {
		const struct legacy_key *legacy_key = &rows->keys[i];
		if (atomic_load(&self->legacy->stopping))
			return E_KEYS_UNAVAILABLE;
		metric_add(METRIC_KEY_LEGACY_HASHES, 1);
		enum error error = api_key_verify(
			lookup->key, span_from(legacy_key->stored, API_KEY_STORED_LEN));
		if (error == OK)
			return adopt(self, legacy_key, lookup);
		if (error != E_INVALID_API_KEY)
			return E_KEYS_UNAVAILABLE;
	}
	/* It may belong to one that was not loaded. */
	return is_too_many(self->legacy, rows) ? E_KEYS_UNAVAILABLE : E_INVALID_API_KEY;
}

/* Answer all that wait for this key, and free its place. */
static void finish(struct key_legacy *legacy, struct key_attempt *attempt, enum error error,
	struct key_grant grant, uint64_t sequence)
{
	(void)pthread_mutex_lock(&legacy->lock);
	struct key_lookup *lookup = key_attempts_end(attempt);
	(void)pthread_mutex_unlock(&legacy->lock);
	while (lookup) {
		struct key_lookup *next = lookup->next;
		bool came_later = lookup->sequence > sequence;
		lookup->grant = grant;
		lookup->error =
			error == E_INVALID_API_KEY && came_later ? E_KEYS_UNAVAILABLE : error;
		legacy->answered(lookup);
		lookup = next;
	}
}

static void try_key(struct legacy_thread *self, struct key_attempt *attempt)
{
	struct key_legacy *legacy = self->legacy;
	struct key_lookup *lookup = attempt->first;
	struct legacy_rows *rows = NULL;
	enum error error = E_KEYS_UNAVAILABLE;
	uint64_t sequence = 0;
	if (clock_steady_ms() - attempt->since_ms < KEY_LEGACY_WAIT_MS)
		rows = rows_take(self, lookup->sequence);
	if (rows) {
		sequence = rows->sequence;
		error = try_all(self, rows, lookup);
	}
	struct key_grant grant = lookup->grant;
	finish(legacy, attempt, error, grant, sequence);
	(void)pthread_mutex_lock(&legacy->lock);
	rows_release(rows);
	(void)pthread_mutex_unlock(&legacy->lock);
}

/* ---- the queue */

/* Takes: lock held. */
static enum error submit(struct key_legacy *legacy, struct key_lookup *lookup)
{
	const struct legacy_rows *rows = legacy->rows;
	if (rows && rows->total == 0 && rows->sequence >= lookup->sequence)
		return E_INVALID_API_KEY;
	if (atomic_load(&legacy->stopping))
		return E_KEYS_UNAVAILABLE;
	/* With no business left it only has to be seen that this is so still. */
	bool costly = !rows || rows->total > 0;
	if (!key_attempts_add(&legacy->attempts, lookup, costly, clock_steady_ms()))
		return E_KEYS_UNAVAILABLE;
	(void)pthread_cond_signal(&legacy->work);
	return E_PENDING;
}

enum error key_legacy_submit(struct key_legacy *legacy, struct key_lookup *lookup)
{
	if (legacy->most == 0)
		return E_INVALID_API_KEY;
	(void)pthread_mutex_lock(&legacy->lock);
	enum error error = submit(legacy, lookup);
	(void)pthread_mutex_unlock(&legacy->lock);
	if (error == E_KEYS_UNAVAILABLE)
		metric_add(METRIC_KEY_LEGACY_REFUSED, 1);
	return error;
}

/* ---- the threads */

/* Wait for a key (set), or until the businesses should be loaded (NULL). False: stopping. */
static bool take_work(struct key_legacy *legacy, struct key_attempt **ret_attempt)
{
	struct key_attempt *attempt = NULL;
	(void)pthread_mutex_lock(&legacy->lock);
	while (!atomic_load(&legacy->stopping) &&
		!(attempt = key_attempts_next(&legacy->attempts))) {
		int64_t now_ms = clock_steady_ms();
		struct timespec until = clock_steady_after(legacy->load_at_ms - now_ms);
		if (now_ms >= legacy->load_at_ms) {
			/* The other thread need not. */
			legacy->load_at_ms = now_ms + KEY_LEGACY_RELOAD_MS;
			break;
		}
		(void)pthread_cond_clockwait(&legacy->work, &legacy->lock, CLOCK_MONOTONIC, &until);
	}
	(void)pthread_mutex_unlock(&legacy->lock);
	*ret_attempt = attempt;
	return attempt || !atomic_load(&legacy->stopping);
}

static void *thread_main(void *user)
{
	struct legacy_thread *self = user;
	struct failure failure = {0};
	struct key_attempt *attempt;
	/* A slow hash takes no time from the event loops. */
	(void)setpriority(PRIO_PROCESS, (id_t)gettid(), LEGACY_NICENESS);
	while (take_work(self->legacy, &attempt)) {
		if (attempt)
			try_key(self, attempt);
		else if (load(self->legacy, self->store, &failure))
			log_trouble(self->legacy, &failure);
		key_store_close(self->store);
	}
	return NULL;
}

struct key_legacy *key_legacy_new(const char *database_url, size_t most, struct key_cache *cache,
	void (*answered)(struct key_lookup *lookup))
{
	struct key_legacy *legacy = memory_zeroed(1, sizeof(*legacy));
	legacy->most = most;
	legacy->cache = cache;
	legacy->answered = answered;
	legacy->log_limit.every_ms = LOG_EVERY_MS;
	legacy->too_many = true; /* until a load says otherwise */
	key_attempts_init(&legacy->attempts);
	ensure(pthread_mutex_init(&legacy->lock, NULL) == 0);
	ensure(pthread_cond_init(&legacy->work, NULL) == 0);
	for (size_t i = 0; i < KEY_LEGACY_THREADS; i++) {
		legacy->threads[i].legacy = legacy;
		legacy->threads[i].store =
			key_store_new(database_url, "intake-gateway keys legacy");
	}
	return legacy;
}

enum error key_legacy_load(
	struct key_legacy *legacy, struct key_store *store, struct failure *failure)
{
	if (legacy->most == 0)
		return OK;
	enum error error = load(legacy, store, failure);
	if (error || !is_too_many(legacy, legacy->rows))
		return error;
	return failure_set(failure, E_CONFIG,
		"%lld businesses have a stored key hash and no digest, more than "
		"GATEWAY_LEGACY_KEYS_MAX=%zu: each of them makes an unknown key more costly. Raise "
		"it, "
		"give them new keys (intake-gateway key regenerate), or set it to 0 to leave them "
		"out",
		(long long)legacy->rows->total, legacy->most);
}

void key_legacy_start(struct key_legacy *legacy)
{
	legacy->started = legacy->most > 0;
	for (size_t i = 0; i < KEY_LEGACY_THREADS && legacy->started; i++)
		ensure(pthread_create(&legacy->threads[i].thread, NULL, thread_main,
			       &legacy->threads[i]) == 0);
}

void key_legacy_stop(struct key_legacy *legacy)
{
	if (!legacy)
		return;
	atomic_store(&legacy->stopping, true);
	(void)pthread_mutex_lock(&legacy->lock);
	(void)pthread_cond_broadcast(&legacy->work);
	(void)pthread_mutex_unlock(&legacy->lock);
	for (size_t i = 0; i < KEY_LEGACY_THREADS; i++) {
		if (legacy->started)
			(void)pthread_join(legacy->threads[i].thread, NULL);
		key_store_free(legacy->threads[i].store);
	}
	for (size_t i = 0; i < KEY_ATTEMPTS_MOST; i++)
		finish(legacy, &legacy->attempts.places[i], E_KEYS_UNAVAILABLE,
			(struct key_grant){0}, 0);
	rows_release(legacy->rows);
	(void)pthread_cond_destroy(&legacy->work);
	(void)pthread_mutex_destroy(&legacy->lock);
	free(legacy);
}

bool key_legacy_ready(struct key_legacy *legacy, struct buf *reasons)
{
	(void)pthread_mutex_lock(&legacy->lock);
	const struct legacy_rows *rows = legacy->rows;
	bool ready = legacy->most == 0 || (rows && !legacy->too_many);
	if (!ready && !rows)
		buf_add_text(reasons, "keys: Postgres has not told the legacy keys yet\n");
	else if (!ready)
		buf_printf(reasons,
			"keys: %lld legacy keys are more than GATEWAY_LEGACY_KEYS_MAX=%zu\n",
			(long long)rows->total, legacy->most);
	(void)pthread_mutex_unlock(&legacy->lock);
	return ready;
}
