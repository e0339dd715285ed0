/* SPDX-License-Identifier: Apache-2.0 */
/* lane - a thread that applies batches to Postgres, one at a time, in the order they came. */
#include "worker/lane.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "shared/clock.h"
#include "shared/ensure.h"
#include "shared/log.h"
#include "shared/memory.h"
#include "worker/apply.h"
#include "worker/metrics.h"

enum {
	LANE_NAME_BYTES = 48,
	LETTER_LINE_MS = 5000,
	/* A step behind its statement's time: giving a connection up, making one, waiting, dead letters. */
	STEP_SPARE_MS = 60 * 1000,
	LOOK_EVERY_MS = 2000, /* in a quiet time: whether Postgres is there */
};

/* What a lane does next. */
enum turn {
	TURN_STOP,
	TURN_BATCH,
	TURN_HELD, /* try what is held */
	TURN_LOOK, /* whether Postgres is there */
};

struct lane {
	pthread_t thread;
	char name[LANE_NAME_BYTES];
	int wake_fd; /* the Kafka thread's */
	int stop_fd; /* owned; readable from lane_stop on */

	pthread_mutex_t mutex;
	pthread_cond_t handed; /* `waiting` or `stopping` has changed */
	struct batch *waiting;
	struct batch *current;
	struct batch *finished;
	int32_t *forgotten; /* owned; partitions */
	size_t forgotten_count;
	int32_t *parked; /* owned; partitions */
	atomic_size_t parked_count;
	bool stopping;
	atomic_bool connected;

	/* The lane's thread only, but for backoff_is_waiting. */
	struct backoff backoff;
	struct session session; /* its pulse is anybody's */
	struct applier applier;
	int64_t step_most_ms;
};

static void wake(const struct lane *lane)
{
	const uint64_t one = 1;
	/* Fails only where the counter is full, and then the reader is awake. */
	ssize_t written = write(lane->wake_fd, &one, sizeof(one));
	(void)written;
}

static void set_connected(void *user, bool connected)
{
	struct lane *lane = user;
	if (atomic_exchange(&lane->connected, connected) == connected)
		return;
	metric_gauge_add(METRIC_LANES_CONNECTED, connected ? 1 : -1);
	if (connected)
		log_info("lane.connected", log_text("lane", lane->name));
	wake(lane);
}

/* What a lane waits for that holds too much. */
static const enum wait_reason held_reasons[HELD_KINDS] = {
	[HELD_LOCKED] = WAIT_LOCK, [HELD_PARKED] = WAIT_CIRCUIT};

/* Under the mutex. */
static bool is_forgotten(const struct lane *lane, int32_t partition)
{
	for (size_t i = 0; i < lane->forgotten_count; i++) {
		if (lane->forgotten[i] == partition)
			return true;
	}
	return false;
}

/* Under the mutex. */
static void leave_out_forgotten(struct lane *lane)
{
	size_t kept = 0;
	for (size_t i = 0; i < lane->parked_count; i++) {
		if (!is_forgotten(lane, lane->parked[i]))
			lane->parked[kept++] = lane->parked[i];
	}
	atomic_store(&lane->parked_count, kept);
}

/* Under the mutex, in the lane's thread: what the Kafka thread sees of what is held. */
static void show_parked(struct lane *lane)
{
	const struct held *held = &lane->applier.held[HELD_PARKED];
	size_t count = held_partitions(held, NULL, 0);
	lane->parked = memory_resize(lane->parked, count * sizeof(*lane->parked));
	atomic_store(&lane->parked_count, held_partitions(held, lane->parked, count));
	leave_out_forgotten(lane);
}

/* Under the mutex; before a batch is begun: it may have events of a later assignment. */
static void drop_forgotten(struct lane *lane)
{
	struct held *held = lane->applier.held;
	if (lane->forgotten_count == 0)
		return;
	for (size_t kind = 0; kind < HELD_KINDS; kind++) {
		for (size_t i = 0; i < lane->forgotten_count; i++)
			held_drop(&held[kind], lane->forgotten[i]);
		if (!held_is_full(&held[kind]))
			backoff_end(&lane->backoff, held_reasons[kind]);
	}
	lane->forgotten_count = 0;
	show_parked(lane);
}

/* What of the held is to be tried first; NULL: nothing is held. */
static const struct held *first_due(const struct lane *lane)
{
	const struct held *first = NULL;
	for (size_t i = 0; i < HELD_KINDS; i++) {
		const struct held *held = &lane->applier.held[i];
		if (!held_is_empty(held) && (!first || held->due_ms < first->due_ms))
			first = held;
	}
	return first;
}

