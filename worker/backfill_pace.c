/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_pace - how fast a backfill may go: its own rate, and room for live traffic. */
#include "worker/backfill_pace.h"

#include <pthread.h>
#include <stdlib.h>

#include "shared/ensure.h"
#include "shared/memory.h"

enum {
	RATE_BATCHES = 10,     /* a second, at least, where the rate bounds it */
	CREDIT_MS = 1000,      /* of time that was lost is made up for */
	PAUSE_MOST_MS = 10000, /* of the throttle's */
	US_PER_MS = 1000,
	MS_PER_S = 1000,
};

#define SHARE_LEAST (1.0 / 64)
#define SHARE_FEWER 0.5
#define SHARE_MORE 1.25

struct backfill_pace {
	int64_t rate; /* 0: none */
	int64_t slow_us;
	pthread_mutex_t mutex; /* of all below */
	double due_ms;         /* steady clock; when the rate lets the next record go */
	int64_t slowest_us;    /* Postgres' answer since the last look */
	int64_t spent_us[BACKFILL_HELD_COUNT]; /* since the last look */
	struct backfill_speed speed;
};

struct backfill_pace *backfill_pace_new(int64_t rate, int64_t slow_ms, int64_t now_ms)
{
	struct backfill_pace *pace = memory_zeroed(1, sizeof(*pace));
	pace->rate = rate;
	pace->slow_us = slow_ms * US_PER_MS;
	pace->due_ms = (double)now_ms;
	pace->speed = (struct backfill_speed){.share = 1, .held = BACKFILL_HELD_POSTGRES};
	ensure(pthread_mutex_init(&pace->mutex, NULL) == 0);
	return pace;
}

void backfill_pace_free(struct backfill_pace *pace)
{
	if (!pace)
		return;
	(void)pthread_mutex_destroy(&pace->mutex);
	free(pace);
}

size_t backfill_pace_batch(const struct backfill_pace *pace, size_t most)
{
	size_t share = (size_t)pace->rate / RATE_BATCHES;
	if (!pace->rate || share >= most)
		return most;
	return share ? share : 1;
}

static int64_t rate_pause(struct backfill_pace *pace, int64_t records, int64_t now_ms)
{
	double oldest_ms = (double)(now_ms - CREDIT_MS);
	if (!pace->rate)
		return 0;
	if (pace->due_ms < oldest_ms)
		pace->due_ms = oldest_ms;
	pace->due_ms += (double)records * MS_PER_S / (double)pace->rate;
	return pace->due_ms > (double)now_ms ? (int64_t)(pace->due_ms - (double)now_ms) : 0;
}

static int64_t throttle_pause(const struct backfill_pace *pace, int64_t busy_us)
{
	double pause_ms = (double)busy_us / US_PER_MS * (1 / pace->speed.share - 1);
	return pause_ms < PAUSE_MOST_MS ? (int64_t)pause_ms : PAUSE_MOST_MS;
}

struct backfill_pause backfill_pace_next(
	struct backfill_pace *pace, int64_t records, int64_t busy_us, int64_t now_ms)
{
	(void)pthread_mutex_lock(&pace->mutex);
	struct backfill_pause pause = {rate_pause(pace, records, now_ms), BACKFILL_HELD_RATE};
	int64_t throttle_ms = throttle_pause(pace, busy_us);
	if (throttle_ms > pause.ms)
		pause = (struct backfill_pause){throttle_ms, BACKFILL_HELD_THROTTLE};
	if (busy_us > pace->slowest_us)
		pace->slowest_us = busy_us;
	pace->spent_us[pause.why] += pause.ms * US_PER_MS;
	(void)pthread_mutex_unlock(&pace->mutex);
	return pause;
}

void backfill_pace_spent(struct backfill_pace *pace, enum backfill_held why, int64_t spent_us)
{
	(void)pthread_mutex_lock(&pace->mutex);
	pace->spent_us[why] += spent_us;
	(void)pthread_mutex_unlock(&pace->mutex);
}

static void choose_share(struct backfill_speed *speed)
{
	bool yields = speed->live.is_behind || speed->postgres_is_slow;
	speed->share *= yields ? SHARE_FEWER : SHARE_MORE;
	if (speed->share < SHARE_LEAST)
		speed->share = SHARE_LEAST;
	if (speed->share > 1)
		speed->share = 1;
}

/* Where nothing took any time, it is what it was. */
static void choose_held(struct backfill_pace *pace)
{
	int64_t most_us = 0;
	for (int i = 0; i < BACKFILL_HELD_COUNT; i++) {
		if (pace->spent_us[i] > most_us) {
			most_us = pace->spent_us[i];
			pace->speed.held = (enum backfill_held)i;
		}
		pace->spent_us[i] = 0;
	}
}

void backfill_pace_look(struct backfill_pace *pace, const struct backfill_live *live)
{
	(void)pthread_mutex_lock(&pace->mutex);
	pace->speed.live = *live;
	pace->speed.postgres_is_slow = pace->slowest_us > pace->slow_us;
	pace->slowest_us = 0;
	choose_share(&pace->speed);
	choose_held(pace);
	(void)pthread_mutex_unlock(&pace->mutex);
}

struct backfill_speed backfill_pace_speed(struct backfill_pace *pace)
{
	(void)pthread_mutex_lock(&pace->mutex);
	struct backfill_speed speed = pace->speed;
	(void)pthread_mutex_unlock(&pace->mutex);
	return speed;
}

const char *backfill_held_name(enum backfill_held held)
{
	static const char *const names[] = {
		[BACKFILL_HELD_KAFKA] = "kafka",
		[BACKFILL_HELD_POSTGRES] = "postgres",
		[BACKFILL_HELD_THROTTLE] = "throttle",
		[BACKFILL_HELD_RATE] = "rate",
	};
	return names[held];
}
