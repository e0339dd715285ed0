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

/* What one load brought; never changed after. Keys that were begun before keep an older one. */
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
	struct key_lookup *early; /* look-ups that began after the load, linked by next */
	size_t early_count;
	struct legacy_rows *rows; /* NULL: not loaded yet */
	bool too_many;            /* the first load found more than `most` */
	bool loading;             /* a thread does */
	int64_t loaded_ms;        /* when the last load began, steady clock */
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

/* What becomes of a key that no loaded business has: it may belong to one that was not loaded. */
static enum error verdict_of_none(const struct key_legacy *legacy, const struct legacy_rows *rows)
{
	return is_too_many(legacy, rows) ? E_KEYS_UNAVAILABLE : E_INVALID_API_KEY;
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
			log_text("advice", rows->total ? "each goes with its next request, or run "
							 "intake-gateway key regenerate"
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
	int64_t now_ms = clock_steady_ms();
	(void)pthread_mutex_lock(&legacy->lock);
	if (legacy->load_at_ms > now_ms + LOAD_AGAIN_MS)
		legacy->load_at_ms = now_ms + LOAD_AGAIN_MS;
	int64_t suppressed = log_limit_take(&legacy->log_limit, now_ms);
	(void)pthread_mutex_unlock(&legacy->lock);
	if (suppressed >= 0)
		log_warn("keys.legacy_failed", log_text("error", error_name(failure->error)),
			log_text("detail", failure->detail), log_int("suppressed", suppressed));
}

/* ---- the look-ups */

static void answer_all(struct key_legacy *legacy, struct key_lookup *lookup, enum error error)
{
	while (lookup) {
		struct key_lookup *next = lookup->next;
		lookup->error = error;
		if (error == E_KEYS_UNAVAILABLE)
			metric_add(METRIC_KEY_LEGACY_REFUSED, 1);
		legacy->answered(lookup);
		lookup = next;
	}
}

/* Takes: lock held. No load before the last one is KEY_LEGACY_LOAD_LEAST_MS ago. */
static void load_soon(struct key_legacy *legacy)
{
	int64_t at_ms = legacy->loaded_ms + KEY_LEGACY_LOAD_LEAST_MS;
	if (at_ms >= legacy->load_at_ms)
		return;
	legacy->load_at_ms = at_ms;
	(void)pthread_cond_broadcast(&legacy->work);
}

/* Takes: lock held. */
static enum error wait_for_load(struct key_legacy *legacy, struct key_lookup *lookup)
{
	if (legacy->early_count >= KEY_LEGACY_EARLY_MOST)
		return E_KEYS_UNAVAILABLE;
	lookup->next = legacy->early;
	legacy->early = lookup;
	legacy->early_count++;
	load_soon(legacy);
	return E_PENDING;
}

/* Takes: lock held. ret_refused - look-ups that made room, linked by next, to be answered. */
static enum error submit(
	struct key_legacy *legacy, struct key_lookup *lookup, struct key_lookup **ret_refused)
{
	const struct legacy_rows *rows = legacy->rows;
	if (atomic_load(&legacy->stopping))
		return E_KEYS_UNAVAILABLE;
	if (!rows || rows->sequence < lookup->sequence)
		return wait_for_load(legacy, lookup);
	if (rows->count == 0)
		return verdict_of_none(legacy, rows);
	struct key_lookup *refused = key_attempts_add(&legacy->attempts, lookup, clock_steady_ms());
	if (refused == lookup)
		return E_KEYS_UNAVAILABLE;
	*ret_refused = refused;
	(void)pthread_cond_broadcast(&legacy->work);
	return E_PENDING;
}

enum error key_legacy_submit(struct key_legacy *legacy, struct key_lookup *lookup)
{
	struct key_lookup *refused = NULL;
	if (legacy->most == 0)
		return E_INVALID_API_KEY;
	(void)pthread_mutex_lock(&legacy->lock);
	enum error error = submit(legacy, lookup, &refused);
	(void)pthread_mutex_unlock(&legacy->lock);
	if (error == E_KEYS_UNAVAILABLE)
		metric_add(METRIC_KEY_LEGACY_REFUSED, 1);
	answer_all(legacy, refused, E_KEYS_UNAVAILABLE);
	return error;
}

static struct key_lookup *take_early(struct key_legacy *legacy)
{
	(void)pthread_mutex_lock(&legacy->lock);
	struct key_lookup *early = legacy->early;
	legacy->early = NULL;
	legacy->early_count = 0;
	(void)pthread_mutex_unlock(&legacy->lock);
	return early;
}

/* Load, and go on with those that waited for it. */
static void reload(struct legacy_thread *self)
{
	struct key_legacy *legacy = self->legacy;
	struct failure failure = {0};
	enum error error = load(legacy, self->store, &failure);
	if (error)
		log_trouble(legacy, &failure);
	struct key_lookup *lookup = take_early(legacy);
	if (error)
		answer_all(legacy, lookup, E_KEYS_UNAVAILABLE);
	while (lookup && !error) {
		struct key_lookup *next = lookup->next;
		lookup->error = key_legacy_submit(legacy, lookup);
		if (lookup->error != E_PENDING)
			legacy->answered(lookup);
		lookup = next;
	}
	(void)pthread_mutex_lock(&legacy->lock);
	legacy->loading = false;
	(void)pthread_mutex_unlock(&legacy->lock);
}

/* ---- one key against one business */

/* The key is this business's: from now on its digest says so. */
static enum error adopt(struct legacy_thread *self, const struct legacy_key *legacy_key,
	const struct key_lookup *lookup)
{
	char business_id[UUID_TEXT_LEN + 1];
	struct failure failure = {0};
	enum error error = key_store_open(self->store, &failure);
	if (!error)
		error = key_store_remember(
			self->store, legacy_key, lookup->key, &lookup->digest, &failure);
	key_store_close(self->store);
	if (error && error != E_INVALID_API_KEY) {
		log_trouble(self->legacy, &failure);
		return E_KEYS_UNAVAILABLE;
	}
	if (error)
		return error;
	uuid_format(business_id, &legacy_key->business_id);
	log_info("keys.legacy_adopted", log_text("business_id", business_id));
	(void)pthread_mutex_lock(&self->legacy->lock);
	load_soon(self->legacy);
	(void)pthread_mutex_unlock(&self->legacy->lock);
	return OK;
}

static enum error try_row(struct legacy_thread *self, const struct legacy_key *legacy_key,
	const struct key_lookup *lookup)
{
	metric_add(METRIC_KEY_LEGACY_HASHES, 1);
	enum error error =
		api_key_verify(lookup->key, span_from(legacy_key->stored, API_KEY_STORED_LEN));
	if (error == OK)
		return adopt(self, legacy_key, lookup);
	return error == E_INVALID_API_KEY ? error : E_KEYS_UNAVAILABLE;
}

/* Answer all that wait for this key, and free its place. */
static void finish(struct key_legacy *legacy, struct key_attempt *attempt)
{
	(void)pthread_mutex_lock(&legacy->lock);
	const struct key_attempt ended = *attempt;
	struct key_lookup *lookup = key_attempts_end(attempt);
	uint64_t sequence = ended.rows ? ended.rows->sequence : 0;
	rows_release(ended.rows);
	(void)pthread_mutex_unlock(&legacy->lock);
	while (lookup) {
		struct key_lookup *next = lookup->next;
		bool came_later = lookup->sequence > sequence;
		lookup->next = NULL;
		lookup->grant = ended.grant;
		answer_all(legacy, lookup,
			ended.error == E_INVALID_API_KEY && came_later ? E_KEYS_UNAVAILABLE
								       : ended.error);
		lookup = next;
	}
}

/* Takes: lock held. Over at once where the last business was taken over while the key waited. */
static void begin(struct key_legacy *legacy, struct key_attempt *attempt)
{
	attempt->rows = legacy->rows;
	attempt->rows->users++;
	if (attempt->rows->count > 0) {
		key_attempts_begin(
			&legacy->attempts, attempt, attempt->rows->count, clock_steady_ms());
		return;
	}
	attempt->ended = true;
	attempt->error = verdict_of_none(legacy, attempt->rows);
}

/* Takes: lock held. The next business of the attempt, and one thread more on it. */
static const struct legacy_key *begin_row(struct key_attempt *attempt)
{
	ensure(attempt->rows_left > 0);
	attempt->threads++;
	return &attempt->rows->keys[attempt->rows->count - attempt->rows_left--];
}

/* Takes: lock held. True: the attempt is over, and the caller the last on it. */
static bool end_row(struct key_legacy *legacy, struct key_attempt *attempt,
	const struct legacy_key *legacy_key, enum error error)
{
	attempt->threads--;
	if (error != E_INVALID_API_KEY && !attempt->ended) {
		attempt->ended = true;
		attempt->error = error;
		attempt->grant = (struct key_grant){.business_id = legacy_key->business_id,
			.requests_per_minute = legacy_key->requests_per_minute};
	}
	if (!attempt->ended && attempt->rows_left == 0 && attempt->threads == 0) {
		attempt->ended = true;
		attempt->error = verdict_of_none(legacy, attempt->rows);
	}
	return attempt->ended && attempt->threads == 0;
}

/* ---- the threads */

enum work_kind { WORK_STOP, WORK_LOAD, WORK_ROW, WORK_FINISH };

struct work {
	enum work_kind kind;
	struct key_attempt *attempt;
	const struct legacy_key *legacy_key; /* ROW */
};

/* Takes: lock held. False: there is nothing to do now. */
static bool find_work(struct key_legacy *legacy, int64_t now_ms, struct work *ret_work)
{
	if (!legacy->loading && now_ms >= legacy->load_at_ms) {
		legacy->loading = true;
		legacy->loaded_ms = now_ms;
		legacy->load_at_ms = now_ms + KEY_LEGACY_RELOAD_MS;
		*ret_work = (struct work){.kind = WORK_LOAD};
		return true;
	}
	struct key_attempt *best = key_attempts_best(&legacy->attempts, now_ms);
	struct key_attempt *overdue = key_attempts_overdue(&legacy->attempts, best, now_ms);
	if (overdue) {
		overdue->ended = true;
		overdue->error = E_KEYS_UNAVAILABLE;
		*ret_work = (struct work){.kind = WORK_FINISH, .attempt = overdue};
		return true;
	}
	if (!best)
		return false;
	if (!best->begun)
		begin(legacy, best);
	*ret_work = (struct work){.kind = WORK_FINISH, .attempt = best};
	if (!best->ended)
		*ret_work = (struct work){
			.kind = WORK_ROW, .attempt = best, .legacy_key = begin_row(best)};
	return true;
}

static struct work await_work(struct key_legacy *legacy)
{
	struct work work = {.kind = WORK_STOP};
	(void)pthread_mutex_lock(&legacy->lock);
	while (!atomic_load(&legacy->stopping)) {
		int64_t now_ms = clock_steady_ms();
		if (find_work(legacy, now_ms, &work))
			break;
		struct timespec until = clock_steady_after(legacy->load_at_ms - now_ms);
		(void)pthread_cond_clockwait(&legacy->work, &legacy->lock, CLOCK_MONOTONIC, &until);
	}
	(void)pthread_mutex_unlock(&legacy->lock);
	return work;
}

static void do_row(struct legacy_thread *self, const struct work *work)
{
	struct key_legacy *legacy = self->legacy;
	enum error error = try_row(self, work->legacy_key, work->attempt->first);
	(void)pthread_mutex_lock(&legacy->lock);
	bool is_over = end_row(legacy, work->attempt, work->legacy_key, error);
	(void)pthread_mutex_unlock(&legacy->lock);
	if (is_over)
		finish(legacy, work->attempt);
}

static void *thread_main(void *user)
{
	struct legacy_thread *self = user;
	/* A slow hash takes no time from the event loops. */
	(void)setpriority(PRIO_PROCESS, (id_t)gettid(), LEGACY_NICENESS);
	for (;;) {
		struct work work = await_work(self->legacy);
		switch (work.kind) {
		case WORK_STOP:
			return NULL;
		case WORK_LOAD:
			reload(self);
			key_store_close(self->store);
			break;
		case WORK_ROW:
			do_row(self, &work);
			break;
		case WORK_FINISH:
			finish(self->legacy, work.attempt);
			break;
		}
	}
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
	legacy->load_at_ms = error ? 0 : clock_steady_ms() + KEY_LEGACY_RELOAD_MS;
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
	answer_all(legacy, take_early(legacy), E_KEYS_UNAVAILABLE);
	for (size_t i = 0; i < KEY_ATTEMPTS_MOST; i++) {
		legacy->attempts.places[i].error = E_KEYS_UNAVAILABLE;
		finish(legacy, &legacy->attempts.places[i]);
	}
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
