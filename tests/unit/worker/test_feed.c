/* SPDX-License-Identifier: Apache-2.0 */
/* test_feed - when events are handed to a lane, and what becomes of them in a rebalance. */
#include "tests/unit/test.h"
#include "tests/unit/worker/fake_lane.h"
#include "tests/unit/worker/fake_record.h"
#include "worker/feed.h"
#include "worker/metrics.h"

enum { LANES = 2, ROWS = 4, BATCH_MS = 100 };

static struct lane *lanes[LANES];
static struct progress *progress;
static struct feed *feed;

static void set_up(size_t lane_count)
{
	const struct feed_limits limits = {.batch_rows = ROWS,
		.batch_bytes = 1 << 20,
		.batch_ms = BATCH_MS,
		.statement_ms = 1000};
	metrics_init(worker_metrics, worker_metric_count);
	for (size_t i = 0; i < LANES; i++)
		lanes[i] = fake_lane_new();
	progress = progress_new();
	feed = feed_new(&limits, lanes, lane_count, progress);
}

static void tear_down(void)
{
	feed_free(feed);
	progress_free(progress);
	for (size_t i = 0; i < LANES; i++)
		fake_lane_free(lanes[i]);
	metrics_fini();
}

static void assign(int32_t partition)
{
	(void)feed_assign(feed, partition);
	progress_assign(progress, partition, 0);
}

static void add(int32_t partition, int64_t offset)
{
	struct event event = {.contact = {.name = SPAN("Ada"), .email = SPAN("a@x.io")}};
	event.id.bytes[0] = (uint8_t)offset;
	event.business_id.bytes[0] = (uint8_t)partition;
	struct arena *arena = &feed_open_batch(feed, feed_lane_of(feed, partition))->arena;
	feed_add(feed, &event, fake_record(arena, partition, offset));
}

static void collect(void)
{
	feed_collect(feed, 0);
}

START_TEST(the_first_event_after_a_quiet_time_goes_at_once)
{
	set_up(1);
	assign(0);
	ck_assert(!feed_flush(feed, 0, 1000, false));
	add(0, 0);
	ck_assert_int_eq(feed_wait_ms(feed, 1000), 0);
	ck_assert(feed_flush(feed, 0, 1000, false));
	ck_assert_uint_eq(fake_lane_waiting(lanes[0])->event_count, 1);
	tear_down();
}
END_TEST

START_TEST(the_events_after_it_wait_for_each_other)
{
	set_up(1);
	assign(0);
	add(0, 0);
	ck_assert(feed_flush(feed, 0, 1000, false));
	fake_lane_begin(lanes[0]);
	fake_lane_finish(lanes[0]);
	collect();
	add(0, 1);
	ck_assert(!feed_flush(feed, 0, 1001, false));
	int64_t wait_ms = feed_wait_ms(feed, 1001);
	ck_assert_int_gt(wait_ms, BATCH_MS / 2);
	ck_assert_int_lt(wait_ms, BATCH_MS);
	add(0, 2);
	ck_assert(!feed_flush(feed, 0, 1000 + wait_ms, false));
	ck_assert(feed_flush(feed, 0, 1001 + wait_ms, false));
	ck_assert_uint_eq(fake_lane_waiting(lanes[0])->event_count, 2);
	tear_down();
}
END_TEST

START_TEST(a_busy_lane_is_handed_full_batches_only)
{
	set_up(1);
	assign(0);
	add(0, 0);
	ck_assert(feed_flush(feed, 0, 1000, false));
	fake_lane_begin(lanes[0]);
	for (int64_t offset = 1; offset < ROWS; offset++)
		add(0, offset);
	ck_assert(!feed_flush(feed, 0, 9000, false));
	ck_assert_int_eq(feed_wait_ms(feed, 9000), -1);
	add(0, ROWS);
	ck_assert(feed_flush(feed, 0, 9000, false));
	tear_down();
}
END_TEST

