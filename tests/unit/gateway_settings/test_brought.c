/* SPDX-License-Identifier: Apache-2.0 */
/* test_brought - fields of forms and queries, and cookies. */
#include "gateway/settings/brought.h"

#include "tests/unit/test.h"

static struct arena arena;

static struct span field(const char *form, const char *name)
{
	return brought_field(span_of(form), span_of(name), &arena);
}

START_TEST(a_field_is_found_by_its_whole_name_and_decoded)
{
	ck_assert_span_eq(field("a=1&code=x%2By+z&b=2", "code"), SPAN("x+y z"));
	ck_assert_span_eq(field("code=1&code=2", "code"), SPAN("1"));
	ck_assert_span_eq(field("code=", "code"), SPAN(""));
	ck_assert_ptr_null(field("xcode=1&codex=2&code", "code").base);
	ck_assert_ptr_null(field("", "code").base);
	arena_fini(&arena);
}
END_TEST

START_TEST(a_field_that_is_no_text_is_none)
{
	ck_assert_ptr_null(field("code=%ff", "code").base);
	ck_assert_ptr_null(field("code=a%00b", "code").base);
	arena_fini(&arena);
}
END_TEST

START_TEST(a_form_of_many_fields_is_not_looked_through)
{
	struct buf form = {0};
	for (int i = 0; i < BROUGHT_FIELDS_MOST; i++)
		buf_add_text(&form, "a=1&");
	buf_add_text(&form, "code=1");
	ck_assert_ptr_null(brought_field(buf_span(&form), SPAN("code"), &arena).base);
	buf_fini(&form);
	arena_fini(&arena);
}
END_TEST

static struct span cookie(const char *first, const char *second)
{
	struct http_request request = {.header_count = second ? 2 : 1};
	request.headers[0] = (struct http_header){SPAN("Cookie"), span_of(first)};
	request.headers[1] = (struct http_header){SPAN("cookie"), span_of(second)};
	return brought_cookie(&request, SPAN("s"));
}

START_TEST(a_cookie_is_found_among_others)
{
	ck_assert_span_eq(cookie("s=1", NULL), SPAN("1"));
	ck_assert_span_eq(cookie("a=0; s=1; b=2", NULL), SPAN("1"));
	ck_assert_span_eq(cookie("a=0;s=1", NULL), SPAN("1"));
	ck_assert_span_eq(cookie("a=0", "s=1"), SPAN("1"));
	ck_assert_ptr_null(cookie("ss=1; xs=2; s", NULL).base);
	ck_assert_ptr_null(cookie("", NULL).base);
}
END_TEST

START_TEST(a_cookie_that_comes_twice_is_none)
{
	ck_assert_ptr_null(cookie("s=1; s=2", NULL).base);
	ck_assert_ptr_null(cookie("s=1", "s=1").base);
}
END_TEST

TESTS("brought", a_field_is_found_by_its_whole_name_and_decoded, a_field_that_is_no_text_is_none,
	a_form_of_many_fields_is_not_looked_through, a_cookie_is_found_among_others,
	a_cookie_that_comes_twice_is_none)
