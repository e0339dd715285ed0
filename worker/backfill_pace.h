/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backfill_pace - how fast a backfill may go: its own rate, and room for live traffic.
 *
 * Design notes. The throttle is a share of the time: after a batch that kept Postgres busy for b ms at a
 * share of 1/4, nothing is sent for 3 b. It is halved whenever somebody looks and live workers are behind
 * their target, or Postgres takes longer for a batch than it should; it grows by a quarter when neither is so.
 * The rate is counted in records, on a clock that pauses push forward; who was held up makes up for a
 * short while only.
 *
 * Thread: any.
 */
#ifndef INTAKE_WORKER_BACKFILL_PACE_H
#define INTAKE_WORKER_BACKFILL_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum backfill_held {
	BACKFILL_HELD_KAFKA,    /* waits for records */
	BACKFILL_HELD_POSTGRES, /* waits for statements */
	BACKFILL_HELD_THROTTLE, /* makes room for live traffic */
	BACKFILL_HELD_RATE,     /* goes as fast as --rate says */
	BACKFILL_HELD_COUNT
};

struct backfill_pause {
	int64_t ms;
	enum backfill_held why;
};

/* What is known of the live workers. */
struct backfill_live {
	bool is_known;  /* Kafka has answered */
	bool is_behind; /* an event is older than the target, and a worker is there to apply it */
	int64_t lag_records; /* of the partitions that the group has committed */
};

/* What the pace was when somebody looked last. */
struct backfill_speed {
	double share; /* of the time that Postgres may be kept busy; 1: no throttle */
	enum backfill_held held;
	bool postgres_is_slow; /* why the share is what it is, beside the live workers */
	struct backfill_live live;
};

struct backfill_pace;

/*
 * Takes:   rate - records a second; 0: as fast as it goes. slow_ms - a batch for which Postgres takes longer
 *          is one too slow. now_ms - steady clock, as everywhere here.
 * Returns: owned (backfill_pace_free).
 */
struct backfill_pace *backfill_pace_new(int64_t rate, int64_t slow_ms, int64_t now_ms);

/* Takes NULL too. */
void backfill_pace_free(struct backfill_pace *pace);

/* How many records the next batch may have, at least 1. Takes: most - the setting. */
size_t backfill_pace_batch(const struct backfill_pace *pace, size_t most);

/*
 * A batch is done: how long to wait before the next one of the same lane, and why.
 *
 * Takes:   records - that were read for it. busy_us - how long Postgres took.
 * Returns: the pause, which is taken for spent; bounded.
 */
struct backfill_pause backfill_pace_next(
	struct backfill_pace *pace, int64_t records, int64_t busy_us, int64_t now_ms);

/* So long somebody waited for Kafka or Postgres. */
void backfill_pace_spent(struct backfill_pace *pace, enum backfill_held why, int64_t spent_us);

/* Decide anew, every few seconds. */
void backfill_pace_look(struct backfill_pace *pace, const struct backfill_live *live);

struct backfill_speed backfill_pace_speed(struct backfill_pace *pace);

/* For programs: "kafka". Static. */
const char *backfill_held_name(enum backfill_held held);

#endif
