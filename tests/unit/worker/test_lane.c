/* SPDX-License-Identifier: Apache-2.0 */
/* test_lane - a lane applies what it was handed, in order, whatever Postgres says. */
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "shared/clock.h"
#include "shared/memory.h"
#include "tests/unit/test.h"
#include "tests/unit/worker/fake_dead_letter.h"
#include "tests/unit/worker/fake_record.h"
#include "tests/unit/worker/fake_upsert.h"
#include "worker/lane.h"
#include "worker/metrics.h"

enum {
	WAIT_MS = 20 * 1000,
	SETTLE_US = 50 * 1000,
	OUTAGE_TRIES = 64,
	STEP_MOST_MS = 61 * 1000, /* of a lane with the statement_timeout_ms below */
	HOUR_MS = 3600 * 1000,
};

#define SCRIPT(...)                                                                                \
	((const enum error[]){__VA_ARGS__}),                                                       \
		sizeof((const enum error[]){__VA_ARGS__}) / sizeof(enum error)
#define NO_SCRIPT NULL, 0

static int wake_fd;
static struct lane *lane;
static size_t counts[FAKE_UPSERT_CALLS_MOST];

static const struct worker_config config = {
	.worker = {.statement_timeout_ms = 1000,
		.max_dead_share = 50,
		.dead_least = 100,
		.dead_window = 1000},
};

static void start(void)
{
	fake_dead_letters_reset(0);
	metrics_init(worker_metrics, worker_metric_count);
	wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	lane = lane_start(&config, 0, wake_fd);
	ck_assert_ptr_nonnull(lane);
}

static void stop(void)
{
	lane_stop(lane);
	(void)close(wake_fd);
	metrics_fini();
}

/* Sleeps until the lane has told of something. */
static void wait_for_wake(void)
{
	uint64_t wakes;
	struct pollfd wake = {.fd = wake_fd, .events = POLLIN};
	ck_assert_int_eq(poll(&wake, 1, WAIT_MS), 1);
	ck_assert_int_eq(read(wake_fd, &wakes, sizeof(wakes)), sizeof(wakes));
}

static void hand(size_t rows)
{
	static const struct event event = {.contact = {.name = SPAN("A"), .email = SPAN("a@x.io")}};
	struct batch *batch = batch_new();
	for (size_t i = 0; i < rows; i++) {
		struct event one = event;
		one.business_id.bytes[0] = (uint8_t)i;
		batch_add(batch, &one, fake_record(&batch->arena, 0, (int64_t)i));
	}
	batch_fold(batch);
	lane_hand(lane, batch);
}

/* Waits for the next that is finished. Returned owned. */
static struct batch *finished(void)
{
	struct batch *batch;
	while ((batch = lane_collect(lane)) == NULL)
		wait_for_wake();
	return batch;
}

START_TEST(a_batch_is_applied_and_given_back)
{
	fake_upsert_script(NO_SCRIPT, NO_SCRIPT);
	start();
	hand(3);
	struct batch *batch = finished();
	ck_assert_uint_eq(batch->outcome.inserted, 3);
	ck_assert_int_eq(lane_state(lane), LANE_IDLE);
	batch_free(batch);
	stop();
}
END_TEST

START_TEST(a_batch_outlives_an_outage)
{
	fake_upsert_script(
		SCRIPT(E_POSTGRES_AWAY, OK, E_POSTGRES_AWAY, OK), SCRIPT(E_POSTGRES_AWAY, OK));
	start();
	hand(2);
	struct batch *batch = finished();
	ck_assert_uint_eq(fake_upsert_calls(counts), 2);
	ck_assert_uint_eq(fake_upsert_opened(), 4);
	ck_assert(lane_is_working(lane));
	batch_free(batch);
	stop();
}
END_TEST

START_TEST(a_database_that_will_not_have_us_is_asked_until_it_does)
{
	fake_upsert_script(SCRIPT(E_POSTGRES_CONFIG, E_POSTGRES_CONFIG, OK), NO_SCRIPT);
	start();
	hand(1);
	batch_free(finished());
	ck_assert_uint_eq(fake_upsert_opened(), 3);
	ck_assert_uint_eq(metric_count(METRIC_RETRIES_CONFIGURATION), 2);
	ck_assert(lane_is_working(lane));
	stop();
}
END_TEST

START_TEST(a_lane_stops_in_the_middle_of_an_outage)
{
	enum error away[OUTAGE_TRIES];
	for (size_t i = 0; i < OUTAGE_TRIES; i++)
		away[i] = E_POSTGRES_AWAY;
	fake_upsert_script(away, OUTAGE_TRIES, NO_SCRIPT);
	start();
	hand(1);
	while (fake_upsert_opened() < 2)
		(void)usleep(1000);
	ck_assert(!lane_is_working(lane));
	stop();
	ck_assert_uint_eq(fake_upsert_calls(counts), 0);
	ck_assert_uint_lt(fake_upsert_opened(), OUTAGE_TRIES);
}
END_TEST

