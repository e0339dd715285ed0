/* SPDX-License-Identifier: Apache-2.0 */
/* lane - a thread that applies batches to Postgres, one at a time, in the order they came. */
#include "worker/lane.h"

#include <poll.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "shared/clock.h"
#include "shared/ensure.h"
#include "shared/log.h"
#include "shared/memory.h"
#include "worker/metrics.h"
#include "worker/upsert.h"

enum {
	BACK_OFF_FIRST_MS = 50,
	BACK_OFF_MOST_MS = 5000,
	CONTENTION_TRIES = 4, /* of the same rows, before half of them are tried */
	WAITING_LINE_MS = 30 * 1000,
	LANE_NAME_BYTES = 48,
};

struct lane {
	pthread_t thread;
	const char *url;
	char name[LANE_NAME_BYTES];
	int wake_fd; /* the Kafka thread's */
	int stop_fd; /* owned; readable from lane_stop on */

	pthread_mutex_t mutex;
	pthread_cond_t handed; /* `waiting` or `stopping` has changed */
	struct batch *waiting;
	struct batch *current;
	struct batch *finished;
	bool stopping;
	bool connected;
	struct failure failure; /* error other than OK: failed */

	/* The lane's thread only. */
	struct upsert *upsert; /* owned; NULL: not connected */
	int64_t back_off_ms;
	struct log_limit waiting_line;
};

static void wake(const struct lane *lane)
{
	const uint64_t one = 1;
	/* Fails only where the counter is full, and then the reader is awake. */
	ssize_t written = write(lane->wake_fd, &one, sizeof(one));
	(void)written;
}

static void set_connected(struct lane *lane, bool connected)
{
	pthread_mutex_lock(&lane->mutex);
	bool changed = lane->connected != connected;
	lane->connected = connected;
	pthread_mutex_unlock(&lane->mutex);
	if (!changed)
		return;
	metric_gauge_add(METRIC_LANES_CONNECTED, connected ? 1 : -1);
	if (connected)
		log_info("lane.connected", log_text("lane", lane->name));
	wake(lane);
}

static void disconnect(struct lane *lane)
{
	upsert_close(lane->upsert);
	lane->upsert = NULL;
	set_connected(lane, false);
}

/* Sleep a while, longer each time, by chance between half and whole. False: the lane is to stop. */
static bool back_off(struct lane *lane, const struct failure *why)
{
	int64_t suppressed = log_limit_take(&lane->waiting_line, clock_steady_ms());
	if (suppressed >= 0)
		log_warn("lane.waiting", log_text("lane", lane->name),
			log_text("error", error_name(why->error)), log_text("reason", why->detail),
			log_int("suppressed", suppressed));
	int64_t half_ms = lane->back_off_ms / 2;
	int sleep_ms = (int)(half_ms + randombytes_uniform((uint32_t)half_ms + 1));
	struct pollfd stop = {.fd = lane->stop_fd, .events = POLLIN};
	lane->back_off_ms *= 2;
	if (lane->back_off_ms > BACK_OFF_MOST_MS)
		lane->back_off_ms = BACK_OFF_MOST_MS;
	return poll(&stop, 1, sleep_ms) <= 0;
}

static void back_off_ends(struct lane *lane)
{
	lane->back_off_ms = BACK_OFF_FIRST_MS;
	lane->waiting_line = (struct log_limit){.every_ms = WAITING_LINE_MS};
}

static enum error connect_once(struct lane *lane, struct failure *failure)
{
	if (lane->upsert)
		return OK;
	enum error error = upsert_open(lane->url, lane->name, &lane->upsert, failure);
	if (!error)
		set_connected(lane, true);
	return error;
}

/* Returns: OK; E_POSTGRES_AWAY: the lane is to stop; what needs somebody to act. */
static enum error connect_at_last(struct lane *lane, struct failure *failure)
{
	enum error error;
	while ((error = connect_once(lane, failure)) != OK && error_blame(error) == BLAME_BUSY) {
		metric_add(METRIC_RETRIES_OUTAGE, 1);
		if (!back_off(lane, failure))
			return error;
	}
	if (!error)
		back_off_ends(lane);
	return error;
}

static enum error apply_some(struct lane *lane, struct batch *batch, size_t at, size_t count)
{
	struct batch_outcome outcome = {0};
	int64_t started_us = clock_steady_us();
	enum error error = connect_once(lane, &batch->failure);
	if (!error)
		error = upsert_rows(lane->upsert, batch->rows + at, count, lane->stop_fd, &outcome,
			&batch->failure);
	if (error)
		return error;
	int64_t took_us = clock_steady_us() - started_us;
	metric_observe(METRIC_UPSERT_SECONDS, (double)took_us / 1e6);
	if (took_us > batch->outcome.slowest_us)
		batch->outcome.slowest_us = took_us;
	batch->outcome.inserted += outcome.inserted;
	batch->outcome.updated += outcome.updated;
	return OK;
}

/*
 * Apply the whole batch, however long Postgres is away. What is in the way of many rows at once
 * (contention) is tried again at once, then in halves; a single row that still waits is an outage.
 *
 * Returns: OK; E_POSTGRES_AWAY: the lane is to stop; what can never succeed.
 */
