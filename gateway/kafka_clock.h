/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kafka_clock - how far our wall clock is from the brokers'.
 *
 * Design notes. A broker stamps an event (LogAppendTime) after we queued it and before we had its
 * report, so each report bounds the broker's clock in terms of our steady one: a slow round trip makes the
 * bounds wider, never wrong. The tightest of the last seconds are kept, and our wall clock is compared
 * with them when somebody asks: so a wall clock that is set right (or wrong) shows at once, also where
 * nothing is posted any more. What is older than KAFKA_CLOCK_TRUST_MS is not believed: else a gateway that
 * gets no requests because it is not ready would never learn that a broker's clock was mended.
 */
#ifndef INTAKE_GATEWAY_KAFKA_CLOCK_H
#define INTAKE_GATEWAY_KAFKA_CLOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	KAFKA_CLOCK_WINDOW_MS = 5000, /* a bound counts for this long, and at most twice that */
	KAFKA_CLOCK_TRUST_MS = 60 * 1000,
};

/* Broker's wall clock minus our steady clock. */
struct kafka_clock_bounds {
	int64_t least_us;
	int64_t most_us;
};

/* One an event loop; a zeroed one has heard nothing. */
struct kafka_clock {
	struct kafka_clock_bounds now; /* of the window that runs */
	struct kafka_clock_bounds before;
	int64_t window_ends_us;
	_Atomic int64_t least_us; /* of both, for other threads */
	_Atomic int64_t most_us;
	_Atomic int64_t heard_us; /* steady clock; 0: never */
};

/*
 * A broker stamped an event.
 *
 * Takes:  queued_us, reported_us - steady clock; stamp_ms - the broker's wall clock, rounded down.
 * Thread: the loop's.
 */
void kafka_clock_hear(
	struct kafka_clock *clock, int64_t queued_us, int64_t reported_us, int64_t stamp_ms);

/*
 * Our wall clock minus the broker's: positive where ours is ahead. It is at least so far off; 0 where they
 * may agree. Where brokers differ among themselves, the worst counts.
 *
 * Takes:   wall_us, steady_us - both of now.
 * Returns: whether it is known; ret_offset_us is set then.
 * Thread:  any.
 */
bool kafka_clock_offset(const struct kafka_clock *clock, int64_t wall_us, int64_t steady_us,
	int64_t *ret_offset_us);

#endif
