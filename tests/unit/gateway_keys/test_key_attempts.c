/* SPDX-License-Identifier: Apache-2.0 */
/* test_key_attempts - which unknown keys are tried against slow hashes, and in which order. */
#include "gateway/key_attempts.h"

#include <stdio.h>

#include "tests/unit/test.h"

enum { ROWS = 2, NOW_MS = 5000 };

static struct key_lookup new_key(uint8_t number, const char *peer)
{
	return (struct key_lookup){
		.digest = {{number}}, .peer = span_of(peer), .rank = KEY_RANK_NEW};
}

static struct key_lookup returned_key(uint8_t number, const char *peer, int64_t refused_ms)
{
	return (struct key_lookup){.digest = {{number}},
		.peer = span_of(peer),
		.rank = KEY_RANK_RETURNED,
		.refused_ms = refused_ms};
}

/* Whether it is taken at nobody's cost. */
static bool add(struct key_attempts *attempts, struct key_lookup *lookup)
{
	const struct key_lookup *refused = key_attempts_add(attempts, lookup, NOW_MS);
	ck_assert(!refused || refused == lookup);
	return !refused;
}

/* Try the best key to its end. Returns: the first look-up that waited for it, NULL: none waits. */
static struct key_lookup *try_best(struct key_attempts *attempts, int64_t now_ms)
{
	struct key_attempt *best = key_attempts_best(attempts, now_ms);
	if (!best)
		return NULL;
	if (!best->begun)
		key_attempts_begin(attempts, best, ROWS, now_ms);
	return key_attempts_end(best);
}

/* All places taken by new keys 100, 101, ..., each from an address of its own. */
static void fill(struct key_attempts *attempts, struct key_lookup lookups[static KEY_ATTEMPTS_MOST])
{
	static char peers[KEY_ATTEMPTS_MOST][32];
	for (uint8_t i = 0; i < KEY_ATTEMPTS_MOST; i++) {
		(void)snprintf(peers[i], sizeof(peers[i]), "198.51.100.%d", i);
		lookups[i] = new_key((uint8_t)(100 + i), peers[i]);
		ck_assert(add(attempts, &lookups[i]));
	}
}

START_TEST(keys_are_tried_in_the_order_they_came)
{
	struct key_attempts attempts;
	struct key_lookup lookups[KEY_ATTEMPTS_MOST];
	key_attempts_init(&attempts);
	fill(&attempts, lookups);
	ck_assert_ptr_eq(try_best(&attempts, NOW_MS), &lookups[0]);
	/* A later key in the freed place does not overtake. */
	struct key_lookup late = new_key(1, "192.0.2.1");
	ck_assert(add(&attempts, &late));
	for (size_t i = 1; i < KEY_ATTEMPTS_MOST; i++)
		ck_assert_ptr_eq(try_best(&attempts, NOW_MS), &lookups[i]);
	ck_assert_ptr_eq(try_best(&attempts, NOW_MS), &late);
	ck_assert_ptr_null(try_best(&attempts, NOW_MS));
}
END_TEST

START_TEST(requests_with_the_same_key_wait_for_one_try)
{
	struct key_attempts attempts;
	struct key_lookup lookups[KEY_ATTEMPTS_SAME_MOST + 1];
	size_t waited = 0;
	key_attempts_init(&attempts);
	for (size_t i = 0; i <= KEY_ATTEMPTS_SAME_MOST; i++) {
		lookups[i] = new_key(1, "192.0.2.1");
		ck_assert(add(&attempts, &lookups[i]) == (i < KEY_ATTEMPTS_SAME_MOST));
	}
	for (struct key_lookup *lookup = try_best(&attempts, NOW_MS); lookup; lookup = lookup->next)
		ck_assert_ptr_eq(lookup, &lookups[waited++]);
	ck_assert_uint_eq(waited, KEY_ATTEMPTS_SAME_MOST);
	ck_assert_ptr_null(try_best(&attempts, NOW_MS));
}
END_TEST

