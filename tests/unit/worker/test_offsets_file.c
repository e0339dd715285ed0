/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"
#include "worker/offsets_file.h"

static void check_taken(const char *text, const char *wanted)
{
	struct offset_list list;
	struct failure failure = {.detail = ""};
	struct buf out = {0};
	ck_assert_msg(offset_list_parse(span_of(text), &list, &failure) == OK, "%s: %s", text,
		failure.detail);
	offset_list_write(&list, &out);
	ck_assert_str_eq(buf_text(&out), wanted);
	offset_list_fini(&list);
	buf_fini(&out);
}

static void check_refused(const char *text, const char *wanted)
{
	struct offset_list list;
	struct failure failure = {.detail = ""};
	ck_assert_int_eq(offset_list_parse(span_of(text), &list, &failure), E_USAGE);
	ck_assert_msg(strstr(failure.detail, wanted) != NULL, "%s: %s", text, failure.detail);
}

START_TEST(lines_and_json_say_the_same)
{
	check_taken("3 1200\n0 5\n", "0:5,3:1200");
	check_taken("# of the night\r\n\r\n\t0   5 # five\r\n3\t1200", "0:5,3:1200");
	check_taken("{\"3\": 1200,\n\"0\": 5}", "0:5,3:1200");
	check_taken("7 9223372036854775807", "7:9223372036854775807");
}
END_TEST

START_TEST(what_is_wrong_is_told_with_its_line)
{
	check_refused("", "no partition");
	check_refused("# nothing\n", "no partition");
	check_refused("0 1\n\n2\n", "line 3");
	check_refused("0 1\n1 -2\n", "line 2");
	check_refused("0 1 2", "line 1");
	check_refused("contacts 0 1", "line 1");
	check_refused("0 9223372036854775808", "line 1");
	check_refused("1000001 1", "line 1");
	check_refused("01", "line 1");
	check_refused("3 1\n3 2\n", "partition 3 is named twice");
	check_refused("{\n\"3\": }", "line 2");
	check_refused("{\"3\": 1.5}", "partition 3");
	check_refused("{\"3\": -1}", "partition 3");
	check_refused("{\"x\": 1}", "named by its partition");
	check_refused("{}", "no partition");
	check_refused("{\"3\": 1, \"03\": 1}", "twice");
}
END_TEST

START_TEST(a_partition_is_found_among_many)
{
	struct buf text = {0};
	struct offset_list list;
	struct failure failure;
	for (int i = 99; i >= 0; i--)
		buf_printf(&text, "%d %d\n", 2 * i, i);
	ck_assert_int_eq(offset_list_parse(buf_span(&text), &list, &failure), OK);
	ck_assert_uint_eq(list.count, 100);
	ck_assert_int_eq(offset_list_find(&list, 66)->offset, 33);
	ck_assert_ptr_null(offset_list_find(&list, 67));
	offset_list_fini(&list);
	ck_assert_ptr_null(offset_list_find(&list, 66));
	buf_fini(&text);
}
END_TEST

TESTS("offsets_file", lines_and_json_say_the_same, what_is_wrong_is_told_with_its_line,
	a_partition_is_found_among_many)
