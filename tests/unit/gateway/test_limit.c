/* SPDX-License-Identifier: Apache-2.0 */
/* test_limit - the sliding window, request by request as @upstash/ratelimit decides. */
#include "gateway/limit.h"

#include <jansson.h>

#include "gateway/metrics.h"
#include "tests/unit/test.h"

static void replay(const json_t *sequence)
{
	struct limit_window window = {0};
	int64_t limit = json_integer_value(json_object_get(sequence, "limit"));
	const char *shape = json_string_value(json_object_get(sequence, "shape"));
	size_t index;
	const json_t *row;
	json_array_foreach(json_object_get(sequence, "rows"), index, row)
	{
		int64_t now_ms = json_integer_value(json_array_get(row, 0));
		struct limit_verdict verdict = limit_window_take(&window, now_ms, limit);
		ck_assert_msg(verdict.allowed == json_integer_value(json_array_get(row, 1)),
			"%s, row %zu", shape, index);
		ck_assert_msg(verdict.remaining == json_integer_value(json_array_get(row, 2)),
			"%s, row %zu: remaining %lld", shape, index, (long long)verdict.remaining);
		ck_assert_int_eq(verdict.reset_ms, json_integer_value(json_array_get(row, 3)));
	}
}

START_TEST(verdicts_are_those_of_upstash)
{
	json_t *file = json_load_file(VECTORS_DIR "/rate-limit.json", 0, NULL);
	size_t index;
	json_t *sequence;
	size_t replayed = 0;
	json_array_foreach(json_object_get(file, "sequences"), index, sequence)
	{
		ck_assert_int_eq(json_integer_value(json_object_get(sequence, "window_ms")),
			LIMIT_WINDOW_MS);
		replay(sequence);
		replayed++;
	}
	ck_assert_uint_gt(replayed, 0);
	json_decref(file);
}
END_TEST

/* Whatever happened before: one second less is refused, Retry-After passes. */
START_TEST(retry_after_is_exact)
{
	srand(7);
	for (int round = 0; round < 3000; round++) {
		struct limit_window window = {0};
		int64_t limit = 1 + rand() % 80;
		int64_t now_ms = INT64_C(1790000000000) + rand() % LIMIT_WINDOW_MS;
		struct limit_verdict verdict;
		do {
			now_ms += rand() % (2 * LIMIT_WINDOW_MS / (int)limit);
			verdict = limit_window_take(&window, now_ms, limit);
		} while (verdict.allowed);
		struct limit_window early = window;
		int64_t wait_s = verdict.retry_after_s;
		ck_assert_int_ge(wait_s, 1);
		if (wait_s > 1)
			ck_assert(!limit_window_take(&early, now_ms + (wait_s - 1) * 1000, limit)
					   .allowed);
		ck_assert(limit_window_take(&window, now_ms + wait_s * 1000, limit).allowed);
	}
}
END_TEST

START_TEST(what_we_failed_is_given_back)
{
	struct limit_window window = {0};
	struct limit_verdict verdict = {0};
	int64_t now_ms = INT64_C(1790000000000);
	for (int i = 0; i < 60; i++)
		verdict = limit_window_take(&window, now_ms, 60);
	ck_assert(!limit_window_take(&window, now_ms, 60).allowed);
	limit_window_give_back(&window, verdict.index);
	ck_assert(limit_window_take(&window, now_ms, 60).allowed);
	ck_assert(!limit_window_take(&window, now_ms, 60).allowed);
}
END_TEST

START_TEST(what_is_given_back_late_counts_in_its_own_window)
{
	struct limit_window window = {0};
	int64_t now_ms = INT64_C(1790000000000) / LIMIT_WINDOW_MS * LIMIT_WINDOW_MS;
	struct limit_verdict first = limit_window_take(&window, now_ms, 60);
	(void)limit_window_take(&window, now_ms + LIMIT_WINDOW_MS, 60);
	limit_window_give_back(&window, first.index);
	ck_assert_int_eq(window.previous, 0);
	ck_assert_int_eq(window.count, 1);
	limit_window_give_back(&window, first.index - 5);
	ck_assert_int_eq(window.count, 1);
}
END_TEST

START_TEST(keys_do_not_share_a_window)
{
	struct limiter *limiter = limiter_new();
	struct api_key_digest one = {{1}};
	struct api_key_digest other = {{1, 2}};
	ck_assert(limiter_take(limiter, &one, 1000, 1).allowed);
	ck_assert(!limiter_take(limiter, &one, 1000, 1).allowed);
	ck_assert(limiter_take(limiter, &other, 1000, 1).allowed);
	limiter_free(limiter);
}
END_TEST

