/* SPDX-License-Identifier: Apache-2.0 */
/* test_progress - what is committed is what is durable, and nothing beyond. */
#include "tests/unit/test.h"
#include "worker/progress.h"

static struct progress *progress;

static void with_partition(int32_t partition, int64_t start_offset)
{
	progress = progress_new();
	progress_assign(progress, partition, start_offset);
}

START_TEST(the_position_moves_when_a_batch_is_settled)
{
	with_partition(3, 100);
	ck_assert_int_eq(progress_to_commit(progress, 3), PROGRESS_NONE);
	struct progress_mark mark = progress_mark(progress, 3, 120, 0);
	ck_assert_int_eq(progress_position(progress, 3), 100);
	ck_assert(progress_settle(progress, &mark));
	ck_assert_int_eq(progress_position(progress, 3), 120);
	ck_assert_int_eq(progress_to_commit(progress, 3), 120);
	progress_free(progress);
}
END_TEST

START_TEST(a_batch_settled_out_of_order_waits_for_those_before)
{
	with_partition(0, PROGRESS_NONE);
	struct progress_mark first = progress_mark(progress, 0, 10, 0);
	struct progress_mark second = progress_mark(progress, 0, 20, 0);
	struct progress_mark third = progress_mark(progress, 0, 30, 0);
	ck_assert(progress_settle(progress, &second));
	ck_assert_int_eq(progress_to_commit(progress, 0), PROGRESS_NONE);
	ck_assert(progress_settle(progress, &first));
	ck_assert_int_eq(progress_to_commit(progress, 0), 20);
	ck_assert_uint_eq(progress_pending(progress, 0), 1);
	ck_assert(progress_settle(progress, &third));
	ck_assert_int_eq(progress_to_commit(progress, 0), 30);
	ck_assert_uint_eq(progress_pending(progress, 0), 0);
	progress_free(progress);
}
END_TEST

START_TEST(a_mark_that_is_withdrawn_holds_nothing_back)
{
	with_partition(5, 100);
	struct progress_mark first = progress_mark(progress, 5, 110, 0);
	struct progress_mark dropped = progress_mark(progress, 5, 120, 0);
	progress_withdraw(progress, &dropped);
	ck_assert_uint_eq(progress_pending(progress, 5), 1);
	ck_assert(progress_settle(progress, &first));
	ck_assert_int_eq(progress_to_commit(progress, 5), 110);
	progress_revoke(progress, 5);
	progress_assign(progress, 5, 110);
	(void)progress_mark(progress, 5, 130, 0);
	progress_withdraw(progress, &dropped);
	ck_assert_uint_eq(progress_pending(progress, 5), 1);
	progress_free(progress);
}
END_TEST

START_TEST(a_mark_of_an_earlier_assignment_moves_nothing)
{
	with_partition(5, 100);
	struct progress_mark old = progress_mark(progress, 5, 200, 0);
	progress_revoke(progress, 5);
	ck_assert(!progress_settle(progress, &old));
	progress_assign(progress, 5, 150);
	struct progress_mark new = progress_mark(progress, 5, 160, 0);
	ck_assert(!progress_settle(progress, &old));
	ck_assert_int_eq(progress_position(progress, 5), 150);
	ck_assert(progress_settle(progress, &new));
	ck_assert_int_eq(progress_to_commit(progress, 5), 160);
	progress_free(progress);
}
END_TEST

START_TEST(the_oldest_event_is_that_of_what_is_not_settled)
{
	with_partition(1, 7);
	ck_assert_int_eq(progress_oldest_ms(progress), PROGRESS_NONE);
	struct progress_mark first = progress_mark(progress, 1, 9, 500);
	struct progress_mark second = progress_mark(progress, 1, 11, 400);
	ck_assert_int_eq(progress_oldest_ms(progress), 400);
	ck_assert(progress_settle(progress, &second));
	ck_assert_int_eq(progress_oldest_ms(progress), 500);
	ck_assert_int_eq(progress_uncommitted(progress, 1), 0);
	ck_assert(progress_settle(progress, &first));
	ck_assert_int_eq(progress_oldest_ms(progress), PROGRESS_NONE);
	ck_assert_int_eq(progress_uncommitted(progress, 1), 4);
	progress_committed(progress, 1, 11);
	ck_assert_int_eq(progress_uncommitted(progress, 1), 0);
	progress_free(progress);
}
END_TEST

START_TEST(an_offset_is_committed_once)
{
	with_partition(1, 7);
	struct progress_mark mark = progress_mark(progress, 1, 9, 0);
	ck_assert(progress_settle(progress, &mark));
	progress_committed(progress, 1, 9);
	ck_assert_int_eq(progress_to_commit(progress, 1), PROGRESS_NONE);
	mark = progress_mark(progress, 1, 11, 0);
	ck_assert(progress_settle(progress, &mark));
	ck_assert_int_eq(progress_to_commit(progress, 1), 11);
	progress_free(progress);
}
END_TEST

START_TEST(partitions_do_not_hold_each_other_back)
{
	with_partition(0, 0);
	progress_assign(progress, 9, 0);
	(void)progress_mark(progress, 0, 10, 0);
	struct progress_mark other = progress_mark(progress, 9, 20, 0);
	ck_assert(progress_settle(progress, &other));
	ck_assert_int_eq(progress_to_commit(progress, 0), PROGRESS_NONE);
	ck_assert_int_eq(progress_to_commit(progress, 9), 20);
	ck_assert(!progress_is_assigned(progress, 4));
	ck_assert_int_eq(progress_partition_count(progress), 10);
	progress_free(progress);
}
END_TEST

/* Many open marks, settled by chance: the position is always the end of the settled prefix. */
START_TEST(the_position_is_the_settled_prefix_whatever_the_order)
{
	enum { MARKS = 100 };
	for (unsigned round = 1; round <= 200; round++) {
		unsigned seed = round;
		struct progress_mark marks[MARKS];
		bool settled[MARKS] = {false};
		size_t made = 0;
		size_t left = MARKS;
		with_partition(2, 0);
		while (left > 0) {
			if (made < MARKS && rand_r(&seed) % 2) {
				marks[made] = progress_mark(progress, 2, (int64_t)made + 1, 0);
				made++;
				continue;
			}
			size_t at = made ? (size_t)rand_r(&seed) % made : 0;
			if (made == 0 || settled[at])
				continue;
			ck_assert(progress_settle(progress, &marks[at]));
			settled[at] = true;
			left--;
			size_t prefix = 0;
			while (prefix < MARKS && settled[prefix])
				prefix++;
			ck_assert_int_eq(progress_position(progress, 2), (int64_t)prefix);
		}
		progress_free(progress);
	}
}
END_TEST

TESTS("progress", the_position_moves_when_a_batch_is_settled,
	a_batch_settled_out_of_order_waits_for_those_before,
	a_mark_that_is_withdrawn_holds_nothing_back, a_mark_of_an_earlier_assignment_moves_nothing,
	an_offset_is_committed_once, the_oldest_event_is_that_of_what_is_not_settled,
	partitions_do_not_hold_each_other_back,
	the_position_is_the_settled_prefix_whatever_the_order)
