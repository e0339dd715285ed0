/* SPDX-License-Identifier: Apache-2.0 */
/* test_pace - batches shrink while statements are slow, and grow again. */
#include "tests/unit/test.h"
#include "worker/pace.h"

enum { ROWS = 2000, SLOW_MS = 1000, SLOW_US = SLOW_MS * 1000 };

START_TEST(a_slow_statement_halves_the_next_batches)
{
	struct pace pace = pace_start(ROWS, SLOW_MS);
	pace_note(&pace, ROWS, SLOW_US);
	ck_assert_uint_eq(pace.rows, ROWS);
	pace_note(&pace, ROWS, SLOW_US + 1);
	ck_assert_uint_eq(pace.rows, ROWS / 2);
	pace_note(&pace, ROWS / 2, SLOW_US + 1);
	ck_assert_uint_eq(pace.rows, ROWS / 4);
}
END_TEST

START_TEST(a_few_rows_go_however_slow_it_is)
{
	struct pace pace = pace_start(ROWS, SLOW_MS);
	for (int i = 0; i < 20; i++)
		pace_note(&pace, pace.rows, 10 * SLOW_US);
	ck_assert_uint_eq(pace.rows, PACE_ROWS_FEWEST);
	pace = pace_start(3, SLOW_MS);
	pace_note(&pace, 3, 10 * SLOW_US);
	ck_assert_uint_eq(pace.rows, 3);
}
END_TEST

START_TEST(full_quick_batches_let_it_grow_to_what_is_set)
{
	struct pace pace = pace_start(ROWS, SLOW_MS);
	for (int i = 0; i < 20; i++)
		pace_note(&pace, pace.rows, 10 * SLOW_US);
	size_t before = pace.rows;
	pace_note(&pace, pace.rows, SLOW_US / 2);
	pace_note(&pace, pace.rows - 1, 0);
	ck_assert_uint_eq(pace.rows, before);
	pace_note(&pace, pace.rows, SLOW_US / 2 - 1);
	ck_assert_uint_gt(pace.rows, before);
	for (int i = 0; i < 40; i++)
		pace_note(&pace, pace.rows, 1);
	ck_assert_uint_eq(pace.rows, ROWS);
}
END_TEST

TESTS("pace", a_slow_statement_halves_the_next_batches, a_few_rows_go_however_slow_it_is,
	full_quick_batches_let_it_grow_to_what_is_set)