START_TEST(a_key_is_the_best_until_all_its_rows_are_begun)
{
	struct key_attempts attempts;
	struct key_lookup first = new_key(1, "192.0.2.1");
	struct key_lookup second = new_key(2, "192.0.2.2");
	key_attempts_init(&attempts);
	ck_assert(add(&attempts, &first));
	ck_assert(add(&attempts, &second));
	struct key_attempt *attempt = key_attempts_best(&attempts, NOW_MS);
	key_attempts_begin(&attempts, attempt, ROWS, NOW_MS);
	ck_assert_ptr_eq(key_attempts_best(&attempts, NOW_MS), attempt);
	attempt->rows_left = 0;
	ck_assert_ptr_eq(key_attempts_best(&attempts, NOW_MS)->first, &second);
}
END_TEST

START_TEST(a_full_table_refuses_new_keys)
{
	struct key_attempts attempts;
	struct key_lookup lookups[KEY_ATTEMPTS_MOST];
	struct key_lookup late = new_key(1, "192.0.2.1");
	key_attempts_init(&attempts);
	fill(&attempts, lookups);
	ck_assert(!add(&attempts, &late));
	(void)try_best(&attempts, NOW_MS);
	ck_assert(add(&attempts, &late));
}
END_TEST

START_TEST(a_key_that_came_back_takes_the_newest_ones_place_and_goes_first)
{
	struct key_attempts attempts;
	struct key_lookup lookups[KEY_ATTEMPTS_MOST];
	struct key_lookup back = returned_key(1, "192.0.2.1", 10);
	key_attempts_init(&attempts);
	fill(&attempts, lookups);
	ck_assert_ptr_eq(
		key_attempts_add(&attempts, &back, NOW_MS), &lookups[KEY_ATTEMPTS_MOST - 1]);
	ck_assert_ptr_eq(try_best(&attempts, NOW_MS), &back);
	ck_assert_ptr_eq(try_best(&attempts, NOW_MS), &lookups[0]);
}
END_TEST

START_TEST(the_place_of_a_key_whose_verdict_is_on_its_way_is_nobody_elses)
{
	struct key_attempts attempts;
	struct key_lookup lookups[KEY_ATTEMPTS_MOST];
	struct key_lookup back = returned_key(1, "192.0.2.1", 10);
	key_attempts_init(&attempts);
	fill(&attempts, lookups);
	struct key_attempt *over = &attempts.places[KEY_ATTEMPTS_MOST - 1];
	over->ended = true;
	ck_assert_ptr_eq(
		key_attempts_add(&attempts, &back, NOW_MS), &lookups[KEY_ATTEMPTS_MOST - 2]);
	ck_assert_ptr_eq(key_attempts_end(over), &lookups[KEY_ATTEMPTS_MOST - 1]);
}
END_TEST

START_TEST(a_key_that_nobody_has_judged_is_not_a_good_one)
{
	struct key_attempts attempts;
	struct key_lookup lookup = new_key(1, "192.0.2.1");
	key_attempts_init(&attempts);
	ck_assert(add(&attempts, &lookup));
	ck_assert_int_eq(key_attempts_best(&attempts, NOW_MS)->error, E_KEYS_UNAVAILABLE);
}
END_TEST

START_TEST(a_key_that_came_back_does_not_wait_for_a_new_one_that_is_tried)
{
	struct key_attempts attempts;
	struct key_lookup first = new_key(1, "192.0.2.1");
	struct key_lookup back = returned_key(2, "192.0.2.2", 10);
	key_attempts_init(&attempts);
	ck_assert(add(&attempts, &first));
	key_attempts_begin(&attempts, key_attempts_best(&attempts, NOW_MS), ROWS, NOW_MS);
	ck_assert(add(&attempts, &back));
	ck_assert_ptr_eq(try_best(&attempts, NOW_MS), &back);
	ck_assert_ptr_eq(try_best(&attempts, NOW_MS), &first);
}
END_TEST

START_TEST(a_key_that_came_back_goes_first_whatever_its_address_cost)
{
	struct key_attempts attempts;
	struct key_lookup costly = new_key(1, "192.0.2.1");
	struct key_lookup cheap = new_key(2, "192.0.2.2");
	struct key_lookup back = returned_key(3, "192.0.2.1", 10);
	key_attempts_init(&attempts);
	ck_assert(add(&attempts, &costly));
	ck_assert_ptr_eq(try_best(&attempts, NOW_MS), &costly);
	ck_assert(add(&attempts, &cheap));
	ck_assert(add(&attempts, &back));
	ck_assert_ptr_eq(try_best(&attempts, NOW_MS), &back);
}
END_TEST

