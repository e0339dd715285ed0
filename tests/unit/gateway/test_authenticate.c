/* SPDX-License-Identifier: Apache-2.0 */
/* test_authenticate - which header's key is asked for, and what becomes of the answer. */
#include "gateway/pipeline.h"
#include "shared/arena.h"
#include "tests/unit/test.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define KEY "sk_" HEX
#define OTHER_KEY "sk_ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

/* In base64: "KEY:", "user:KEY", "KEY:OTHER_KEY", "user:password", "KEY". */
#define USER_BASE64                                                                                \
	"c2tfMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2Rl" \
	"Zjo="
#define PASSWORD_BASE64                                                                            \
	"dXNlcjpza18wMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5" \
	"YWJjZGVm"
#define TWO_KEYS_BASE64                                                                            \
	"c2tfMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2Rl" \
	"Zj"                                                                                       \
	"pza19mZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZm" \
	"Zm"
#define NO_KEY_BASE64 "dXNlcjpwYXNzd29yZA=="
#define NO_COLON_BASE64                                                                            \
	"c2tfMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2Rl" \
	"Zg=="

/* What the fakes were asked, and what they say. */
static struct {
	enum error answer;
	int asked;
	char key[80]; /* a copy: a decoded one lives no longer than its request */
	char peer[80];
	int resumed;
	enum error resumed_with;
} fake;

static struct {
	struct pipeline pipeline;
	struct http_request request;
	struct submission submission;
} test;

enum error keys_find(
	struct keys *keys, struct key_lookup *lookup, int64_t wall_ms, int64_t steady_ms)
{
	(void)keys;
	(void)steady_ms;
	ck_assert_int_eq(wall_ms, 1234);
	fake.asked++;
	ck_assert_uint_lt(lookup->key.len, sizeof(fake.key));
	memcpy(fake.key, lookup->key.base, lookup->key.len);
	memcpy(fake.peer, lookup->peer.base, lookup->peer.len);
	return fake.answer;
}

void pipeline_resume(struct submission *submission, enum error error)
{
	ck_assert_ptr_eq(submission, &test.submission);
	fake.resumed++;
	fake.resumed_with = error;
}

static void add_header(const char *name, const char *value)
{
	test.request.headers[test.request.header_count++] =
		(struct http_header){span_of(name), span_of(value)};
}

/* Name and value, name and value, ..., NULL. Returns: what the step says. */
static enum error step(enum error answer, const char *const *headers)
{
	memset(&fake, 0, sizeof(fake));
	memset(&test, 0, sizeof(test));
	fake.answer = answer;
	test.pipeline.loop = loop_new();
	memcpy(test.request.peer, "192.0.2.7", sizeof("192.0.2.7"));
	test.submission = (struct submission){.pipeline = &test.pipeline,
		.request = &test.request,
		.wall_ns = INT64_C(1234) * 1000000};
	for (; *headers; headers += 2)
		add_header(headers[0], headers[1]);
	enum error error = authenticate_step(&test.submission);
	arena_fini(&test.request.arena);
	loop_free(test.pipeline.loop);
	return error;
}
#define STEP(answer, ...) step(answer, (const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

/* The key is asked for, once, and nothing else is. */
#define EXPECT_ASKED(key_text, ...)                                                                \
	do {                                                                                       \
		ck_assert_int_eq(STEP(OK, __VA_ARGS__), OK);                                       \
		ck_assert_int_eq(fake.asked, 1);                                                   \
		ck_assert_str_eq(fake.key, key_text);                                              \
	} while (0)

/* Refused with that error, without a question. */
#define EXPECT_REFUSED(error, ...)                                                                 \
	do {                                                                                       \
		ck_assert_int_eq(STEP(OK __VA_OPT__(, ) __VA_ARGS__), error);                      \
		ck_assert_int_eq(fake.asked, 0);                                                   \
		ck_assert(!test.submission.authenticated);                                         \
	} while (0)

START_TEST(the_key_of_x_api_key_is_asked_for)
{
	EXPECT_ASKED(KEY, "Host", "localhost", "X-API-Key", KEY);
	ck_assert_str_eq(fake.peer, "192.0.2.7");
	ck_assert(test.submission.authenticated);
}
END_TEST

START_TEST(the_key_of_a_bearer_is_asked_for)
{
	EXPECT_ASKED(KEY, "Authorization", "Bearer " KEY);
	EXPECT_ASKED(KEY, "authorization", "bearer   " KEY);
}
END_TEST

START_TEST(the_key_of_basic_is_asked_for_as_user_or_password)
{
	EXPECT_ASKED(KEY, "Authorization", "Basic " USER_BASE64);
	EXPECT_ASKED(KEY, "Authorization", "basic " PASSWORD_BASE64);
}
END_TEST