static bool takes_more(const struct lane *lane)
{
	for (size_t i = 0; i < HELD_KINDS; i++) {
		if (held_is_full(&lane->applier.held[i]))
			return false;
	}
	return true;
}

/* Under the mutex: wait until there is something to do. Sets ret_kind with TURN_HELD only. */
static enum turn wait_for_turn(struct lane *lane, enum held_kind *ret_kind)
{
	drop_forgotten(lane);
	const struct held *held = first_due(lane);
	int64_t held_ms = held ? held_wait_ms(held, clock_steady_ms()) : LOOK_EVERY_MS;
	int64_t wait_ms = held_ms < LOOK_EVERY_MS ? held_ms : LOOK_EVERY_MS;
	struct timespec until = clock_steady_after(wait_ms);
	int timed_out = wait_ms == 0 ? ETIMEDOUT : 0;
	if (!lane->waiting)
		pulse_rest(&lane->session.pulse);
	while (!lane->stopping && !timed_out && !(lane->waiting && takes_more(lane)))
		timed_out = pthread_cond_timedwait(&lane->handed, &lane->mutex, &until);
	drop_forgotten(lane);
	int64_t now_ms = clock_steady_ms();
	pulse_step(&lane->session.pulse, now_ms);
	if (lane->stopping)
		return TURN_STOP;
	if (held && held_wait_ms(held, now_ms) == 0) {
		*ret_kind = held->kind;
		return TURN_HELD;
	}
	return lane->waiting && takes_more(lane) ? TURN_BATCH : TURN_LOOK;
}

/* Sets ret_batch with TURN_BATCH, ret_kind with TURN_HELD only. */
static enum turn take(struct lane *lane, struct batch **ret_batch, enum held_kind *ret_kind)
{
	pthread_mutex_lock(&lane->mutex);
	enum turn turn = wait_for_turn(lane, ret_kind);
	if (turn == TURN_BATCH) {
		*ret_batch = lane->current = lane->waiting;
		lane->waiting = NULL;
	}
	pthread_mutex_unlock(&lane->mutex);
	if (turn == TURN_BATCH)
		wake(lane);
	return turn;
}

static void finish(struct lane *lane, struct batch *batch)
{
	pthread_mutex_lock(&lane->mutex);
	if (lane->current == batch)
		lane->current = NULL;
	struct batch **last = &lane->finished;
	while (*last)
		last = &(*last)->next;
	*last = batch;
	batch->next = NULL;
	show_parked(lane);
	pthread_mutex_unlock(&lane->mutex);
	wake(lane);
}

/* Where too much is held still, the lane is one that waits. */
static bool try_held(struct lane *lane, enum held_kind kind)
{
	const struct held *held = &lane->applier.held[kind];
	struct batch *batch;
	if (apply_held(&lane->applier, kind, &batch))
		return false;
	finish(lane, batch);
	if (held_is_full(held))
		return backoff_wait(&lane->backoff, held_reasons[kind], &held->why);
	backoff_end(&lane->backoff, held_reasons[kind]);
	return true;
}

/* Returns: false: the lane is to stop. */
static bool take_turn(struct lane *lane)
{
	struct batch *batch = NULL;
	enum held_kind kind;
	switch (take(lane, &batch, &kind)) {
	case TURN_STOP:
		return false;
	case TURN_HELD:
		return try_held(lane, kind);
	case TURN_LOOK:
		return session_look(&lane->session);
	case TURN_BATCH:
		break;
	}
	if (apply_batch(&lane->applier, batch))
		return false;
	finish(lane, batch);
	return true;
}

static void *lane_main(void *user)
{
	struct lane *lane = user;
	(void)pthread_setname_np(pthread_self(), "lane"); /* for top -H, and who looks for it */
	if (session_connect(&lane->session)) {
		while (take_turn(lane))
			;
	}
	session_disconnect(&lane->session);
	for (size_t i = 0; i < HELD_KINDS; i++)
		held_fini(&lane->applier.held[i]);
	return NULL;
}

