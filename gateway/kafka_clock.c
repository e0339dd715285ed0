/* SPDX-License-Identifier: Apache-2.0 */
/* kafka_clock - how far our wall clock is from the brokers'. */
#include "gateway/kafka_clock.h"

#include <stdlib.h>

#include "shared/clock.h"

#define WINDOW_US (KAFKA_CLOCK_WINDOW_MS * CLOCK_US_PER_MS)
#define TRUST_US (KAFKA_CLOCK_TRUST_MS * CLOCK_US_PER_MS)

static const struct kafka_clock_bounds unbounded = {INT64_MIN, INT64_MAX};

static void tighten(struct kafka_clock_bounds *bounds, const struct kafka_clock_bounds *by)
{
	if (by->least_us > bounds->least_us)
		bounds->least_us = by->least_us;
	if (by->most_us < bounds->most_us)
		bounds->most_us = by->most_us;
}

static void turn_window(struct kafka_clock *clock, int64_t steady_us)
{
	bool follows = steady_us < clock->window_ends_us + WINDOW_US;
	clock->before = follows && clock->window_ends_us ? clock->now : unbounded;
	clock->now = unbounded;
	clock->window_ends_us = steady_us + WINDOW_US;
}

void kafka_clock_hear(
	struct kafka_clock *clock, int64_t queued_us, int64_t reported_us, int64_t stamp_ms)
{
	const struct kafka_clock_bounds heard = {
		.least_us = stamp_ms * CLOCK_US_PER_MS - reported_us,
		.most_us = (stamp_ms + 1) * CLOCK_US_PER_MS - queued_us,
	};
	if (reported_us >= clock->window_ends_us)
		turn_window(clock, reported_us);
	tighten(&clock->now, &heard);
	struct kafka_clock_bounds both = clock->now;
	tighten(&both, &clock->before);
	atomic_store_explicit(&clock->least_us, both.least_us, memory_order_relaxed);
	atomic_store_explicit(&clock->most_us, both.most_us, memory_order_relaxed);
	atomic_store_explicit(&clock->heard_us, reported_us, memory_order_release);
}

bool kafka_clock_offset(
	const struct kafka_clock *clock, int64_t wall_us, int64_t steady_us, int64_t *ret_offset_us)
{
	int64_t heard_us = atomic_load_explicit(&clock->heard_us, memory_order_acquire);
	if (!heard_us || steady_us - heard_us > TRUST_US)
		return false;
	int64_t ours_us = wall_us - steady_us;
	int64_t ahead_us = ours_us - atomic_load_explicit(&clock->most_us, memory_order_relaxed);
	int64_t behind_us = atomic_load_explicit(&clock->least_us, memory_order_relaxed) - ours_us;
	if (ahead_us <= 0 && behind_us <= 0)
		*ret_offset_us = 0;
	else
		*ret_offset_us = ahead_us > behind_us ? ahead_us : -behind_us;
	return true;
}
