/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_limit_redis - the limit step on a real Redis, and without it.
 *
 * pipeline_resume is the test's own: it hands each verdict to the test instead of to the next step.
 */
#include "gateway/limit_redis.h"

#include <jansson.h>
#include <signal.h>

#include "gateway/metrics.h"
#include "gateway/pipeline.h"
#include "shared/clock.h"
#include "tests/unit/gateway/redis_server.h"
#include "tests/unit/test.h"

/* Long enough for a machine that has much else to do. */
enum { TIMEOUT_MS = 500, PATIENCE_MS = 10000, LIMIT = 60 };

#define NOW_MS INT64_C(1790000000000)

static struct redis_server server;
static struct redis_url url;
static struct limit_redis_health health;
static struct gateway_config config;
static struct pipeline pipeline;

/* Runs the loop until a condition holds; looked at each turn or each ms. */
static bool (*condition)(void);
static struct loop_deadlines looks;
static struct loop_deadline look;
static int64_t patience_until_ms;

static void look_again(struct loop_deadline *deadline)
{
	ck_assert_msg(clock_steady_ms() < patience_until_ms, "it takes too long");
	if (condition())
		loop_stop(pipeline.loop);
	else
		loop_arm(&looks, deadline);
}

static void run_until(bool (*wanted)(void))
{
	condition = wanted;
	patience_until_ms = clock_steady_ms() + PATIENCE_MS;
	loop_arm(&looks, &look);
	loop_run(pipeline.loop);
}

static bool redis_works(void)
{
	return metric_gauge(METRIC_LIMIT_REDIS_UP) == 1;
}

static bool redis_is_away(void)
{
	return metric_gauge(METRIC_LIMIT_REDIS_UP) == 0;
}

static void set_up_with(int64_t timeout_ms)
{
	struct failure failure;
	gateway_metrics_init();
	redis_server_start(&server);
	ck_assert(redis_url_parse(server.url, &url, &failure) == OK);
	limit_redis_health_init(&health);
	config = (struct gateway_config){.gateway = {.requests_per_minute = LIMIT}};
	pipeline = (struct pipeline){
		.config = &config,
		.loop = loop_new(),
		.limiter = limiter_new(),
	};
	loop_deadlines_init(pipeline.loop, &looks, 1, look_again);
	pipeline.limit_redis = limit_redis_new(pipeline.loop, &url, timeout_ms, &health);
	ck_assert(!limit_redis_was_tried(&health));
	run_until(redis_works);
	ck_assert(limit_redis_was_tried(&health));
}

static void set_up(void)
{
	set_up_with(TIMEOUT_MS);
}

/* For tests in which Redis decides every time, however busy the machine is. */
static void set_up_patient(void)
{
	set_up_with(PATIENCE_MS);
}

static void tear_down(void)
{
	limit_redis_free(pipeline.limit_redis);
	limiter_free(pipeline.limiter);
	loop_free(pipeline.loop);
	limit_redis_health_fini(&health);
	redis_url_fini(&url);
	redis_server_stop(&server);
	metrics_fini();
}

/* ---- one request after the other */

static struct submission submission;
static enum error verdict;

void pipeline_resume(struct submission *resumed, enum error error)
{
	ck_assert_ptr_eq(resumed, &submission);
	verdict = error;
}

static bool is_decided(void)
{
	return verdict != E_PENDING;
}

static enum error ask(uint8_t key, int64_t now_ms, int64_t limit)
{
	submission = (struct submission){
		.pipeline = &pipeline,
		.wall_ns = now_ms * CLOCK_NS_PER_MS,
		.lookup = {.digest = {{key, 7}}, .grant = {.requests_per_minute = limit}},
	};
	verdict = limit_step(&submission);
	if (verdict == E_PENDING)
		run_until(is_decided);
	return verdict;
}

static void ask_many(uint8_t key, int count)
{
	for (int i = 0; i < count; i++) {
		ck_assert_int_eq(ask(key, NOW_MS, LIMIT), OK);
		limit_settle(&submission, false);
	}
}

/* A gateway that has counted nothing yet. */
static void forget_own_windows(void)
{
	limiter_free(pipeline.limiter);
	pipeline.limiter = limiter_new();
}

static const char *count_in_redis(uint8_t key)
{
	char command[256];
	(void)snprintf(command, sizeof(command), "get 'intake:limit:{%02x07%060d}:%lld'", key, 0,
		(long long)(NOW_MS / LIMIT_WINDOW_MS));
	return redis_server_command(&server, command);
}

/* ---- with Redis */