START_TEST(of_keys_that_came_back_the_one_refused_earliest_goes_first)
{
	struct key_attempts attempts;
	struct key_lookup lookups[KEY_ATTEMPTS_MOST];
	static char peers[KEY_ATTEMPTS_MOST][32];
	struct key_lookup oldest = returned_key(1, "192.0.2.1", 10);
	key_attempts_init(&attempts);
	for (uint8_t i = 0; i < KEY_ATTEMPTS_MOST; i++) {
		(void)snprintf(peers[i], sizeof(peers[i]), "198.51.100.%d", i);
		lookups[i] = returned_key((uint8_t)(100 + i), peers[i], 1000 + i);
		ck_assert(add(&attempts, &lookups[i]));
	}
	ck_assert_ptr_eq(
		key_attempts_add(&attempts, &oldest, NOW_MS), &lookups[KEY_ATTEMPTS_MOST - 1]);
	ck_assert_ptr_eq(try_best(&attempts, NOW_MS), &oldest);
}
END_TEST

START_TEST(an_address_that_cost_less_goes_first)
{
	struct key_attempts attempts;
	struct key_lookup flood[3];
	struct key_lookup other = new_key(9, "192.0.2.2");
	key_attempts_init(&attempts);
	for (uint8_t i = 0; i < 3; i++) {
		flood[i] = new_key(i, "192.0.2.1");
		ck_assert(add(&attempts, &flood[i]));
	}
	ck_assert(add(&attempts, &other));
	ck_assert_ptr_eq(try_best(&attempts, NOW_MS), &flood[0]);
	ck_assert_ptr_eq(try_best(&attempts, NOW_MS), &other);
	ck_assert_ptr_eq(try_best(&attempts, NOW_MS), &flood[1]);
}
END_TEST

static char flood_peers[KEY_ATTEMPTS_FLOOD + 1][32];
static struct key_lookup flood[KEY_ATTEMPTS_FLOOD + 1];

/* New keys, each from an address of its own. Returns: how many wait. */
static size_t add_flood(struct key_attempts *attempts, size_t count, int64_t now_ms)
{
	size_t waiting = 0;
	for (size_t i = 0; i < count; i++) {
		(void)snprintf(flood_peers[i], sizeof(flood_peers[i]), "203.0.113.%zu", i);
		flood[i] = new_key((uint8_t)(100 + i), flood_peers[i]);
		waiting += !key_attempts_add(attempts, &flood[i], now_ms);
	}
	return waiting;
}

START_TEST(in_a_flood_only_keys_that_come_back_are_tried)
{
	struct key_attempts attempts;
	struct key_lookup back = returned_key(1, "192.0.2.1", 10);
	size_t refused = 0;
	key_attempts_init(&attempts);
	ck_assert_uint_eq(add_flood(&attempts, KEY_ATTEMPTS_FLOOD + 1, NOW_MS), KEY_ATTEMPTS_MOST);
	ck_assert_ptr_null(key_attempts_best(&attempts, NOW_MS));
	/* Those that had got in are refused at once. */
	for (struct key_attempt *overdue; (overdue = key_attempts_overdue(&attempts, NULL, NOW_MS));
		refused++)
		(void)key_attempts_end(overdue);
	ck_assert_uint_eq(refused, KEY_ATTEMPTS_MOST);
	ck_assert_uint_eq(add_flood(&attempts, 1, NOW_MS), 0);
	ck_assert(add(&attempts, &back));
	ck_assert_ptr_eq(try_best(&attempts, NOW_MS), &back);
}
END_TEST

START_TEST(a_key_that_was_begun_is_tried_to_its_end_in_a_flood_too)
{
	struct key_attempts attempts;
	struct key_lookup first = new_key(1, "192.0.2.1");
	key_attempts_init(&attempts);
	ck_assert(add(&attempts, &first));
	key_attempts_begin(&attempts, key_attempts_best(&attempts, NOW_MS), ROWS, NOW_MS);
	(void)add_flood(&attempts, KEY_ATTEMPTS_FLOOD + 1, NOW_MS);
	ck_assert_ptr_eq(key_attempts_best(&attempts, NOW_MS)->first, &first);
}
END_TEST

