/* SPDX-License-Identifier: Apache-2.0 */
/* test_circuit - which share of bad records stops a lane. */
#include "tests/unit/test.h"
#include "worker/circuit.h"

static struct circuit circuit_of(size_t share_percent)
{
	return (struct circuit){.share_percent = share_percent, .least = 10, .window = 1000};
}

START_TEST(a_few_bad_records_open_nothing_whatever_their_share)
{
	struct circuit circuit = circuit_of(50);
	ck_assert(!circuit_opens(&circuit, 9, 9));
	ck_assert(circuit_opens(&circuit, 10, 10));
}
END_TEST

START_TEST(only_more_than_the_share_opens_it)
{
	struct circuit circuit = circuit_of(50);
	ck_assert(!circuit_opens(&circuit, 50, 100));
	ck_assert(circuit_opens(&circuit, 51, 100));
}
END_TEST

START_TEST(single_records_add_up)
{
	struct circuit circuit = circuit_of(50);
	for (int i = 0; i < 9; i++) {
		ck_assert(!circuit_opens(&circuit, 1, 1));
		circuit_note(&circuit, 1, 1);
	}
	ck_assert(circuit_opens(&circuit, 1, 1));
	circuit_forget(&circuit);
	ck_assert(!circuit_opens(&circuit, 1, 1));
}
END_TEST

START_TEST(what_was_long_ago_weighs_little)
{
	struct circuit circuit = circuit_of(50);
	for (int i = 0; i < 1000; i++)
		circuit_note(&circuit, 0, 1000);
	ck_assert_uint_le(circuit.seen, circuit.window);
	ck_assert(circuit_opens(&circuit, 1100, 1100));
}
END_TEST

START_TEST(a_share_of_a_hundred_never_opens_it)
{
	struct circuit circuit = circuit_of(100);
	ck_assert(!circuit_opens(&circuit, 5000, 5000));
}
END_TEST

TESTS("circuit", a_few_bad_records_open_nothing_whatever_their_share,
	only_more_than_the_share_opens_it, single_records_add_up, what_was_long_ago_weighs_little,
	a_share_of_a_hundred_never_opens_it)