START_TEST(the_same_key_twice_is_one)
{
	EXPECT_ASKED(KEY, "x-api-key", KEY, "x-api-key", KEY);
	EXPECT_ASKED(KEY, "Authorization", "Bearer " KEY, "x-api-key", KEY);
	EXPECT_ASKED(KEY, "x-api-key", KEY, "Authorization", "Basic " USER_BASE64);
}
END_TEST

START_TEST(two_different_keys_are_a_conflict)
{
	EXPECT_REFUSED(E_CONFLICTING_KEYS, "x-api-key", KEY, "x-api-key", OTHER_KEY);
	EXPECT_REFUSED(E_CONFLICTING_KEYS, "x-api-key", KEY, "Authorization", "Bearer " OTHER_KEY);
	EXPECT_REFUSED(E_CONFLICTING_KEYS, "Authorization", "Bearer " OTHER_KEY, "Authorization",
		"Basic " USER_BASE64);
	EXPECT_REFUSED(E_CONFLICTING_KEYS, "Authorization", "Basic " TWO_KEYS_BASE64);
	/* Malformed or not, it is not for us to choose. */
	EXPECT_REFUSED(E_CONFLICTING_KEYS, "x-api-key", "something", "x-api-key", KEY);
}
END_TEST

START_TEST(credentials_of_others_are_none_of_ours)
{
	EXPECT_ASKED(KEY, "x-api-key", KEY, "Authorization", "Bearer a-proxys-token");
	EXPECT_ASKED(KEY, "x-api-key", KEY, "Authorization", "Basic " NO_KEY_BASE64);
	EXPECT_ASKED(KEY, "x-api-key", KEY, "Authorization", "Digest username=\"sk_\"");
	EXPECT_ASKED(KEY, "x-api-key", KEY, "Authorization", "");
}
END_TEST

START_TEST(a_request_without_a_key_is_told_so)
{
	EXPECT_REFUSED(E_MISSING_API_KEY);
	EXPECT_REFUSED(E_MISSING_API_KEY, "x-api-key", "");
	EXPECT_REFUSED(E_MISSING_API_KEY, "x-api-keys", KEY, "api-key", KEY);
	EXPECT_REFUSED(E_MISSING_API_KEY, "Authorization", KEY);
	EXPECT_REFUSED(E_MISSING_API_KEY, "Authorization", "Basic " NO_KEY_BASE64);
	EXPECT_REFUSED(E_MISSING_API_KEY, "Authorization", "Basic not base64!");
	EXPECT_REFUSED(E_MISSING_API_KEY, "Authorization", "Basic " NO_COLON_BASE64);
}
END_TEST

START_TEST(a_malformed_key_is_invalid_without_a_look_up)
{
	EXPECT_REFUSED(E_INVALID_API_KEY, "x-api-key", "something");
	EXPECT_REFUSED(E_INVALID_API_KEY, "x-api-key", KEY "0");
	EXPECT_REFUSED(E_INVALID_API_KEY, "x-api-key", "SK_" HEX);
	EXPECT_REFUSED(E_INVALID_API_KEY, "Authorization", "Bearer something");
	EXPECT_REFUSED(E_INVALID_API_KEY, "Authorization", "Bearer " KEY " " KEY);
}
END_TEST

START_TEST(a_key_that_is_refused_is_not_authenticated)
{
	ck_assert_int_eq(STEP(E_INVALID_API_KEY, "x-api-key", KEY), E_INVALID_API_KEY);
	ck_assert(!test.submission.authenticated);
	ck_assert_int_eq(STEP(E_KEYS_UNAVAILABLE, "x-api-key", KEY), E_KEYS_UNAVAILABLE);
	ck_assert(!test.submission.authenticated);
}
END_TEST

START_TEST(an_answer_that_comes_later_resumes_the_pipeline)
{
	static const enum error answers[] = {OK, E_INVALID_API_KEY, E_KEYS_UNAVAILABLE};
	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		ck_assert_int_eq(STEP(E_PENDING, "x-api-key", KEY), E_PENDING);
		ck_assert_int_eq(fake.resumed, 0);
		ck_assert(!test.submission.authenticated);
		test.submission.lookup.error = answers[i];
		test.submission.lookup.done(&test.submission.lookup);
		ck_assert_int_eq(fake.resumed, 1);
		ck_assert_int_eq(fake.resumed_with, answers[i]);
		ck_assert(test.submission.authenticated == (answers[i] == OK));
	}
}
END_TEST

TESTS("authenticate", the_key_of_x_api_key_is_asked_for, the_key_of_a_bearer_is_asked_for,
	the_key_of_basic_is_asked_for_as_user_or_password, the_same_key_twice_is_one,
	two_different_keys_are_a_conflict, credentials_of_others_are_none_of_ours,
	a_request_without_a_key_is_told_so, a_malformed_key_is_invalid_without_a_look_up,
	a_key_that_is_refused_is_not_authenticated, an_answer_that_comes_later_resumes_the_pipeline)
