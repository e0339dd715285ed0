/* SPDX-License-Identifier: Apache-2.0 */
/* test_jwt - tokens of a shared secret: signature, claims, form; and who may hand them over. */
#include "gateway/settings/jwt.h"

#include <sodium.h>
#include <string.h>

#include "tests/unit/test.h"

#define SECRET "a secret that is long enough to be one"
#define USER "00000000-0000-4000-8000-0000000000aa"

enum { NOW_S = 1700000000 };

static const struct jwt_settings settings = {
	.algorithm = "HS256",
	.issuer = "me",
	.audience = "you",
	.secret = SECRET,
	.origins = "https://app.example.com, https://two.example.com:8443",
};

static void add_base64(struct buf *out, const void *bytes, size_t len)
{
	char text[2048];
	ck_assert_ptr_nonnull(sodium_bin2base64(
		text, sizeof(text), bytes, len, sodium_base64_VARIANT_URLSAFE_NO_PADDING));
	buf_add_text(out, text);
}

static void make_token(struct buf *out, const char *header, const char *claims)
{
	uint8_t mac[crypto_auth_hmacsha256_BYTES];
	crypto_auth_hmacsha256_state state;
	buf_clear(out);
	add_base64(out, header, strlen(header));
	buf_add_char(out, '.');
	add_base64(out, claims, strlen(claims));
	(void)crypto_auth_hmacsha256_init(&state, (const uint8_t *)SECRET, strlen(SECRET));
	(void)crypto_auth_hmacsha256_update(&state, (const uint8_t *)out->base, out->len);
	(void)crypto_auth_hmacsha256_final(&state, mac);
	buf_add_char(out, '.');
	add_base64(out, mac, sizeof(mac));
}

static const char *verify(const char *header, const char *claims)
{
	struct buf token = {0};
	struct uuid user;
	struct jwt *jwt = jwt_new(&settings);
	make_token(&token, header, claims);
	const char *reason = jwt_verify(jwt, buf_span(&token), NOW_S, &user);
	buf_fini(&token);
	jwt_free(jwt);
	return reason;
}

#define HS256 "{\"alg\":\"HS256\"}"
#define CLAIMS(rest) "{\"iss\":\"me\",\"aud\":\"you\",\"sub\":\"" USER "\"" rest "}"

START_TEST(a_good_token_names_its_user)
{
	ck_assert_ptr_null(verify(HS256, CLAIMS(",\"exp\":1700000001")));
	ck_assert_ptr_null(verify(HS256, CLAIMS(",\"exp\":1700000000.5")));
	ck_assert_ptr_null(verify(HS256, CLAIMS(",\"exp\":1700000001,\"nbf\":1700000000")));
}
END_TEST

START_TEST(time_has_a_leeway_and_no_more)
{
	ck_assert_ptr_null(verify(HS256, CLAIMS(",\"exp\":1699999971")));
	ck_assert_str_eq(verify(HS256, CLAIMS(",\"exp\":1699999970")), "it has expired");
	ck_assert_ptr_null(verify(HS256, CLAIMS(",\"exp\":1700000001,\"nbf\":1700000030")));
	ck_assert_str_eq(verify(HS256, CLAIMS(",\"exp\":1700000001,\"nbf\":1700000031")),
		"it does not hold yet");
	ck_assert_str_eq(verify(HS256, CLAIMS("")), "it does not say when it ends");
	ck_assert_str_eq(
		verify(HS256, CLAIMS(",\"exp\":\"1700000001\"")), "it does not say when it ends");
}
END_TEST

START_TEST(an_algorithm_is_not_the_tokens_to_choose)
{
	static const char *const headers[] = {"{\"alg\":\"none\"}", "{\"alg\":\"HS384\"}",
		"{\"alg\":\"RS256\"}", "{\"alg\":\"hs256\"}", "{}", "{\"alg\":1}"};
	for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++)
		ck_assert_ptr_nonnull(verify(headers[i], CLAIMS(",\"exp\":1700000001")));
}
END_TEST

