/* SPDX-License-Identifier: Apache-2.0 */
/* test_printable - what strangers wrote harms no terminal. */
#include "shared/printable.h"
#include "tests/unit/test.h"

static void expect(struct span text, const char *plain, const char *json)
{
	struct buf buf = {0};
	printable_add(&buf, text);
	ck_assert_str_eq(buf_text(&buf), plain);
	buf_clear(&buf);
	printable_add_json(&buf, text);
	ck_assert_str_eq(buf_text(&buf), json);
	buf_fini(&buf);
}

START_TEST(text_of_any_script_stays)
{
	expect(SPAN("Ada L\xc3\xb6w \xe5\xb1\xb1 \xf0\x9f\x98\x80"),
		"Ada L\xc3\xb6w \xe5\xb1\xb1 \xf0\x9f\x98\x80",
		"\"Ada L\xc3\xb6w \xe5\xb1\xb1 \xf0\x9f\x98\x80\"");
	expect(SPAN_NONE, "", "\"\"");
}
END_TEST

START_TEST(what_a_terminal_obeys_is_escaped)
{
	expect(SPAN("\x1b[2J\a\r\n\x7f"), "\\x1b[2J\\x07\\x0d\\x0a\\x7f",
		"\"\\u001b[2J\\u0007\\u000d\\u000a\\u007f\"");
	/* U+009B, a one-character CSI; U+202E, which turns what follows around; U+2028. */
	expect(SPAN("\xc2\x9b"
		    "1m\xe2\x80\xae\xe2\x80\xa8"),
		"\\u{9b}1m\\u{202e}\\u{2028}", "\"\\u009b1m\\u202e\\u2028\"");
	expect(SPAN("\xf3\xa0\x80\xa1"), "\\u{e0021}", "\"\\udb40\\udc21\"");
	expect(SPAN("a\"b\\c"), "a\"b\\\\c", "\"a\\\"b\\\\c\"");
	expect(span_from("a\0b", 3), "a\\x00b", "\"a\\u0000b\"");
}
END_TEST

START_TEST(bytes_that_are_no_text_are_shown)
{
	expect(SPAN("a\xff"
		    "b\xc3"),
		"a\\xffb\\xc3", "\"a\\ufffdb\\ufffd\"");
	expect(SPAN("\xed\xa0\x80"), "\\xed\\xa0\\x80", "\"\\ufffd\\ufffd\\ufffd\"");
}
END_TEST

TESTS("printable", text_of_any_script_stays, what_a_terminal_obeys_is_escaped,
	bytes_that_are_no_text_are_shown)