START_TEST(a_flood_is_over_when_few_keys_come)
{
	struct key_attempts attempts;
	key_attempts_init(&attempts);
	(void)add_flood(&attempts, KEY_ATTEMPTS_FLOOD + 1, NOW_MS);
	for (size_t i = 0; i < KEY_ATTEMPTS_MOST; i++)
		(void)key_attempts_end(&attempts.places[i]);
	ck_assert_uint_eq(add_flood(&attempts, 1, NOW_MS + KEY_ATTEMPTS_FLOOD_MS), 0);
	ck_assert_uint_eq(add_flood(&attempts, 1, NOW_MS + 2 * KEY_ATTEMPTS_FLOOD_MS), 1);
}
END_TEST

START_TEST(one_address_alone_is_no_flood)
{
	struct key_attempts attempts;
	struct key_lookup lookups[2 * KEY_ATTEMPTS_FLOOD];
	struct key_lookup other = new_key(1, "192.0.2.2");
	key_attempts_init(&attempts);
	for (uint8_t i = 0; i < 2 * KEY_ATTEMPTS_FLOOD; i++) {
		lookups[i] = new_key((uint8_t)(100 + i), "192.0.2.1");
		(void)add(&attempts, &lookups[i]);
	}
	ck_assert(add(&attempts, &other));
}
END_TEST

/* Or a flood from many addresses would have every key begun and none ended. */
START_TEST(a_key_that_is_tried_is_not_overtaken_by_its_own_cost)
{
	struct key_attempts attempts;
	struct key_lookup first = new_key(1, "192.0.2.1");
	struct key_lookup second = new_key(2, "192.0.2.2");
	key_attempts_init(&attempts);
	ck_assert(add(&attempts, &first));
	key_attempts_begin(&attempts, key_attempts_best(&attempts, NOW_MS), ROWS, NOW_MS);
	ck_assert(add(&attempts, &second));
	ck_assert_ptr_eq(key_attempts_best(&attempts, NOW_MS)->first, &first);
}
END_TEST

START_TEST(what_waits_too_long_is_overdue_but_for_the_best)
{
	struct key_attempts attempts;
	struct key_lookup first = new_key(1, "192.0.2.1");
	struct key_lookup second = new_key(2, "192.0.2.2");
	key_attempts_init(&attempts);
	ck_assert(add(&attempts, &first));
	ck_assert(add(&attempts, &second));
	int64_t late_ms = NOW_MS + KEY_ATTEMPTS_WAIT_MS;
	struct key_attempt *best = key_attempts_best(&attempts, late_ms);
	ck_assert_ptr_eq(best->first, &first);
	ck_assert_ptr_null(key_attempts_overdue(&attempts, best, late_ms - 1));
	ck_assert_ptr_eq(key_attempts_overdue(&attempts, best, late_ms)->first, &second);
}
END_TEST

/* How many different keys of that address are tried now. */
static int tried_of(struct key_attempts *attempts, const char *peer, bool returned, int64_t now_ms)
{
	int tried = 0;
	for (uint8_t i = 0; i < 50; i++) {
		struct key_lookup lookup = returned ? returned_key(i, peer, 0) : new_key(i, peer);
		if (key_attempts_add(attempts, &lookup, now_ms))
			break;
		tried++;
		(void)try_best(attempts, now_ms);
	}
	return tried;
}

START_TEST(an_address_has_a_budget_that_comes_back)
{
	struct key_attempts attempts;
	key_attempts_init(&attempts);
	ck_assert_int_eq(tried_of(&attempts, "192.0.2.1", false, 5), KEY_ATTEMPTS_BUDGET);
	ck_assert_int_eq(tried_of(&attempts, "192.0.2.1", false, 4 + KEY_ATTEMPTS_BUDGET_MS), 0);
	ck_assert_int_eq(tried_of(&attempts, "192.0.2.1", false, 5 + KEY_ATTEMPTS_BUDGET_MS),
		KEY_ATTEMPTS_BUDGET);
}
END_TEST

START_TEST(the_budget_counts_what_waits)
{
	struct key_attempts attempts;
	struct key_lookup lookups[KEY_ATTEMPTS_BUDGET + 1];
	key_attempts_init(&attempts);
	for (uint8_t i = 0; i <= KEY_ATTEMPTS_BUDGET; i++) {
		lookups[i] = new_key(i, "192.0.2.1");
		ck_assert(add(&attempts, &lookups[i]) == (i < KEY_ATTEMPTS_BUDGET));
	}
}
END_TEST