static enum error apply(struct lane *lane, struct batch *batch)
{
	size_t at = 0;
	size_t step = batch->row_count;
	int tries = 0;
	while (at < batch->row_count) {
		size_t left = batch->row_count - at;
		size_t count = step < left ? step : left;
		enum error error = apply_some(lane, batch, at, count);
		if (!error) {
			back_off_ends(lane);
			tries = 0;
			at += count;
			continue;
		}
		if (error_blame(error) != BLAME_BUSY)
			return error;
		if (error == E_POSTGRES_CONTENTION) {
			metric_add(METRIC_RETRIES_CONTENTION, 1);
			if (++tries < CONTENTION_TRIES)
				continue;
			tries = 0;
			step = (count + 1) / 2;
			if (count > 1)
				continue;
		} else {
			metric_add(METRIC_RETRIES_OUTAGE, 1);
			disconnect(lane);
		}
		if (!back_off(lane, &batch->failure))
			return E_POSTGRES_AWAY;
	}
	return OK;
}

/* Wait for a batch. NULL: the lane is to stop. */
static struct batch *take(struct lane *lane)
{
	pthread_mutex_lock(&lane->mutex);
	while (!lane->waiting && !lane->stopping)
		pthread_cond_wait(&lane->handed, &lane->mutex);
	struct batch *batch = lane->stopping ? NULL : lane->waiting;
	if (batch)
		lane->waiting = NULL;
	lane->current = batch;
	pthread_mutex_unlock(&lane->mutex);
	if (batch)
		wake(lane);
	return batch;
}

static void finish(struct lane *lane, struct batch *batch, enum error error)
{
	pthread_mutex_lock(&lane->mutex);
	batch->error = error;
	if (error)
		lane->failure = batch->failure;
	lane->current = NULL;
	struct batch **last = &lane->finished;
	while (*last)
		last = &(*last)->next;
	*last = batch;
	batch->next = NULL;
	pthread_mutex_unlock(&lane->mutex);
	wake(lane);
}

static void fail(struct lane *lane, const struct failure *failure)
{
	pthread_mutex_lock(&lane->mutex);
	lane->failure = *failure;
	pthread_mutex_unlock(&lane->mutex);
	wake(lane);
}

static void *lane_main(void *user)
{
	struct lane *lane = user;
	struct failure failure = {0};
	struct batch *batch;
	enum error error = connect_at_last(lane, &failure);
	if (error)
		fail(lane, &failure);
	while (!error && (batch = take(lane)) != NULL) {
		error = apply(lane, batch);
		finish(lane, batch, error);
	}
	disconnect(lane);
	return NULL;
}

struct lane *lane_start(const char *url, size_t index, int wake_fd)
{
	struct lane *lane = memory_zeroed(1, sizeof(*lane));
	lane->url = url;
	(void)snprintf(lane->name, sizeof(lane->name), "intake-worker lane %zu", index + 1);
	lane->wake_fd = wake_fd;
	lane->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ensure(pthread_mutex_init(&lane->mutex, NULL) == 0);
	ensure(pthread_cond_init(&lane->handed, NULL) == 0);
	back_off_ends(lane);
	if (lane->stop_fd >= 0 && pthread_create(&lane->thread, NULL, lane_main, lane) == 0)
		return lane;
	if (lane->stop_fd >= 0)
		(void)close(lane->stop_fd);
	free(lane);
	return NULL;
}

static void free_list(struct batch *batch)
{
	while (batch) {
		struct batch *next = batch->next;
		batch_free(batch);
		batch = next;
	}
}

void lane_stop(struct lane *lane)
{
	const uint64_t one = 1;
	if (!lane)
		return;
	pthread_mutex_lock(&lane->mutex);
	lane->stopping = true;
	pthread_cond_signal(&lane->handed);
	pthread_mutex_unlock(&lane->mutex);
	ensure(write(lane->stop_fd, &one, sizeof(one)) == (ssize_t)sizeof(one));
	ensure(pthread_join(lane->thread, NULL) == 0);
	free_list(lane->waiting);
	free_list(lane->finished);
	(void)close(lane->stop_fd);
	(void)pthread_cond_destroy(&lane->handed);
	(void)pthread_mutex_destroy(&lane->mutex);
	free(lane);
}

enum lane_state lane_state(struct lane *lane)
{
	enum lane_state state = LANE_IDLE;
	pthread_mutex_lock(&lane->mutex);
	if (lane->failure.error)
		state = LANE_FAILED;
	else if (lane->waiting)
		state = LANE_FULL;
	else if (lane->current)
		state = LANE_BUSY;
	pthread_mutex_unlock(&lane->mutex);
	return state;
}

void lane_failure(struct lane *lane, struct failure *ret_failure)
{
	pthread_mutex_lock(&lane->mutex);
	*ret_failure = lane->failure;
	pthread_mutex_unlock(&lane->mutex);
}

bool lane_is_connected(struct lane *lane)
{
	pthread_mutex_lock(&lane->mutex);
	bool connected = lane->connected;
	pthread_mutex_unlock(&lane->mutex);
	return connected;
}

void lane_hand(struct lane *lane, struct batch *batch)
{
	pthread_mutex_lock(&lane->mutex);
	ensure(!lane->waiting);
	batch->next = NULL;
	lane->waiting = batch;
	pthread_cond_signal(&lane->handed);
	pthread_mutex_unlock(&lane->mutex);
}

struct batch *lane_withdraw(struct lane *lane)
{
	pthread_mutex_lock(&lane->mutex);
	struct batch *batch = lane->waiting;
	lane->waiting = NULL;
	pthread_mutex_unlock(&lane->mutex);
	return batch;
}

struct batch *lane_collect(struct lane *lane)
{
	pthread_mutex_lock(&lane->mutex);
	struct batch *finished = lane->finished;
	lane->finished = NULL;
	pthread_mutex_unlock(&lane->mutex);
	return finished;
}
