/* SPDX-License-Identifier: Apache-2.0 */
/* test_head_scan - what must never reach the HTTP parser. */
#include "shared/http/head_scan.h"

#include "tests/unit/test.h"

static size_t len;
static const char *problem;

static enum head_scan_result scan(struct span head)
{
	struct head_scan state = {0};
	return head_scan(&state, head, &len, &problem);
}

START_TEST(a_plain_head_is_complete_at_its_empty_line)
{
	ck_assert_int_eq(scan(SPAN("GET / HTTP/1.1\r\nHost: a\r\n\r\nrest")), HEAD_SCAN_COMPLETE);
	ck_assert_uint_eq(len, strlen("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
}
END_TEST

START_TEST(a_head_may_come_in_any_pieces)
{
	struct span head = SPAN("POST /x HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n");
	struct head_scan state = {0};
	for (size_t i = 1; i < head.len; i++)
		ck_assert_int_eq(
			head_scan(&state, span_from(head.base, i), &len, &problem), HEAD_SCAN_MORE);
	ck_assert_int_eq(head_scan(&state, head, &len, &problem), HEAD_SCAN_COMPLETE);
	ck_assert_uint_eq(len, head.len);
}
END_TEST

START_TEST(what_parsers_disagree_about_is_refused)
{
	static const struct span heads[] = {
		SPAN("GET / HTTP/1.1\nHost: a\n\n"),                      /* bare LF */
		SPAN("GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n"),          /* bare CR */
		SPAN("GET / HTTP/1.1\r\nX: \rContent-Length: 1\r\n\r\n"), /* CVE-2023-30589 */
		SPAN("GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n"),          /* obs-fold */
		SPAN("GET / HTTP/1.1\r\nHost: a\r\n\tb\r\n\r\n"),
		SPAN("GET / HTTP/1.1\r\nHost : a\r\n\r\n"), /* space before the colon */
		SPAN("GET / HTTP/1.1\r\nHost\r\n\r\n"),
		SPAN("GET / HTTP/1.1\r\n: a\r\n\r\n"),
		SPAN("GET / HTTP/1.1\r\nX: a\0b\r\n\r\n"),
		SPAN("GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
		SPAN("GET / HTTP/1.1 \r\nHost: a\r\n\r\n"),
		SPAN("GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"),
		SPAN("GET /\r\n\r\n"),    /* HTTP/0.9 */
		SPAN("\x16\x03\x01\x02"), /* TLS */
		SPAN("\r\n"),
	};
	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
		problem = NULL;
		ck_assert_msg(scan(heads[i]) == HEAD_SCAN_BAD, "head %zu", i);
		ck_assert_ptr_nonnull(problem);
	}
}
END_TEST

TESTS("head_scan", a_plain_head_is_complete_at_its_empty_line, a_head_may_come_in_any_pieces,
	what_parsers_disagree_about_is_refused)