/* Somebody else's new keys from the same address do not keep a sender out. */
START_TEST(keys_that_come_back_have_a_larger_budget)
{
	struct key_attempts attempts;
	key_attempts_init(&attempts);
	ck_assert_int_eq(tried_of(&attempts, "192.0.2.1", false, 5), KEY_ATTEMPTS_BUDGET);
	ck_assert_int_eq(tried_of(&attempts, "192.0.2.1", true, 5),
		KEY_ATTEMPTS_RETURNED_BUDGET - KEY_ATTEMPTS_BUDGET);
}
END_TEST

START_TEST(a_64_of_ipv6_is_one_address)
{
	struct key_attempts attempts;
	key_attempts_init(&attempts);
	ck_assert_int_eq(tried_of(&attempts, "2001:db8:1:2::1", false, 0), KEY_ATTEMPTS_BUDGET);
	ck_assert_int_eq(tried_of(&attempts, "2001:db8:1:2:ffff::7", false, 0), 0);
	ck_assert_int_eq(tried_of(&attempts, "2001:db8:1:3::1", false, 0), KEY_ATTEMPTS_BUDGET);
}
END_TEST

START_TEST(ipv4_is_one_address_in_either_notation)
{
	struct key_attempts attempts;
	key_attempts_init(&attempts);
	ck_assert_int_eq(tried_of(&attempts, "192.0.2.1", false, 0), KEY_ATTEMPTS_BUDGET);
	ck_assert_int_eq(tried_of(&attempts, "::ffff:192.0.2.1", false, 0), 0);
	ck_assert_int_eq(tried_of(&attempts, "::ffff:192.0.2.2", false, 0), KEY_ATTEMPTS_BUDGET);
}
END_TEST

START_TEST(what_is_no_address_has_a_budget_too)
{
	struct key_attempts attempts;
	key_attempts_init(&attempts);
	ck_assert_int_eq(tried_of(&attempts, "unix", false, 0), KEY_ATTEMPTS_BUDGET);
	ck_assert_int_eq(tried_of(&attempts, "unix", false, 0), 0);
	ck_assert_int_eq(tried_of(&attempts, "unknown", false, 0), KEY_ATTEMPTS_BUDGET);
	ck_assert_int_eq(tried_of(&attempts, NULL, false, 0), KEY_ATTEMPTS_BUDGET);
}
END_TEST

START_TEST(a_flood_from_many_addresses_uses_up_nobodys_budget_for_good)
{
	struct key_attempts attempts;
	char peer[32];
	key_attempts_init(&attempts);
	for (int i = 0; i < 20 * KEY_BUDGET_PLACES; i++) {
		(void)snprintf(peer, sizeof(peer), "10.%d.%d.1", i / 256, i % 256);
		(void)tried_of(&attempts, peer, true, 0);
	}
	ck_assert_int_eq(tried_of(&attempts, "192.0.2.1", true, 0), KEY_ATTEMPTS_RETURNED_BUDGET);
}
END_TEST

TESTS("key_attempts", keys_are_tried_in_the_order_they_came,
	requests_with_the_same_key_wait_for_one_try, a_key_is_the_best_until_all_its_rows_are_begun,
	a_full_table_refuses_new_keys,
	a_key_that_came_back_takes_the_newest_ones_place_and_goes_first,
	the_place_of_a_key_whose_verdict_is_on_its_way_is_nobody_elses,
	a_key_that_nobody_has_judged_is_not_a_good_one,
	a_key_that_came_back_does_not_wait_for_a_new_one_that_is_tried,
	a_key_that_came_back_goes_first_whatever_its_address_cost,
	of_keys_that_came_back_the_one_refused_earliest_goes_first,
	an_address_that_cost_less_goes_first, a_key_that_is_tried_is_not_overtaken_by_its_own_cost,
	in_a_flood_only_keys_that_come_back_are_tried,
	a_key_that_was_begun_is_tried_to_its_end_in_a_flood_too, a_flood_is_over_when_few_keys_come,
	one_address_alone_is_no_flood, what_waits_too_long_is_overdue_but_for_the_best,
	an_address_has_a_budget_that_comes_back, the_budget_counts_what_waits,
	keys_that_come_back_have_a_larger_budget, a_64_of_ipv6_is_one_address,
	ipv4_is_one_address_in_either_notation, what_is_no_address_has_a_budget_too,
	a_flood_from_many_addresses_uses_up_nobodys_budget_for_good)