START_TEST(windows_that_matter_no_more_are_dropped)
{
	struct limiter *limiter = limiter_new();
	int64_t now_ms = INT64_C(1790000000000);
	for (int round = 0; round < 4; round++) {
		for (int i = 0; i < 10000; i++) {
			struct api_key_digest digest = {
				{(uint8_t)i, (uint8_t)(i >> 8), (uint8_t)round}};
			(void)limiter_take(limiter, &digest, now_ms, 60);
		}
		now_ms += 3 * LIMIT_WINDOW_MS;
	}
	ck_assert_uint_le(limiter_count(limiter), 10016);
	limiter_free(limiter);
}
END_TEST

START_TEST(windows_that_matter_no_more_leave_without_a_request)
{
	struct limiter *limiter = limiter_new();
	int64_t now_ms = INT64_C(1790000000000);
	for (int i = 0; i < 2000; i++) {
		struct api_key_digest digest = {{(uint8_t)i, (uint8_t)(i >> 8)}};
		(void)limiter_take(limiter, &digest, now_ms, 60);
	}
	limiter_sweep(limiter, now_ms + LIMIT_WINDOW_MS);
	ck_assert_uint_eq(limiter_count(limiter), 2000);
	limiter_sweep(limiter, now_ms + 2 * LIMIT_WINDOW_MS);
	ck_assert_uint_eq(limiter_count(limiter), 0);
	limiter_free(limiter);
}
END_TEST

START_TEST(a_look_at_a_window_counts_nothing)
{
	struct limiter *limiter = limiter_new();
	const int64_t now_ms = INT64_C(1790000040000); /* a window's begin */
	const struct api_key_digest digest = {{1}};
	ck_assert_int_eq(limiter_used(limiter, &digest, now_ms), 0);
	ck_assert_uint_eq(limiter_count(limiter), 0);
	for (int i = 0; i < 10; i++)
		(void)limiter_take(limiter, &digest, now_ms, 60);
	ck_assert_int_eq(limiter_used(limiter, &digest, now_ms), 10);
	ck_assert_int_eq(limiter_used(limiter, &digest, now_ms + LIMIT_WINDOW_MS * 3 / 2), 5);
	ck_assert_int_eq(limiter_used(limiter, &digest, now_ms + LIMIT_WINDOW_MS * 2), 0);
	ck_assert_int_eq(limiter_used(limiter, &digest, now_ms), 10);
	limiter_free(limiter);
}
END_TEST

START_TEST(memory_is_bounded_and_nobody_goes_without_a_limit)
{
	struct limiter *limiter = limiter_new();
	int64_t now_ms = INT64_C(1790000000000);
	struct api_key_digest digest = {{0}};
	gateway_metrics_init();
	for (uint32_t i = 0; i < LIMIT_KEYS_MOST + 1000; i++) {
		for (int byte = 0; byte < 4; byte++)
			digest.bytes[byte] = (uint8_t)(i >> (8 * byte));
		ck_assert(limiter_take(limiter, &digest, now_ms, 1).allowed);
		ck_assert(!limiter_take(limiter, &digest, now_ms, 1).allowed);
	}
	ck_assert_uint_eq(limiter_count(limiter), LIMIT_KEYS_MOST);
	ck_assert_uint_eq(metric_count(METRIC_LIMIT_EVICTED), 1000);
	/* The one that made room begins anew; the one before it is remembered. */
	ck_assert(!limiter_take(limiter, &digest, now_ms, 1).allowed);
	ck_assert(limiter_take(limiter, &(struct api_key_digest){{0}}, now_ms, 1).allowed);
	ck_assert(!limiter_take(limiter, &(struct api_key_digest){{0}}, now_ms, 1).allowed);
	metrics_fini();
	limiter_free(limiter);
}
END_TEST

TESTS("limit", verdicts_are_those_of_upstash, retry_after_is_exact, what_we_failed_is_given_back,
	what_is_given_back_late_counts_in_its_own_window, keys_do_not_share_a_window,
	windows_that_matter_no_more_are_dropped,
	windows_that_matter_no_more_leave_without_a_request, a_look_at_a_window_counts_nothing,
	memory_is_bounded_and_nobody_goes_without_a_limit)