static void replay(uint8_t key, const json_t *sequence)
{
	int64_t limit = json_integer_value(json_object_get(sequence, "limit"));
	const char *shape = json_string_value(json_object_get(sequence, "shape"));
	size_t index;
	const json_t *row;
	json_array_foreach(json_object_get(sequence, "rows"), index, row)
	{
		enum error error = ask(key, json_integer_value(json_array_get(row, 0)), limit);
		limit_settle(&submission, false);
		ck_assert_msg((error == OK) == json_integer_value(json_array_get(row, 1)),
			"%s, row %zu", shape, index);
		ck_assert_msg(
			submission.limit.remaining == json_integer_value(json_array_get(row, 2)),
			"%s, row %zu", shape, index);
		ck_assert_int_eq(
			submission.limit.reset_ms, json_integer_value(json_array_get(row, 3)));
	}
}

static size_t rows_of(const json_t *file)
{
	size_t rows = 0;
	size_t index;
	const json_t *sequence;
	json_array_foreach(json_object_get(file, "sequences"), index, sequence)
	{
		rows += json_array_size(json_object_get(sequence, "rows"));
	}
	return rows;
}

START_TEST(verdicts_are_those_of_upstash)
{
	json_t *file = json_load_file(VECTORS_DIR "/rate-limit.json", 0, NULL);
	size_t index;
	const json_t *sequence;
	json_array_foreach(json_object_get(file, "sequences"), index, sequence)
	{
		replay((uint8_t)index, sequence);
	}
	ck_assert_uint_gt(rows_of(file), 0);
	ck_assert_uint_eq(metric_count(METRIC_LIMIT_BY_REDIS), rows_of(file));
	ck_assert_uint_eq(metric_count(METRIC_LIMIT_REDIS_SECONDS), rows_of(file));
	json_decref(file);
}
END_TEST

START_TEST(what_another_gateway_let_pass_counts)
{
	ask_many(1, 40);
	forget_own_windows();
	ask_many(1, 20);
	ck_assert_int_eq(ask(1, NOW_MS, LIMIT), E_RATE_LIMITED);
	ck_assert_int_ge(submission.limit.retry_after_s, 1);
	limit_settle(&submission, false);
	ck_assert_str_eq(count_in_redis(1), "60");
}
END_TEST

START_TEST(what_we_failed_is_given_back_in_both_windows)
{
	ask_many(1, LIMIT - 1);
	ck_assert_int_eq(ask(1, NOW_MS, LIMIT), OK);
	ck_assert_int_eq(submission.limit.remaining, 0);
	limit_settle(&submission, true);
	ck_assert_int_eq(submission.limit.remaining, 1);
	ck_assert_int_eq(ask(1, NOW_MS, LIMIT), OK);
	limit_settle(&submission, false);
	ck_assert_int_eq(ask(1, NOW_MS, LIMIT), E_RATE_LIMITED);
	limit_settle(&submission, false);
	ck_assert_str_eq(count_in_redis(1), "60");
}
END_TEST

START_TEST(windows_leave_redis_by_themselves)
{
	char command[] =
		"eval \"local least = 1e9 for _, key in ipairs(redis.call('keys', '*')) do "
		"least = math.min(least, redis.call('pttl', key)) end return least\" 0";
	ask_many(1, 2);
	int ttl_ms = atoi(redis_server_command(&server, command));
	ck_assert_int_gt(ttl_ms, LIMIT_WINDOW_MS);
	ck_assert_int_le(ttl_ms, 2 * LIMIT_WINDOW_MS);
}
END_TEST

START_TEST(scripts_that_redis_forgot_are_sent_again)
{
	ask_many(1, 1);
	(void)redis_server_command(&server, "script flush");
	ck_assert_int_eq(ask(1, NOW_MS, LIMIT), OK);
	(void)redis_server_command(&server, "script flush");
	limit_settle(&submission, true);
	ck_assert_int_eq(ask(1, NOW_MS, LIMIT), OK);
	limit_settle(&submission, false);
	ck_assert_str_eq(count_in_redis(1), "2");
	ck_assert_uint_eq(metric_count(METRIC_LIMIT_BY_REDIS), 3);
}
END_TEST

/* ---- without it */

START_TEST(nobody_waits_long_for_a_redis_that_hangs)
{
	ask_many(1, LIMIT - 1);
	redis_server_signal(&server, SIGSTOP);
	int64_t began_ms = clock_steady_ms();
	ck_assert_int_eq(ask(1, NOW_MS, LIMIT), OK);
	ck_assert_int_ge(clock_steady_ms() - began_ms, TIMEOUT_MS - 1);
	ck_assert_int_lt(clock_steady_ms() - began_ms, 2 * TIMEOUT_MS);
	limit_settle(&submission, false);
	ck_assert_uint_eq(metric_count(METRIC_LIMIT_BY_LOCAL_TIMEOUT), 1);
	/* What has passed before is not forgotten: this is the 61st. */
	ck_assert_int_eq(ask(1, NOW_MS, LIMIT), E_RATE_LIMITED);
	limit_settle(&submission, false);
	redis_server_signal(&server, SIGCONT);
}
END_TEST

