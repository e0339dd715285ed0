/* SPDX-License-Identifier: Apache-2.0 */
/* test_key_queue - look-ups that wait take turns by address. */
#include "gateway/key_queue.h"

#include <stdio.h>

#include "tests/unit/test.h"

enum { MOST = 64 };

static struct key_lookup flood[2 * MOST];
static char peers[2 * MOST][32];

/* Look-ups 0 ... count of as many addresses, one after the other. Returns: how many waited. */
static size_t add_flood(struct key_queue *queue, size_t count, size_t addresses)
{
	size_t waited = 0;
	for (size_t i = 0; i < count; i++) {
		(void)snprintf(peers[i], sizeof(peers[i]), "10.0.%zu.1", i % addresses);
		flood[i] = (struct key_lookup){.peer = span_of(peers[i])};
		waited += !key_queue_add(queue, &flood[i]);
	}
	return waited;
}

static struct key_lookup lookup_of(const char *peer)
{
	return (struct key_lookup){.peer = span_of(peer)};
}

/* Its place among those that are taken, from 0. */
static size_t place_of(struct key_queue *queue, const struct key_lookup *lookup)
{
	const struct key_lookup *taken;
	size_t place = 0;
	while ((taken = key_queue_take(queue)) && taken != lookup)
		place++;
	ck_assert_ptr_eq(taken, lookup);
	return place;
}

START_TEST(one_address_is_served_in_order)
{
	struct key_queue queue;
	key_queue_init(&queue, MOST);
	ck_assert_uint_eq(add_flood(&queue, 10, 1), 10);
	for (size_t i = 0; i < 10; i++)
		ck_assert_ptr_eq(key_queue_take(&queue), &flood[i]);
	ck_assert_ptr_null(key_queue_take(&queue));
	ck_assert_uint_eq(queue.count, 0);
}
END_TEST

START_TEST(who_floods_waits_behind_itself)
{
	struct key_queue queue;
	struct key_lookup other = lookup_of("2001:db8::1");
	key_queue_init(&queue, MOST);
	ck_assert_uint_eq(add_flood(&queue, MOST - 1, 1), MOST - 1);
	ck_assert_ptr_null(key_queue_add(&queue, &other));
	/* Unless both share a lane by chance, which is 1 in KEY_QUEUE_LANES. */
	if (queue.first->count == MOST)
		return;
	ck_assert_uint_le(place_of(&queue, &other), 1);
}
END_TEST

START_TEST(each_address_waits_for_one_of_the_others)
{
	struct key_queue queue;
	struct key_lookup other = lookup_of("2001:db8::1");
	key_queue_init(&queue, MOST);
	ck_assert_uint_eq(add_flood(&queue, MOST / 2, 4), MOST / 2);
	ck_assert_ptr_null(key_queue_add(&queue, &other));
	/* It may share the lane of one of the four. */
	ck_assert_uint_le(place_of(&queue, &other), MOST / 2);
}
END_TEST

START_TEST(a_full_queue_makes_room_at_the_cost_of_the_longest_lane)
{
	static const char *const others[] = {"2001:db8:1::1", "2001:db8:2::1", "2001:db8:3::1",
		"2001:db8:4::1", "2001:db8:5::1", "2001:db8:6::1"};
	enum { OTHERS = sizeof(others) / sizeof(*others) };
	struct key_queue queue;
	struct key_lookup lookups[OTHERS];
	size_t displaced = 0;
	key_queue_init(&queue, MOST);
	ck_assert_uint_eq(add_flood(&queue, 2 * MOST, 1), MOST);
	for (size_t i = 0; i < OTHERS; i++) {
		lookups[i] = lookup_of(others[i]);
		displaced += key_queue_add(&queue, &lookups[i]) == &flood[displaced];
	}
	/* One may share the flood's lane, by chance. */
	ck_assert_uint_ge(displaced, OTHERS - 2);
	ck_assert_uint_eq(queue.count, MOST);
}
END_TEST

START_TEST(a_full_queue_that_is_shared_out_fairly_refuses)
{
	struct key_queue queue;
	size_t taken = 0;
	key_queue_init(&queue, MOST);
	(void)add_flood(&queue, 2 * MOST, 2 * MOST);
	while (key_queue_take(&queue))
		taken++;
	ck_assert_uint_eq(taken, MOST);
}
END_TEST

TESTS("key_queue", one_address_is_served_in_order, who_floods_waits_behind_itself,
	each_address_waits_for_one_of_the_others,
	a_full_queue_makes_room_at_the_cost_of_the_longest_lane,
	a_full_queue_that_is_shared_out_fairly_refuses)
