/* SPDX-License-Identifier: Apache-2.0 */
/* test_key_attempts - unknown keys that wait for slow hashes, and what an address may cost. */
#include "gateway/key_attempts.h"

#include <stdio.h>

#include "tests/unit/test.h"

static struct key_lookup lookup_of(uint8_t number, const char *peer)
{
	return (struct key_lookup){.digest = {{number}}, .peer = span_of(peer)};
}

START_TEST(keys_are_tried_in_the_order_they_came)
{
	struct key_attempts attempts;
	struct key_lookup lookups[3];
	key_attempts_init(&attempts);
	for (uint8_t i = 0; i < 3; i++) {
		lookups[i] = lookup_of(i, "192.0.2.1");
		ck_assert(key_attempts_add(&attempts, &lookups[i], true, 0));
	}
	struct key_attempt *attempt = key_attempts_next(&attempts);
	ck_assert_ptr_eq(attempt->first, &lookups[0]);
	ck_assert_ptr_eq(key_attempts_end(attempt), &lookups[0]);
	/* A later key in the freed place does not overtake. */
	struct key_lookup late = lookup_of(9, "192.0.2.1");
	ck_assert(key_attempts_add(&attempts, &late, true, 0));
	ck_assert_ptr_eq(key_attempts_next(&attempts)->first, &lookups[1]);
	ck_assert_ptr_eq(key_attempts_next(&attempts)->first, &lookups[2]);
	ck_assert_ptr_eq(key_attempts_next(&attempts)->first, &late);
	ck_assert_ptr_null(key_attempts_next(&attempts));
}
END_TEST

START_TEST(requests_with_the_same_key_wait_for_one_try)
{
	struct key_attempts attempts;
	struct key_lookup lookups[KEY_ATTEMPTS_SAME_MOST + 1];
	key_attempts_init(&attempts);
	for (size_t i = 0; i <= KEY_ATTEMPTS_SAME_MOST; i++) {
		lookups[i] = lookup_of(1, "192.0.2.1");
		ck_assert(key_attempts_add(&attempts, &lookups[i], true, 0) ==
			  (i < KEY_ATTEMPTS_SAME_MOST));
	}
	struct key_attempt *attempt = key_attempts_next(&attempts);
	ck_assert_ptr_null(key_attempts_next(&attempts));
	size_t waited = 0;
	for (struct key_lookup *lookup = key_attempts_end(attempt); lookup; lookup = lookup->next)
		ck_assert_ptr_eq(lookup, &lookups[waited++]);
	ck_assert_uint_eq(waited, KEY_ATTEMPTS_SAME_MOST);
}
END_TEST

START_TEST(a_key_can_wait_while_it_is_tried)
{
	struct key_attempts attempts;
	struct key_lookup first = lookup_of(1, "192.0.2.1");
	struct key_lookup second = lookup_of(1, "192.0.2.2");
	key_attempts_init(&attempts);
	ck_assert(key_attempts_add(&attempts, &first, true, 0));
	struct key_attempt *attempt = key_attempts_next(&attempts);
	ck_assert(key_attempts_add(&attempts, &second, true, 0));
	ck_assert_ptr_null(key_attempts_next(&attempts));
	ck_assert_ptr_eq(key_attempts_end(attempt), &first);
	ck_assert_ptr_eq(first.next, &second);
}
END_TEST

START_TEST(the_queue_is_short)
{
	struct key_attempts attempts;
	struct key_lookup lookups[KEY_ATTEMPTS_MOST + 1];
	key_attempts_init(&attempts);
	for (uint8_t i = 0; i <= KEY_ATTEMPTS_MOST; i++) {
		lookups[i] = lookup_of(i, i % 2 ? "192.0.2.1" : "192.0.2.2");
		ck_assert(key_attempts_add(&attempts, &lookups[i], true, 0) ==
			  (i < KEY_ATTEMPTS_MOST));
	}
	(void)key_attempts_end(key_attempts_next(&attempts));
	ck_assert(key_attempts_add(&attempts, &lookups[KEY_ATTEMPTS_MOST], true, 0));
}
END_TEST