START_TEST(a_lane_with_a_batch_waiting_takes_no_more_than_fits_the_open_one)
{
	set_up(1);
	assign(0);
	for (int64_t offset = 0; offset < ROWS; offset++)
		add(0, offset);
	ck_assert(!feed_has_room(feed, 0));
	ck_assert(feed_flush(feed, 0, 1000, false));
	ck_assert(feed_has_room(feed, 0));
	for (int64_t offset = 0; offset < ROWS; offset++)
		add(0, ROWS + offset);
	ck_assert(!feed_flush(feed, 0, 9000, false));
	ck_assert(!feed_has_room(feed, 0));
	tear_down();
}
END_TEST

START_TEST(a_partition_goes_to_the_lane_that_has_fewest)
{
	set_up(2);
	ck_assert_uint_eq(feed_assign(feed, 0), 0);
	ck_assert_uint_eq(feed_assign(feed, 2), 1);
	ck_assert_uint_eq(feed_assign(feed, 4), 0);
	feed_revoke(feed, 0);
	feed_revoke(feed, 4);
	ck_assert_uint_eq(feed_assign(feed, 6), 0);
	ck_assert_uint_eq(feed_lane_of(feed, 2), 1);
	tear_down();
}
END_TEST

START_TEST(what_is_finished_moves_the_position_of_each_partition)
{
	set_up(1);
	assign(0);
	assign(1);
	add(0, 0);
	add(1, 50);
	add(0, 1);
	ck_assert(feed_flush(feed, 0, 1000, false));
	ck_assert_int_eq(progress_position(progress, 0), 0);
	fake_lane_begin(lanes[0]);
	fake_lane_finish(lanes[0]);
	collect();
	ck_assert_int_eq(progress_position(progress, 0), 2);
	ck_assert_int_eq(progress_position(progress, 1), 51);
	tear_down();
}
END_TEST

START_TEST(a_revoke_drops_what_no_lane_has_begun_and_nothing_else)
{
	set_up(1);
	assign(0);
	assign(1);
	add(0, 0);
	add(1, 0);
	ck_assert(feed_flush(feed, 0, 1000, false));
	add(0, 1);
	add(1, 1);
	feed_revoke(feed, 1);
	progress_revoke(progress, 1);
	ck_assert_uint_eq(fake_lane_waiting(lanes[0])->event_count, 1);
	ck_assert_uint_eq(fake_lane_waiting(lanes[0])->row_count, 1);
	ck_assert_uint_eq(feed_open_batch(feed, 0)->event_count, 1);
	fake_lane_begin(lanes[0]);
	fake_lane_finish(lanes[0]);
	collect();
	ck_assert_int_eq(progress_position(progress, 0), 1);
	tear_down();
}
END_TEST

/* Or each rebalance in a backlog would wait as long as it may. */
START_TEST(a_revoke_waits_for_what_is_in_flight_only)
{
	set_up(1);
	assign(0);
	add(0, 0);
	ck_assert(feed_flush(feed, 0, 1000, false));
	fake_lane_begin(lanes[0]);
	for (int64_t offset = 1; feed_has_room(feed, 0); offset++)
		add(0, offset);
	ck_assert(feed_flush(feed, 0, 1000, false));
	ck_assert_uint_eq(progress_pending(progress, 0), 2);
	feed_revoke(feed, 0);
	ck_assert_uint_eq(progress_pending(progress, 0), 1);
	fake_lane_finish(lanes[0]);
	collect();
	ck_assert_uint_eq(progress_pending(progress, 0), 0);
	ck_assert_int_eq(progress_to_commit(progress, 0), 1);
	tear_down();
}
END_TEST