START_TEST(a_batch_that_waits_can_be_taken_back)
{
	enum error away[OUTAGE_TRIES];
	for (size_t i = 0; i < OUTAGE_TRIES; i++)
		away[i] = E_POSTGRES_AWAY;
	fake_upsert_script(away, OUTAGE_TRIES, NO_SCRIPT);
	start();
	hand(4);
	ck_assert_int_eq(lane_state(lane), LANE_FULL);
	struct batch *batch = lane_withdraw(lane);
	ck_assert_uint_eq(batch->row_count, 4);
	ck_assert_int_eq(lane_state(lane), LANE_IDLE);
	batch_free(batch);
	stop();
}
END_TEST

START_TEST(batches_finished_before_anybody_looks_are_all_given_back)
{
	fake_upsert_script(NO_SCRIPT, NO_SCRIPT);
	start();
	for (size_t rows = 1; rows <= 3; rows++) {
		hand(rows);
		while (lane_state(lane) != LANE_IDLE)
			wait_for_wake();
	}
	struct batch *batch = finished();
	for (size_t rows = 1; rows <= 3; rows++) {
		struct batch *next = batch->next;
		ck_assert_uint_eq(batch->row_count, rows);
		batch_free(batch);
		batch = next;
	}
	ck_assert_ptr_null(batch);
	stop();
}
END_TEST

/* One event of partition 0 whose contact somebody holds. */
static void hand_held(uint32_t epoch)
{
	struct event event = {.contact = {.name = SPAN("held"), .email = SPAN("a@x.io")}};
	struct batch *batch = batch_new();
	event.id.bytes[0] = (uint8_t)epoch;
	batch_add(batch, &event, fake_record(&batch->arena, 0, epoch));
	batch->marks = memory_zeroed(1, sizeof(*batch->marks));
	batch->marks[batch->mark_count++].epoch = epoch;
	batch_fold(batch);
	lane_hand(lane, batch);
}

START_TEST(what_is_held_of_a_partition_goes_with_it_and_what_comes_back_is_kept)
{
	fake_upsert_script(NO_SCRIPT, NO_SCRIPT);
	start();
	fake_upsert_hold(1000);
	hand_held(1);
	batch_free(finished());
	(void)usleep(SETTLE_US); /* it waits for its next turn */
	lane_forget(lane, 0);
	hand_held(2);
	struct batch *batch = finished();
	ck_assert_uint_eq(batch->moved_count, 1);
	fake_upsert_hold(0);
	while (batch->mark_count == 0) {
		batch_free(batch);
		batch = finished();
	}
	ck_assert_uint_eq(batch->mark_count, 1);
	ck_assert_uint_eq(batch->marks[0].epoch, 2);
	ck_assert_uint_eq(batch_left(batch), 1);
	batch_free(batch);
	stop();
}
END_TEST

START_TEST(batches_are_given_back_in_the_order_they_were_handed_over)
{
	enum { BATCHES = 30 };
	fake_upsert_script(NO_SCRIPT, NO_SCRIPT);
	start();
	size_t handed = 0;
	size_t seen = 0;
	while (seen < BATCHES) {
		if (handed < BATCHES && lane_state(lane) != LANE_FULL)
			hand(++handed);
		struct batch *batch = lane_collect(lane);
		if (!batch && (handed == BATCHES || lane_state(lane) == LANE_FULL))
			wait_for_wake();
		while (batch) {
			struct batch *next = batch->next;
			ck_assert_uint_eq(batch->row_count, ++seen);
			batch_free(batch);
			batch = next;
		}
	}
	stop();
}
END_TEST

/* Whatever the time, it is not stuck. */
static bool is_at_rest(void)
{
	return !lane_is_stuck(lane, clock_steady_ms() + HOUR_MS);
}

START_TEST(a_lane_that_has_nothing_to_do_is_never_stuck)
{
	fake_upsert_script(NO_SCRIPT, NO_SCRIPT);
	start();
	while (!is_at_rest())
		(void)usleep(1000);
	hand(1);
	batch_free(finished());
	while (!is_at_rest())
		(void)usleep(1000);
	stop();
}
END_TEST

START_TEST(a_lane_is_stuck_by_one_long_step_and_not_by_many)
{
	enum error away[OUTAGE_TRIES];
	for (size_t i = 0; i < OUTAGE_TRIES; i++)
		away[i] = E_POSTGRES_AWAY;
	fake_upsert_script(away, OUTAGE_TRIES, NO_SCRIPT);
	start();
	hand(1);
	int64_t begun_ms = clock_steady_ms();
	while (fake_upsert_opened() < 3) /* two waits lie between, 75 ms at least */
		(void)usleep(1000);
	ck_assert(!lane_is_stuck(lane, begun_ms + STEP_MOST_MS + 20));
	ck_assert(lane_is_stuck(lane, clock_steady_ms() + STEP_MOST_MS + 10 * 1000));
	stop();
}
END_TEST

TESTS("lane", what_is_held_of_a_partition_goes_with_it_and_what_comes_back_is_kept,
	a_batch_is_applied_and_given_back, a_batch_outlives_an_outage,
	a_database_that_will_not_have_us_is_asked_until_it_does,
	a_lane_stops_in_the_middle_of_an_outage, a_batch_that_waits_can_be_taken_back,
	batches_finished_before_anybody_looks_are_all_given_back,
	batches_are_given_back_in_the_order_they_were_handed_over,
	a_lane_that_has_nothing_to_do_is_never_stuck,
	a_lane_is_stuck_by_one_long_step_and_not_by_many)
