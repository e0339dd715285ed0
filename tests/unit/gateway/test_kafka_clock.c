/* SPDX-License-Identifier: Apache-2.0 */
/* The difference of two clocks, from stamps that fell between a queueing and a report. */
#include "gateway/kafka_clock.h"
#include "shared/clock.h"
#include "tests/unit/test.h"

enum { MS = 1000, S = 1000 * MS }; /* us */

/* Our clocks, and the broker's, in true time t: steady = t, wall = t + ours, broker = t + theirs. */
static const int64_t epoch_us = INT64_C(1700000000) * S;

static void hear(struct kafka_clock *clock, int64_t at_us, int64_t there_us, int64_t back_us,
	int64_t theirs_us)
{
	int64_t stamp_us = epoch_us + at_us + there_us + theirs_us;
	kafka_clock_hear(clock, at_us, at_us + there_us + back_us, stamp_us / MS);
}

static int64_t offset_at(const struct kafka_clock *clock, int64_t at_us, int64_t ours_us)
{
	int64_t offset_us = 0;
	ck_assert(kafka_clock_offset(clock, epoch_us + at_us + ours_us, at_us, &offset_us));
	return offset_us;
}

static void assert_near(int64_t got_us, int64_t wanted_us, int64_t most_us)
{
	ck_assert_msg(llabs(got_us - wanted_us) <= most_us, "%lld us, wanted %lld",
		(long long)got_us, (long long)wanted_us);
}

START_TEST(clocks_that_agree_have_no_offset)
{
	struct kafka_clock clock = {0};
	hear(&clock, 1 * S, 300, 300, 0);
	hear(&clock, 2 * S, 40 * MS, 1 * MS, 0);
	ck_assert_int_eq(offset_at(&clock, 2 * S, 0), 0);
}
END_TEST

START_TEST(ahead_is_positive_and_behind_is_negative)
{
	struct kafka_clock clock = {0};
	hear(&clock, 1 * S, 1 * MS, 1 * MS, 0);
	assert_near(offset_at(&clock, 1 * S, 500 * MS), 500 * MS, 3 * MS);
	assert_near(offset_at(&clock, 1 * S, -3 * S), -3 * S, 3 * MS);
}
END_TEST

START_TEST(slow_round_trips_raise_no_false_alarm_and_hide_nothing)
{
	struct kafka_clock clock = {0};
	hear(&clock, 1 * S, 2 * S, 1 * S, 0);
	ck_assert_int_eq(offset_at(&clock, 4 * S, 0), 0);
	hear(&clock, 1 * S, 1 * S, 2 * S, 0);
	ck_assert_int_eq(offset_at(&clock, 4 * S, 0), 0);
	/* One quick round trip among them is enough to see it. */
	hear(&clock, 4 * S, 1 * MS, 1 * MS, 0);
	hear(&clock, 2 * S, 2 * S, 1 * S, 0);
	assert_near(offset_at(&clock, 5 * S, 200 * MS), 200 * MS, 3 * MS);
}
END_TEST

START_TEST(our_clock_set_right_shows_without_another_event)
{
	struct kafka_clock clock = {0};
	hear(&clock, 1 * S, 1 * MS, 1 * MS, 0);
	assert_near(offset_at(&clock, 2 * S, 3 * S), 3 * S, 3 * MS);
	ck_assert_int_eq(offset_at(&clock, 3 * S, 0), 0);
}
END_TEST

START_TEST(the_brokers_clock_set_right_shows_within_two_windows)
{
	struct kafka_clock clock = {0};
	int64_t at_us = 1 * S;
	for (int i = 0; i < 50; i++, at_us += 100 * MS)
		hear(&clock, at_us, 1 * MS, 1 * MS, -2 * S);
	assert_near(offset_at(&clock, at_us, 0), 2 * S, 3 * MS);
	int64_t mended_us = at_us;
	for (; at_us < mended_us + 2 * KAFKA_CLOCK_WINDOW_MS * MS + 200 * MS; at_us += 100 * MS)
		hear(&clock, at_us, 1 * MS, 1 * MS, 0);
	ck_assert_int_eq(offset_at(&clock, at_us, 0), 0);
}
END_TEST

START_TEST(the_worst_of_two_brokers_counts)
{
	struct kafka_clock clock = {0};
	hear(&clock, 1 * S, 1 * MS, 1 * MS, 300 * MS);
	hear(&clock, 2 * S, 1 * MS, 1 * MS, -800 * MS);
	assert_near(offset_at(&clock, 2 * S, 0), 800 * MS, 3 * MS);
	assert_near(offset_at(&clock, 2 * S, -700 * MS), -1000 * MS, 3 * MS);
}
END_TEST

START_TEST(what_is_old_is_not_believed)
{
	struct kafka_clock clock = {0};
	int64_t offset_us = 0;
	ck_assert(!kafka_clock_offset(&clock, epoch_us, 1 * S, &offset_us));
	hear(&clock, 1 * S, 1 * MS, 1 * MS, 5 * S);
	int64_t late_us = 1 * S + KAFKA_CLOCK_TRUST_MS * INT64_C(1000);
	ck_assert(kafka_clock_offset(&clock, epoch_us + late_us, late_us, &offset_us));
	late_us += 10 * MS;
	ck_assert(!kafka_clock_offset(&clock, epoch_us + late_us, late_us, &offset_us));
}
END_TEST

TESTS("kafka_clock", clocks_that_agree_have_no_offset, ahead_is_positive_and_behind_is_negative,
	slow_round_trips_raise_no_false_alarm_and_hide_nothing,
	our_clock_set_right_shows_without_another_event,
	the_brokers_clock_set_right_shows_within_two_windows, the_worst_of_two_brokers_counts,
	what_is_old_is_not_believed)
