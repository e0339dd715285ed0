/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_view - how far a job is, how fast it goes and what holds it back, as all who tell it need it. */
#ifndef INTAKE_WORKER_BACKFILL_VIEW_H
#define INTAKE_WORKER_BACKFILL_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/buf.h"
#include "worker/backfill_pace.h"

/* How far a partition is, by whomever. */
struct backfill_bar {
	int32_t partition;
	int64_t offsets;
	int64_t done;
	bool at_work;
};

struct backfill_view {
	const char *job; /* borrowed, as all here */
	int64_t offsets;
	int64_t done;
	int64_t per_second; /* of all processes; -1: not known so far */
	int64_t rate;       /* of this process, as it was asked for; 0: none */
	struct backfill_speed speed;
	const struct backfill_bar *bars; /* those that have offsets, by partition; may be none */
	size_t bar_count;
};

/* Done in the last seconds, so that the speed jumps with no batch. All zero has seen nothing. */
enum { SPEEDOMETER_LOOKS = 32 };
struct speedometer {
	struct {
		int64_t ms;
		int64_t done;
	} looks[SPEEDOMETER_LOOKS]; /* a ring */
	size_t count;
};

/* Takes: now_ms - steady clock, later than at the look before. */
void speedometer_look(struct speedometer *meter, int64_t done, int64_t now_ms);

/* Offsets a second; -1: there was only one look. */
int64_t speedometer_speed(const struct speedometer *meter);

/* Seconds to go at this speed, pauses and all; -1: nobody knows. */
int64_t backfill_view_left_s(const struct backfill_view *view);

/* Percent, rounded down: 100 is the end. */
int backfill_view_percent(int64_t done, int64_t offsets);

/* Add what holds it back now, in a few words: "waits for Postgres", "throttled to 25 %: ...". */
void backfill_view_held(const struct backfill_view *view, struct buf *out);

/* Add a line about all of it, without its end. */
void backfill_view_line(const struct backfill_view *view, struct buf *out);

#endif
