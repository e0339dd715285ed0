/* SPDX-License-Identifier: Apache-2.0 */
/* test_memory - buf and arena. */
#include "shared/arena.h"
#include "shared/buf.h"
#include "tests/unit/test.h"

START_TEST(json_text_is_escaped)
{
	struct buf buf = {0};
	buf_add_json(&buf, span_from("a\"b\\c\n\x01\x7f\xc3\xa9\0", 11));
	ck_assert_str_eq(buf_text(&buf), "\"a\\\"b\\\\c\\u000a\\u0001\\u007f\xc3\xa9\\u0000\"");
	buf_fini(&buf);
}
END_TEST

START_TEST(numbers_are_written_to_both_ends)
{
	struct buf buf = {0};
	buf_add_int(&buf, INT64_MIN);
	buf_add_char(&buf, ' ');
	buf_add_int(&buf, INT64_MAX);
	buf_add_char(&buf, ' ');
	buf_add_int(&buf, 0);
	ck_assert_str_eq(buf_text(&buf), "-9223372036854775808 9223372036854775807 0");
	buf_fini(&buf);
}
END_TEST

START_TEST(a_buf_keeps_all_that_was_added)
{
	struct buf buf = {0};
	for (int i = 0; i < 10000; i++)
		buf_printf(&buf, "%04d", i);
	ck_assert_uint_eq(buf.len, 40000);
	ck_assert_int_eq(memcmp(buf.base + 4 * 9999, "9999", 4), 0);
	buf_fini(&buf);
}
END_TEST

START_TEST(an_arena_hands_out_aligned_pieces_of_any_size)
{
	struct arena arena = {0};
	for (size_t size = 0; size < 20000; size += 777) {
		char *piece = arena_alloc(&arena, size);
		ck_assert_uint_eq((uintptr_t)piece % _Alignof(max_align_t), 0);
		memset(piece, 0xa5, size);
	}
	arena_clear(&arena);
	ck_assert_span_eq(arena_copy(&arena, SPAN("again")), SPAN("again"));
	arena_fini(&arena);
	ck_assert_uint_eq(arena.total_bytes, 0);
}
END_TEST

START_TEST(an_arena_keeps_no_large_block)
{
	struct arena arena = {0};
	(void)arena_alloc(&arena, 100);
	(void)arena_alloc(&arena, 1000000);
	arena_clear(&arena);
	ck_assert_uint_le(arena.total_bytes, 4096);
	arena_fini(&arena);
}
END_TEST

TESTS("memory", json_text_is_escaped, numbers_are_written_to_both_ends,
	a_buf_keeps_all_that_was_added, an_arena_hands_out_aligned_pieces_of_any_size,
	an_arena_keeps_no_large_block)
