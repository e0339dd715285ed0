/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"
#include "worker/backfill_pace.h"

enum { SLOW_MS = 1000, US = 1000 };

static const struct backfill_live keeping_up = {.is_known = true};
static const struct backfill_live behind = {.is_known = true, .is_behind = true, .lag_records = 7};

START_TEST(the_rate_holds_within_5_percent_however_long_batches_take)
{
	static const int64_t busy_ms[] = {0, 3, 40, 99};
	for (size_t i = 0; i < sizeof(busy_ms) / sizeof(*busy_ms); i++) {
		struct backfill_pace *pace = backfill_pace_new(1000, SLOW_MS, 0);
		int64_t now_ms = 0;
		int64_t records = 0;
		while (now_ms < 10000) {
			int64_t batch = (int64_t)backfill_pace_batch(pace, 2000);
			now_ms += busy_ms[i];
			now_ms += backfill_pace_next(pace, batch, busy_ms[i] * US, now_ms).ms;
			records += batch;
		}
		ck_assert_int_ge(records, 9500);
		ck_assert_int_le(records, 10500);
		backfill_pace_free(pace);
	}
}
END_TEST

START_TEST(two_lanes_share_one_rate)
{
	struct backfill_pace *pace = backfill_pace_new(1000, SLOW_MS, 0);
	int64_t free_ms[2] = {0, 0};
	int64_t records = 0;
	while (free_ms[0] < 10000 || free_ms[1] < 10000) {
		int64_t *lane = &free_ms[free_ms[1] < free_ms[0]];
		*lane += backfill_pace_next(pace, 100, 5 * US, *lane + 5).ms + 5;
		records += 100;
	}
	ck_assert_int_ge(records, 9500);
	ck_assert_int_le(records, 10500);
	backfill_pace_free(pace);
}
END_TEST

START_TEST(time_that_was_lost_is_made_up_for_a_short_while)
{
	struct backfill_pace *pace = backfill_pace_new(1000, SLOW_MS, 0);
	ck_assert_int_eq(backfill_pace_next(pace, 900, 0, 60000).ms, 0);
	ck_assert_int_eq(backfill_pace_next(pace, 100, 0, 60000).ms, 0);
	ck_assert_int_eq(backfill_pace_next(pace, 100, 0, 60000).ms, 100);
	backfill_pace_free(pace);
}
END_TEST

START_TEST(a_batch_has_a_share_of_a_second_and_a_record_at_least)
{
	struct backfill_pace *slow = backfill_pace_new(5, SLOW_MS, 0);
	struct backfill_pace *fast = backfill_pace_new(1000000, SLOW_MS, 0);
	struct backfill_pace *free_one = backfill_pace_new(0, SLOW_MS, 0);
	ck_assert_uint_eq(backfill_pace_batch(slow, 2000), 1);
	ck_assert_uint_eq(backfill_pace_batch(fast, 2000), 2000);
	ck_assert_uint_eq(backfill_pace_batch(free_one, 2000), 2000);
	ck_assert_int_eq(backfill_pace_next(free_one, 2000, 30 * US, 1).ms, 0);
	backfill_pace_free(slow);
	backfill_pace_free(fast);
	backfill_pace_free(free_one);
}
END_TEST

START_TEST(it_yields_by_half_while_live_workers_are_behind_and_comes_back)
{
	struct backfill_pace *pace = backfill_pace_new(0, SLOW_MS, 0);
	backfill_pace_look(pace, &behind);
	struct backfill_pause pause = backfill_pace_next(pace, 1, 30 * US, 0);
	ck_assert_int_eq(pause.ms, 30);
	ck_assert_int_eq(pause.why, BACKFILL_HELD_THROTTLE);
	backfill_pace_look(pace, &behind);
	ck_assert_int_eq(backfill_pace_next(pace, 1, 30 * US, 0).ms, 90);
	ck_assert_int_eq(backfill_pace_speed(pace).live.lag_records, 7);
	for (int i = 0; i < 50; i++)
		backfill_pace_look(pace, &behind);
	ck_assert_int_eq(backfill_pace_next(pace, 1, 30 * US, 0).ms, 30 * 63);
	ck_assert_int_eq(backfill_pace_next(pace, 1, 30000 * US, 0).ms, 10000);
	backfill_pace_look(pace, &keeping_up); /* the batch of 30 s is too slow */
	for (int i = 0; i < 18; i++)
		backfill_pace_look(pace, &keeping_up);
	ck_assert_int_eq(backfill_pace_next(pace, 1, 30 * US, 0).ms, 4);
	backfill_pace_look(pace, &keeping_up);
	ck_assert_int_eq(backfill_pace_next(pace, 1, 30 * US, 0).ms, 0);
	backfill_pace_free(pace);
}
END_TEST

START_TEST(it_yields_while_postgres_is_slow)
{
	static const struct backfill_live unknown = {.is_known = false};
	struct backfill_pace *pace = backfill_pace_new(0, SLOW_MS, 0);
	(void)backfill_pace_next(pace, 1, 999 * US, 0);
	backfill_pace_look(pace, &unknown);
	ck_assert(!backfill_pace_speed(pace).postgres_is_slow);
	(void)backfill_pace_next(pace, 1, 1001 * US, 0);
	(void)backfill_pace_next(pace, 1, 1 * US, 0);
	backfill_pace_look(pace, &unknown);
	ck_assert(backfill_pace_speed(pace).postgres_is_slow);
	ck_assert(backfill_pace_speed(pace).share == 0.5);
	backfill_pace_free(pace);
}
END_TEST

START_TEST(what_took_the_most_time_is_what_holds_it_back)
{
	struct backfill_pace *pace = backfill_pace_new(0, SLOW_MS, 0);
	backfill_pace_spent(pace, BACKFILL_HELD_KAFKA, 5 * US);
	backfill_pace_spent(pace, BACKFILL_HELD_POSTGRES, 4 * US);
	backfill_pace_look(pace, &keeping_up);
	ck_assert_str_eq(backfill_held_name(backfill_pace_speed(pace).held), "kafka");
	backfill_pace_look(pace, &behind);
	ck_assert_str_eq(backfill_held_name(backfill_pace_speed(pace).held), "kafka");
	backfill_pace_spent(pace, BACKFILL_HELD_POSTGRES, 4 * US);
	(void)backfill_pace_next(pace, 1, 5 * US, 0);
	backfill_pace_look(pace, &behind);
	ck_assert_str_eq(backfill_held_name(backfill_pace_speed(pace).held), "throttle");
	backfill_pace_free(pace);
}
END_TEST

TESTS("backfill_pace", the_rate_holds_within_5_percent_however_long_batches_take,
	two_lanes_share_one_rate, time_that_was_lost_is_made_up_for_a_short_while,
	a_batch_has_a_share_of_a_second_and_a_record_at_least,
	it_yields_by_half_while_live_workers_are_behind_and_comes_back,
	it_yields_while_postgres_is_slow, what_took_the_most_time_is_what_holds_it_back)