START_TEST(after_some_time_outs_nobody_waits_at_all)
{
	redis_server_signal(&server, SIGSTOP);
	while (redis_works()) {
		ck_assert_int_eq(ask(1, NOW_MS, LIMIT), OK);
		limit_settle(&submission, false);
	}
	ck_assert_uint_eq(metric_count(METRIC_LIMIT_BY_LOCAL_TIMEOUT), 5);
	ck_assert_int_eq(ask(1, NOW_MS, LIMIT), OK);
	limit_settle(&submission, false);
	ck_assert_uint_eq(metric_count(METRIC_LIMIT_BY_LOCAL_DOWN), 1);
	redis_server_signal(&server, SIGCONT);
	run_until(redis_works);
	ask_many(2, 1);
	ck_assert_uint_eq(metric_count(METRIC_LIMIT_BY_REDIS), 1);
}
END_TEST

static bool redis_has_caught_up(void)
{
	return strcmp(count_in_redis(1), "0") == 0;
}

START_TEST(what_is_counted_late_and_should_not_be_is_given_back)
{
	redis_server_signal(&server, SIGSTOP);
	ck_assert_int_eq(ask(1, NOW_MS, LIMIT), OK);
	ck_assert_ptr_nonnull(submission.question.ticket);
	limit_settle(&submission, true);
	redis_server_signal(&server, SIGCONT);
	run_until(redis_has_caught_up);
}
END_TEST

static bool is_answered_late(void)
{
	return !submission.question.ticket;
}

START_TEST(what_is_counted_late_is_given_back_when_it_fails_later_still)
{
	redis_server_signal(&server, SIGSTOP);
	ck_assert_int_eq(ask(1, NOW_MS, LIMIT), OK);
	redis_server_signal(&server, SIGCONT);
	run_until(is_answered_late);
	ck_assert_str_eq(count_in_redis(1), "1");
	limit_settle(&submission, true);
	run_until(redis_has_caught_up);
}
END_TEST

START_TEST(a_redis_that_starts_anew_gives_no_second_sixty)
{
	ask_many(1, LIMIT);
	redis_server_signal(&server, SIGKILL);
	run_until(redis_is_away);
	ck_assert_int_eq(ask(1, NOW_MS, LIMIT), E_RATE_LIMITED);
	limit_settle(&submission, false);
	redis_server_restart(&server);
	run_until(redis_works);
	ck_assert_int_eq(ask(1, NOW_MS, LIMIT), E_RATE_LIMITED);
	ck_assert_int_ge(submission.limit.retry_after_s, 1);
	limit_settle(&submission, false);
	run_until(redis_has_caught_up);
}
END_TEST

START_TEST(a_redis_without_memory_does_not_decide)
{
	ask_many(1, 1);
	(void)redis_server_command(&server, "config set maxmemory 1");
	for (int i = 0; i < 5; i++)
		ask_many(1, 1);
	ck_assert_uint_eq(metric_count(METRIC_LIMIT_BY_LOCAL_ERROR), 5);
	run_until(redis_is_away);
	(void)redis_server_command(&server, "config set maxmemory 0");
	run_until(redis_works);
	ask_many(1, 1);
	ck_assert_uint_eq(metric_count(METRIC_LIMIT_BY_REDIS), 2);
}
END_TEST

START_TEST(a_request_that_ends_while_redis_is_asked_is_let_go)
{
	submission = (struct submission){
		.pipeline = &pipeline,
		.wall_ns = NOW_MS * CLOCK_NS_PER_MS,
		.lookup = {.digest = {{1, 7}}},
	};
	verdict = limit_step(&submission);
	ck_assert_int_eq(verdict, E_PENDING);
	limit_settle(&submission, true);
	submission.question.done = NULL;
	run_until(redis_has_caught_up);
	ck_assert_int_eq(verdict, E_PENDING);
}
END_TEST

static TCase *limit_case(const char *name, void (*begin)(void))
{
	TCase *tests = tcase_create(name);
	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, begin, tear_down);
	return tests;
}

int main(void)
{
	const TTest *const tests[] = {
		what_another_gateway_let_pass_counts,
		what_we_failed_is_given_back_in_both_windows,
		windows_leave_redis_by_themselves,
		scripts_that_redis_forgot_are_sent_again,
		nobody_waits_long_for_a_redis_that_hangs,
		after_some_time_outs_nobody_waits_at_all,
		what_is_counted_late_and_should_not_be_is_given_back,
		what_is_counted_late_is_given_back_when_it_fails_later_still,
		a_redis_that_starts_anew_gives_no_second_sixty,
		a_redis_without_memory_does_not_decide,
		a_request_that_ends_while_redis_is_asked_is_let_go,
	};
	Suite *suite = suite_create("limit_redis");
	TCase *patient = limit_case("patient", set_up_patient);
	TCase *all = limit_case("limit_redis", set_up);
	tcase_add_test(patient, verdicts_are_those_of_upstash);
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		tcase_add_test(all, tests[i]);
	suite_add_tcase(suite, patient);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