START_TEST(a_batch_with_nothing_left_after_a_revoke_is_not_sent)
{
	set_up(1);
	assign(0);
	add(0, 0);
	ck_assert(feed_flush(feed, 0, 1000, false));
	feed_revoke(feed, 0);
	ck_assert_ptr_null(fake_lane_waiting(lanes[0]));
	ck_assert(!feed_is_busy(feed));
	tear_down();
}
END_TEST

START_TEST(a_batch_finished_after_its_partition_came_back_moves_nothing)
{
	set_up(1);
	assign(0);
	add(0, 7);
	ck_assert(feed_flush(feed, 0, 1000, false));
	fake_lane_begin(lanes[0]);
	feed_revoke(feed, 0);
	progress_revoke(progress, 0);
	assign(0);
	fake_lane_finish(lanes[0]);
	collect();
	ck_assert_int_eq(progress_position(progress, 0), 0);
	tear_down();
}
END_TEST

START_TEST(a_bad_record_moves_the_position_as_an_event_does)
{
	static const struct failure why = {.error = E_RECORD_TYPE};
	set_up(1);
	assign(0);
	add(0, 0);
	feed_add_bad(feed, fake_record(&feed_open_batch(feed, 0)->arena, 0, 1), &why);
	ck_assert(feed_flush(feed, 0, 1000, false));
	fake_lane_begin(lanes[0]);
	fake_lane_finish(lanes[0]);
	collect();
	ck_assert_int_eq(progress_position(progress, 0), 2);
	ck_assert_uint_eq(metric_count(METRIC_END_TO_END_SECONDS), 1);
	tear_down();
}
END_TEST

START_TEST(a_slow_statement_makes_the_next_batch_smaller)
{
	enum { MANY = 200, SLOW_US = 1000 * 1000 + 1 };
	set_up(1);
	feed_free(feed);
	feed = feed_new(&(const struct feed_limits){.batch_rows = MANY,
				.batch_bytes = 1 << 20,
				.batch_ms = BATCH_MS,
				.statement_ms = 1000},
		lanes, 1, progress);
	assign(0);
	int64_t offset = 0;
	for (; feed_has_room(feed, 0); offset++)
		add(0, offset);
	ck_assert_int_eq(offset, MANY);
	ck_assert(feed_flush(feed, 0, 1000, false));
	fake_lane_begin(lanes[0]);
	fake_lane_finish_after(lanes[0], SLOW_US);
	collect();
	for (; feed_has_room(feed, 0); offset++)
		add(0, offset);
	ck_assert_int_eq(offset, MANY + MANY / 2);
	tear_down();
}
END_TEST

START_TEST(in_a_hurry_all_goes_as_soon_as_the_lane_is_free)
{
	set_up(1);
	assign(0);
	add(0, 0);
	ck_assert(feed_flush(feed, 0, 1000, false));
	add(0, 1);
	ck_assert(!feed_flush(feed, 0, 1001, true));
	ck_assert(feed_is_busy(feed));
	fake_lane_begin(lanes[0]);
	fake_lane_finish(lanes[0]);
	collect();
	ck_assert(feed_flush(feed, 0, 1001, true));
	tear_down();
}
END_TEST

TESTS("feed", the_first_event_after_a_quiet_time_goes_at_once,
	the_events_after_it_wait_for_each_other, a_busy_lane_is_handed_full_batches_only,
	a_lane_with_a_batch_waiting_takes_no_more_than_fits_the_open_one,
	a_partition_goes_to_the_lane_that_has_fewest,
	what_is_finished_moves_the_position_of_each_partition,
	a_revoke_drops_what_no_lane_has_begun_and_nothing_else,
	a_revoke_waits_for_what_is_in_flight_only,
	a_batch_with_nothing_left_after_a_revoke_is_not_sent,
	a_batch_finished_after_its_partition_came_back_moves_nothing,
	a_bad_record_moves_the_position_as_an_event_does,
	a_slow_statement_makes_the_next_batch_smaller,
	in_a_hurry_all_goes_as_soon_as_the_lane_is_free)