/* How many different keys of that address are taken now. */
static int taken_of(struct key_attempts *attempts, const char *peer, int64_t now_ms)
{
	int taken = 0;
	for (uint8_t i = 0; i < 20; i++) {
		struct key_lookup lookup = lookup_of(i, peer);
		if (!key_attempts_add(attempts, &lookup, true, now_ms))
			break;
		taken++;
		(void)key_attempts_end(key_attempts_next(attempts));
	}
	return taken;
}

START_TEST(an_address_has_a_budget_that_comes_back)
{
	struct key_attempts attempts;
	key_attempts_init(&attempts);
	ck_assert_int_eq(taken_of(&attempts, "192.0.2.1", 5), KEY_ATTEMPTS_BUDGET);
	ck_assert_int_eq(taken_of(&attempts, "192.0.2.1", 4 + KEY_ATTEMPTS_BUDGET_MS), 0);
	ck_assert_int_eq(
		taken_of(&attempts, "192.0.2.1", 5 + KEY_ATTEMPTS_BUDGET_MS), KEY_ATTEMPTS_BUDGET);
}
END_TEST

START_TEST(what_costs_nothing_is_not_charged)
{
	struct key_attempts attempts;
	struct key_lookup lookup = lookup_of(1, "192.0.2.1");
	key_attempts_init(&attempts);
	ck_assert_int_eq(taken_of(&attempts, "192.0.2.1", 0), KEY_ATTEMPTS_BUDGET);
	ck_assert(key_attempts_add(&attempts, &lookup, false, 0));
}
END_TEST

START_TEST(a_64_of_ipv6_is_one_address)
{
	struct key_attempts attempts;
	key_attempts_init(&attempts);
	ck_assert_int_eq(taken_of(&attempts, "2001:db8:1:2::1", 0), KEY_ATTEMPTS_BUDGET);
	ck_assert_int_eq(taken_of(&attempts, "2001:db8:1:2:ffff::7", 0), 0);
	ck_assert_int_eq(taken_of(&attempts, "2001:db8:1:3::1", 0), KEY_ATTEMPTS_BUDGET);
}
END_TEST

START_TEST(ipv4_is_one_address_in_either_notation)
{
	struct key_attempts attempts;
	key_attempts_init(&attempts);
	ck_assert_int_eq(taken_of(&attempts, "192.0.2.1", 0), KEY_ATTEMPTS_BUDGET);
	ck_assert_int_eq(taken_of(&attempts, "::ffff:192.0.2.1", 0), 0);
	ck_assert_int_eq(taken_of(&attempts, "::ffff:192.0.2.2", 0), KEY_ATTEMPTS_BUDGET);
}
END_TEST

START_TEST(what_is_no_address_has_a_budget_too)
{
	struct key_attempts attempts;
	key_attempts_init(&attempts);
	ck_assert_int_eq(taken_of(&attempts, "unix", 0), KEY_ATTEMPTS_BUDGET);
	ck_assert_int_eq(taken_of(&attempts, "unix", 0), 0);
	ck_assert_int_eq(taken_of(&attempts, "unknown", 0), KEY_ATTEMPTS_BUDGET);
	ck_assert_int_eq(taken_of(&attempts, NULL, 0), KEY_ATTEMPTS_BUDGET);
}
END_TEST

START_TEST(a_flood_from_many_addresses_uses_up_nobodys_budget_for_good)
{
	struct key_attempts attempts;
	char peer[32];
	key_attempts_init(&attempts);
	for (int i = 0; i < 20 * KEY_BUDGET_PLACES; i++) {
		(void)snprintf(peer, sizeof(peer), "10.%d.%d.1", i / 256, i % 256);
		(void)taken_of(&attempts, peer, 0);
	}
	ck_assert_int_eq(taken_of(&attempts, "192.0.2.1", 0), KEY_ATTEMPTS_BUDGET);
}
END_TEST

TESTS("key_attempts", keys_are_tried_in_the_order_they_came,
	requests_with_the_same_key_wait_for_one_try, a_key_can_wait_while_it_is_tried,
	the_queue_is_short, an_address_has_a_budget_that_comes_back,
	what_costs_nothing_is_not_charged, a_64_of_ipv6_is_one_address,
	ipv4_is_one_address_in_either_notation, what_is_no_address_has_a_budget_too,
	a_flood_from_many_addresses_uses_up_nobodys_budget_for_good)