START_TEST(a_header_that_asks_for_more_than_a_signature_is_refused)
{
	static const char *const headers[] = {"{\"alg\":\"HS256\",\"zip\":\"DEF\"}",
		"{\"alg\":\"HS256\",\"cty\":\"JWT\"}",
		"{\"alg\":\"HS256\",\"crit\":[\"b64\"],\"b64\":true}"};
	static const char *const others[] = {
		"[]", "\"HS256\"", "{\"alg\":\"none\",\"alg\":\"HS256\"}"};
	for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++)
		ck_assert_str_eq(verify(headers[i], CLAIMS(",\"exp\":1700000001")),
			"it has extensions that are not known here");
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		ck_assert_str_eq(
			verify(others[i], CLAIMS(",\"exp\":1700000001")), "it is no signed token");
}
END_TEST

START_TEST(what_is_no_compact_token_is_refused)
{
	static const char *const tokens[] = {
		"", ".", "..", "a.b", "a.b.c.d", "a.b.c", "{}.{}.x", "eyJhbGciOiJub25lIn0.e30."};
	struct uuid user;
	struct jwt *jwt = jwt_new(&settings);
	for (size_t i = 0; i < sizeof(tokens) / sizeof(*tokens); i++)
		ck_assert_ptr_nonnull(jwt_verify(jwt, span_of(tokens[i]), NOW_S, &user));
	ck_assert_ptr_nonnull(jwt_verify(jwt, SPAN_NONE, NOW_S, &user));
	jwt_free(jwt);
}
END_TEST

START_TEST(an_origin_is_trusted_as_a_whole)
{
	struct jwt *jwt = jwt_new(&settings);
	ck_assert(jwt_trusts(jwt, SPAN("https://app.example.com")));
	ck_assert(jwt_trusts(jwt, SPAN("https://two.example.com:8443")));
	ck_assert(!jwt_trusts(jwt, SPAN("https://two.example.com")));
	ck_assert(!jwt_trusts(jwt, SPAN("https://app.example.co")));
	ck_assert(!jwt_trusts(jwt, SPAN("https://app.example.com.evil.example")));
	ck_assert(!jwt_trusts(jwt, SPAN("null")));
	ck_assert(!jwt_trusts(jwt, SPAN("")));
	jwt_free(jwt);
}
END_TEST

static size_t problem_count(const struct jwt_settings *wrong)
{
	struct buf problems = {0};
	size_t lines = 0;
	jwt_check_settings(wrong, &problems);
	for (size_t i = 0; i < problems.len; i++)
		lines += problems.base[i] == '\n';
	buf_fini(&problems);
	return lines;
}

START_TEST(settings_that_do_not_go_together_are_told)
{
	struct jwt_settings wrong = settings;
	ck_assert_uint_eq(problem_count(&settings), 0);
	ck_assert_uint_eq(problem_count(&(struct jwt_settings){.issuer = "me"}), 0);
	wrong.secret = "short";
	ck_assert_uint_eq(problem_count(&wrong), 1);
	wrong = settings;
	wrong.algorithm = "none";
	ck_assert_uint_eq(problem_count(&wrong), 1);
	wrong = settings;
	wrong.algorithm = "RS256";
	ck_assert_uint_eq(problem_count(&wrong), 1);
	wrong.keys = "http://example.com/keys.json";
	ck_assert_uint_eq(problem_count(&wrong), 1);
	wrong.keys = "http://127.0.0.1.example.com/keys.json";
	ck_assert_uint_eq(problem_count(&wrong), 1);
	wrong.keys = "https://example.com/keys.json";
	ck_assert_uint_eq(problem_count(&wrong), 0);
	wrong.origins = "https://app.example.com http://localhost:3000, https://b.example.com:8443";
	ck_assert_uint_eq(problem_count(&wrong), 0);
	wrong.origins =
		"null https://app.example.com/ http://app.example.com https:// * app.example.com";
	ck_assert_uint_eq(problem_count(&wrong), 6);
	wrong.audience = "";
	wrong.origins = NULL;
	ck_assert_uint_eq(problem_count(&wrong), 2);
}
END_TEST

TESTS("jwt", a_good_token_names_its_user, time_has_a_leeway_and_no_more,
	an_algorithm_is_not_the_tokens_to_choose,
	a_header_that_asks_for_more_than_a_signature_is_refused,
	what_is_no_compact_token_is_refused, an_origin_is_trusted_as_a_whole,
	settings_that_do_not_go_together_are_told)
