/* SPDX-License-Identifier: Apache-2.0 */
/* test_array - arrays are, byte for byte, what Postgres' array_recv reads. */
#include "tests/unit/test.h"
#include "worker/array.h"

START_TEST(texts_have_their_lengths_and_a_null_has_none)
{
	static const char wanted[] = "\0\0\0\1"         /* one dimension */
				     "\0\0\0\1"         /* with nulls */
				     "\0\0\0\x19"       /* of text */
				     "\0\0\0\3\0\0\0\1" /* three elements, from 1 */
				     "\0\0\0\2ab"
				     "\xff\xff\xff\xff"
				     "\0\0\0\0";
	struct buf array = {0};
	array_begin(&array, ARRAY_OF_TEXT, 3);
	array_add(&array, SPAN("ab"));
	array_add(&array, SPAN_NONE);
	array_add(&array, SPAN(""));
	ck_assert_uint_eq(array.len, sizeof(wanted) - 1);
	ck_assert_mem_eq(array.base, wanted, array.len);
	buf_fini(&array);
}
END_TEST

START_TEST(an_array_without_null_says_so)
{
	static const char wanted[] = "\0\0\0\1\0\0\0\0\0\0\x0b\x86\0\0\0\1\0\0\0\1"
				     "\0\0\0\x10"
				     "0123456789abcdef";
	struct buf array = {0};
	array_begin(&array, ARRAY_OF_UUID, 1);
	array_add(&array, SPAN("0123456789abcdef"));
	ck_assert_uint_eq(array.len, sizeof(wanted) - 1);
	ck_assert_mem_eq(array.base, wanted, array.len);
	buf_fini(&array);
}
END_TEST

START_TEST(a_buffer_used_again_holds_nothing_of_before)
{
	struct buf array = {0};
	array_begin(&array, ARRAY_OF_TEXT, 1);
	array_add(&array, SPAN_NONE);
	array_begin(&array, ARRAY_OF_TEXT, 1);
	array_add(&array, SPAN("x"));
	ck_assert_uint_eq(array.len, 20 + 4 + 1);
	ck_assert_int_eq(array.base[7], 0);
	buf_fini(&array);
}
END_TEST

TESTS("array", texts_have_their_lengths_and_a_null_has_none, an_array_without_null_says_so,
	a_buffer_used_again_holds_nothing_of_before)
