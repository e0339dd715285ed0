/* SPDX-License-Identifier: Apache-2.0 */
/* test_lane - a lane applies what it was handed, in order, whatever Postgres says. */
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "tests/unit/test.h"
#include "tests/unit/worker/fake_upsert.h"
#include "worker/lane.h"
#include "worker/metrics.h"

enum { WAIT_MS = 20 * 1000 };

#define SCRIPT(...)                                                                                \
	((const enum error[]){__VA_ARGS__}),                                                       \
		sizeof((const enum error[]){__VA_ARGS__}) / sizeof(enum error)
#define NO_SCRIPT NULL, 0

static int wake_fd;
static struct lane *lane;
static size_t counts[FAKE_UPSERT_CALLS_MOST];

static void start(void)
{
	metrics_init(worker_metrics, worker_metric_count);
	wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	lane = lane_start("", 0, wake_fd);
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
		batch_add(batch, &one, 0, (int64_t)i);
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
	ck_assert_int_eq(batch->error, OK);
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
	ck_assert_int_eq(batch->error, OK);
	ck_assert_uint_eq(fake_upsert_calls(counts), 2);
	ck_assert_uint_eq(fake_upsert_opened(), 4);
	ck_assert(lane_is_connected(lane));
	batch_free(batch);
	stop();
}
END_TEST

START_TEST(contention_is_tried_again_then_in_halves)
{
	const enum error busy = E_POSTGRES_CONTENTION;
	fake_upsert_script(NO_SCRIPT, SCRIPT(busy, busy, busy, busy, busy, OK, OK));
	start();
	hand(5);
	struct batch *batch = finished();
	ck_assert_int_eq(batch->error, OK);
	ck_assert_uint_eq(batch->outcome.inserted, 5);
	ck_assert_uint_eq(fake_upsert_calls(counts), 7);
	ck_assert_uint_eq(counts[3], 5);
	ck_assert_uint_eq(counts[4], 3);
	ck_assert_uint_eq(counts[5], 3);
	ck_assert_uint_eq(counts[6], 2);
	batch_free(batch);
	stop();
}
END_TEST

START_TEST(one_row_in_contention_is_waited_for_like_an_outage)
{
	const enum error busy = E_POSTGRES_CONTENTION;
	fake_upsert_script(NO_SCRIPT, SCRIPT(busy, busy, busy, busy, busy, busy, busy, busy, OK));
	start();
	hand(1);
	struct batch *batch = finished();
	ck_assert_int_eq(batch->error, OK);
	ck_assert_uint_eq(fake_upsert_calls(counts), 9);
	ck_assert_uint_eq(fake_upsert_opened(), 1);
	batch_free(batch);
	stop();
}
END_TEST

START_TEST(what_can_never_succeed_fails_the_lane_and_nothing_behind_it_is_applied)
{
	fake_upsert_script(NO_SCRIPT, SCRIPT(E_POSTGRES_DATA));
	start();
	hand(2);
	struct batch *batch = finished();
	struct failure failure;
	ck_assert_int_eq(batch->error, E_POSTGRES_DATA);
	ck_assert_int_eq(lane_state(lane), LANE_FAILED);
	lane_failure(lane, &failure);
	ck_assert_str_eq(failure.detail, "by the script");
	batch_free(batch);
	hand(1);
	stop();
	ck_assert_uint_eq(fake_upsert_calls(counts), 1);
}
END_TEST

START_TEST(a_database_that_will_not_have_us_fails_the_lane_at_once)
{
	fake_upsert_script(SCRIPT(E_POSTGRES_CONFIG), NO_SCRIPT);
	start();
	while (lane_state(lane) != LANE_FAILED)
		wait_for_wake();
	stop();
}
END_TEST

START_TEST(a_lane_stops_in_the_middle_of_an_outage)
{
	enum error away[FAKE_UPSERT_CALLS_MOST];
	for (size_t i = 0; i < FAKE_UPSERT_CALLS_MOST; i++)
		away[i] = E_POSTGRES_AWAY;
	fake_upsert_script(away, FAKE_UPSERT_CALLS_MOST, NO_SCRIPT);
	start();
	hand(1);
	while (fake_upsert_opened() < 2)
		(void)usleep(1000);
	ck_assert(!lane_is_connected(lane));
	stop();
	ck_assert_uint_eq(fake_upsert_calls(counts), 0);
	ck_assert_uint_lt(fake_upsert_opened(), FAKE_UPSERT_CALLS_MOST);
}
END_TEST

START_TEST(a_batch_that_waits_can_be_taken_back)
{
	enum error away[FAKE_UPSERT_CALLS_MOST];
	for (size_t i = 0; i < FAKE_UPSERT_CALLS_MOST; i++)
		away[i] = E_POSTGRES_AWAY;
	fake_upsert_script(away, FAKE_UPSERT_CALLS_MOST, NO_SCRIPT);
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

TESTS("lane", a_batch_is_applied_and_given_back, a_batch_outlives_an_outage,
	contention_is_tried_again_then_in_halves,
	one_row_in_contention_is_waited_for_like_an_outage,
	what_can_never_succeed_fails_the_lane_and_nothing_behind_it_is_applied,
	a_database_that_will_not_have_us_fails_the_lane_at_once,
	a_lane_stops_in_the_middle_of_an_outage, a_batch_that_waits_can_be_taken_back,
	batches_finished_before_anybody_looks_are_all_given_back,
	batches_are_given_back_in_the_order_they_were_handed_over)
