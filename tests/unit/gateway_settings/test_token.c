/* SPDX-License-Identifier: Apache-2.0 */
/* test_token - codes and sessions: what is read, what is stored, what a form brings. */
#include "gateway/settings/token.h"

#include <string.h>

#include "tests/unit/test.h"

START_TEST(tokens_are_hex_of_their_length_and_never_alike)
{
	struct token a;
	struct token b;
	token_generate(&a, TOKEN_CODE_LEN);
	token_generate(&b, TOKEN_CODE_LEN);
	ck_assert_uint_eq(strlen(a.text), TOKEN_CODE_LEN);
	ck_assert_uint_eq(strspn(a.text, "0123456789abcdef"), TOKEN_CODE_LEN);
	ck_assert_str_ne(a.text, b.text);
}
END_TEST

START_TEST(a_code_may_come_with_spaces_hyphens_and_capitals)
{
	struct token token;
	ck_assert(token_parse(
		SPAN(" 0123456789-ABCDEF0123 456789abcdef01234567\r\n"), TOKEN_CODE_LEN, &token));
	ck_assert_str_eq(token.text, "0123456789abcdef0123456789abcdef01234567");
}
END_TEST

START_TEST(what_is_no_token_is_refused)
{
	static const struct span texts[] = {
		{NULL, 0},
		SPAN(""),
		SPAN("0123456789abcdef0123456789abcdef0123456"),
		SPAN("0123456789abcdef0123456789abcdef012345678"),
		SPAN("0123456789abcdef0123456789abcdef0123456g"),
		SPAN("0123456789abcdef0123456789abcdef0123456\0"),
		SPAN("0123456789abcdef0123456789abcdef0123456\xc3"),
	};
	struct token token = {"untouched"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		ck_assert(!token_parse(texts[i], TOKEN_CODE_LEN, &token));
	ck_assert_str_eq(token.text, "untouched");
}
END_TEST

START_TEST(a_digest_is_the_sha256_of_the_text)
{
	struct token token = {"abc"};
	const struct token_digest digest = token_digest(&token);
	ck_assert_mem_eq(digest.bytes, "\xba\x78\x16\xbf\x8f\x01\xcf\xea", 8);
}
END_TEST

START_TEST(a_form_is_its_sessions_only)
{
	struct token mine;
	struct token other;
	char form[TOKEN_FORM_LEN + 1];
	token_generate(&mine, TOKEN_SESSION_LEN);
	token_generate(&other, TOKEN_SESSION_LEN);
	token_form(&mine, form);
	ck_assert(token_form_is(&mine, span_of(form)));
	ck_assert(!token_form_is(&other, span_of(form)));
	ck_assert(!token_form_is(&mine, span_from(form, TOKEN_FORM_LEN - 1)));
	ck_assert(!token_form_is(&mine, SPAN_NONE));
	ck_assert_ptr_null(strstr(form, mine.text));
	form[TOKEN_FORM_LEN - 1] = form[TOKEN_FORM_LEN - 1] == '0' ? '1' : '0';
	ck_assert(!token_form_is(&mine, span_of(form)));
}
END_TEST

TESTS("token", tokens_are_hex_of_their_length_and_never_alike,
	a_code_may_come_with_spaces_hyphens_and_capitals, what_is_no_token_is_refused,
	a_digest_is_the_sha256_of_the_text, a_form_is_its_sessions_only)