/* Its waits end by the steady clock. */
static void make_condition(pthread_cond_t *condition)
{
	pthread_condattr_t attributes;
	ensure(pthread_condattr_init(&attributes) == 0);
	ensure(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
	ensure(pthread_cond_init(condition, &attributes) == 0);
	(void)pthread_condattr_destroy(&attributes);
}

static void set_up(struct lane *lane, const struct worker_config *config)
{
	const struct worker_settings *settings = &config->worker;
	lane->step_most_ms = settings->statement_timeout_ms + STEP_SPARE_MS;
	backoff_init(&lane->backoff, lane->name, lane->stop_fd);
	lane->session = (struct session){
		.options =
			{
				.url = config->postgres.url,
				.name = lane->name,
				.timeout_ms = (int)settings->statement_timeout_ms,
				.stop_fd = lane->stop_fd,
			},
		.backoff = &lane->backoff,
		.on_change = set_connected,
		.user = lane,
	};
	lane->applier = (struct applier){
		.session = &lane->session,
		.dead_letters = dead_letters_new(&config->kafka),
		.backoff = &lane->backoff,
		.circuit =
			{
				.share_percent = (size_t)settings->max_dead_share,
				.least = (size_t)settings->dead_least,
				.window = (size_t)settings->dead_window,
			},
		.letter_line = {.every_ms = LETTER_LINE_MS},
		.held =
			{
				[HELD_LOCKED] = {.kind = HELD_LOCKED, .lane = lane->name},
				[HELD_PARKED] = {.kind = HELD_PARKED, .lane = lane->name},
			},
	};
}

struct lane *lane_start(const struct worker_config *config, size_t index, int wake_fd)
{
	struct lane *lane = memory_zeroed(1, sizeof(*lane));
	(void)snprintf(lane->name, sizeof(lane->name), "intake-worker lane %zu", index + 1);
	lane->wake_fd = wake_fd;
	lane->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ensure(pthread_mutex_init(&lane->mutex, NULL) == 0);
	make_condition(&lane->handed);
	set_up(lane, config);
	if (lane->stop_fd >= 0 && pthread_create(&lane->thread, NULL, lane_main, lane) == 0)
		return lane;
	if (lane->stop_fd >= 0)
		(void)close(lane->stop_fd);
	dead_letters_free(lane->applier.dead_letters);
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
	batch_free(lane->waiting);
	batch_free(lane->current); /* given up half-way: it is read again */
	free_list(lane->finished);
	dead_letters_free(lane->applier.dead_letters);
	free(lane->forgotten);
	free(lane->parked);
	(void)close(lane->stop_fd);
	(void)pthread_cond_destroy(&lane->handed);
	(void)pthread_mutex_destroy(&lane->mutex);
	free(lane);
}

enum lane_state lane_state(struct lane *lane)
{
	enum lane_state state = LANE_IDLE;
	pthread_mutex_lock(&lane->mutex);
	if (lane->waiting)
		state = LANE_FULL;
	else if (lane->current)
		state = LANE_BUSY;
	pthread_mutex_unlock(&lane->mutex);
	return state;
}

bool lane_is_working(const struct lane *lane)
{
	return atomic_load(&lane->connected) && !backoff_is_waiting(&lane->backoff);
}

bool lane_is_stuck(const struct lane *lane, int64_t now_ms)
{
	return pulse_is_stuck(&lane->session.pulse, now_ms, lane->step_most_ms);
}

/* Under the mutex; each partition once, however often it comes and goes. */
static void note_forgotten(struct lane *lane, int32_t partition)
{
	if (is_forgotten(lane, partition))
		return;
	lane->forgotten = memory_resize(
		lane->forgotten, (lane->forgotten_count + 1) * sizeof(*lane->forgotten));
	lane->forgotten[lane->forgotten_count++] = partition;
}

void lane_forget(struct lane *lane, int32_t partition)
{
	pthread_mutex_lock(&lane->mutex);
	note_forgotten(lane, partition);
	leave_out_forgotten(lane);
	pthread_mutex_unlock(&lane->mutex);
}

size_t lane_parked(const struct lane *lane)
{
	return atomic_load(&lane->parked_count);
}

bool lane_has_parked(struct lane *lane, int32_t partition)
{
	bool found = false;
	pthread_mutex_lock(&lane->mutex);
	for (size_t i = 0; i < lane->parked_count && !found; i++)
		found = lane->parked[i] == partition;
	pthread_mutex_unlock(&lane->mutex);
	return found;
}

void lane_hand(struct lane *lane, struct batch *batch)
{
	pthread_mutex_lock(&lane->mutex);
	ensure(!lane->waiting);
	batch->next = NULL;
	lane->waiting = batch;
	if (!lane->current)
		pulse_step(&lane->session.pulse, clock_steady_ms());
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
