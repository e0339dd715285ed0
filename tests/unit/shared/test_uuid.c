/* SPDX-License-Identifier: Apache-2.0 */
/* test_uuid - versions that order events. */
#include "shared/uuid.h"

#include <pthread.h>

#include "shared/clock.h"
#include "tests/unit/test.h"

enum { PER_THREAD = 20000, THREADS = 4 };

START_TEST(ids_grow_even_when_the_clock_goes_back)
{
	int64_t now_ns = INT64_C(1790000000000) * CLOCK_NS_PER_MS;
	struct uuid last = uuid7_new(now_ns);
	for (int i = 0; i < 10000; i++) {
		struct uuid next = uuid7_new(now_ns - i * CLOCK_NS_PER_MS);
		ck_assert_int_gt(memcmp(next.bytes, last.bytes, 8), 0);
		last = next;
	}
}
END_TEST

START_TEST(an_id_says_when_it_was_made)
{
	int64_t now_ms = INT64_C(1890000000123);
	struct uuid uuid = uuid7_new(now_ms * CLOCK_NS_PER_MS + 999);
	ck_assert_int_eq(uuid7_ms(&uuid), now_ms);
	ck_assert(uuid_is_v7(&uuid));
}
END_TEST

static void *make_many(void *user)
{
	struct uuid *made = user;
	for (int i = 0; i < PER_THREAD; i++)
		made[i] = uuid7_new(clock_wall_ns());
	return NULL;
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, 8); /* the part before the random bits */
}

START_TEST(threads_never_make_the_same_version)
{
	static struct uuid made[THREADS * PER_THREAD];
	pthread_t threads[THREADS];
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, make_many,
					 made + (ptrdiff_t)i * PER_THREAD),
			0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	qsort(made, THREADS * PER_THREAD, sizeof(*made), compare);
	for (int i = 1; i < THREADS * PER_THREAD; i++)
		ck_assert_int_ne(compare(&made[i - 1], &made[i]), 0);
}
END_TEST

START_TEST(text_goes_both_ways)
{
	char text[UUID_TEXT_LEN + 1];
	struct uuid uuid;
	ck_assert(uuid_parse(SPAN("0190B5A0-1234-7ABC-8def-0123456789ab"), &uuid));
	uuid_format(text, &uuid);
	ck_assert_str_eq(text, "0190b5a0-1234-7abc-8def-0123456789ab");
}
END_TEST

START_TEST(what_is_no_uuid_is_refused)
{
	struct uuid uuid;
	ck_assert(!uuid_parse(SPAN(""), &uuid));
	ck_assert(!uuid_parse(SPAN("0190b5a012347abc8def0123456789ab"), &uuid));
	ck_assert(!uuid_parse(SPAN("0190b5a0-1234-7abc-8def-0123456789a"), &uuid));
	ck_assert(!uuid_parse(SPAN("0190b5a0-1234-7abc-8def-0123456789ag"), &uuid));
	ck_assert(!uuid_parse(SPAN("0190b5a0x1234-7abc-8def-0123456789ab"), &uuid));
	ck_assert(!uuid_parse(SPAN("{190b5a0-1234-7abc-8def-0123456789a}"), &uuid));
}
END_TEST

START_TEST(times_are_rfc_3339)
{
	char text[CLOCK_RFC3339_BYTES];
	clock_rfc3339(text, INT64_C(1790000019700));
	ck_assert_str_eq(text, "2026-09-21T14:13:39.700Z");
	clock_rfc3339(text, 0);
	ck_assert_str_eq(text, "1970-01-01T00:00:00.000Z");
}
END_TEST

TESTS("uuid", ids_grow_even_when_the_clock_goes_back, an_id_says_when_it_was_made,
	threads_never_make_the_same_version, text_goes_both_ways, what_is_no_uuid_is_refused,
	times_are_rfc_3339)
