/* SPDX-License-Identifier: Apache-2.0 */
/* test_headers - the first step: path, method, and no key in the address. */
#include "gateway/submission.h"
#include "tests/unit/test.h"

#define KEY "sk_abc3456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct submission submission;

static enum error step(enum http_method method, const char *path, const char *query)
{
	struct http_request request = {
		.method = method,
		.path = span_of(path),
		.query = span_of(query),
	};
	submission = (struct submission){.request = &request};
	return headers_step(&submission);
}

START_TEST(the_path_may_end_in_a_slash_and_no_other_is_taken)
{
	ck_assert_int_eq(step(METHOD_POST, "/api/webhooks/contacts", NULL), OK);
	ck_assert_int_eq(step(METHOD_POST, "/api/webhooks/contacts/", NULL), OK);
	static const char *const others[] = {"", "/", "*", "/api/webhooks/contacts//",
		"/api/webhooks/contact", "/API/webhooks/contacts", "/api/webhooks/contacts/x"};
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		ck_assert_msg(step(METHOD_POST, others[i], NULL) == E_NOT_FOUND, "%s", others[i]);
		ck_assert_ptr_nonnull(strstr(submission.failure.detail, "POST /api/webhooks"));
	}
}
END_TEST

START_TEST(only_post_is_taken)
{
	ck_assert_int_eq(step(METHOD_GET, "/api/webhooks/contacts", NULL), E_METHOD_NOT_ALLOWED);
	ck_assert_int_eq(step(METHOD_HEAD, "/api/webhooks/contacts", NULL), E_METHOD_NOT_ALLOWED);
	ck_assert_int_eq(step(METHOD_OTHER, "/api/webhooks/contacts", NULL), E_METHOD_NOT_ALLOWED);
}
END_TEST

START_TEST(a_key_in_the_query_is_refused_and_not_told_back)
{
	static const char *const queries[] = {"x-api-key=abc", "api_key=abc", "API-KEY=abc",
		"a=1&apikey=abc", "k=sk_abc", "sk_abc", "a=1&&b=2&z=SK_abc",
		"authorization=Bearer%20" KEY, "a=sk_&b=xsk_" KEY "0"};
	for (size_t i = 0; i < sizeof(queries) / sizeof(*queries); i++) {
		ck_assert_msg(step(METHOD_POST, "/api/webhooks/contacts", queries[i]) ==
				      E_MISSING_API_KEY,
			"%s", queries[i]);
		ck_assert_ptr_nonnull(strstr(submission.failure.detail, "x-api-key header"));
		ck_assert_ptr_null(strstr(submission.failure.detail, "abc"));
	}
}
END_TEST

START_TEST(other_queries_do_no_harm)
{
	static const char *const queries[] = {"", "a", "a=1&b=2", "&&", "=",
		"api_key=", "task_id=1", "source=ask_us", "keys=1",
		"a=task_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"};
	for (size_t i = 0; i < sizeof(queries) / sizeof(*queries); i++)
		ck_assert_msg(step(METHOD_POST, "/api/webhooks/contacts", queries[i]) == OK, "%s",
			queries[i]);
}
END_TEST

TESTS("headers", the_path_may_end_in_a_slash_and_no_other_is_taken, only_post_is_taken,
	a_key_in_the_query_is_refused_and_not_told_back, other_queries_do_no_harm)
