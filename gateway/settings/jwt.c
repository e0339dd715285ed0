/* SPDX-License-Identifier: Apache-2.0 */
/* jwt - whose token is it? A signed JWT of the web application's issuer. */
#include "gateway/settings/jwt.h"

#include <ctype.h>
#include <curl/curl.h>
#include <jansson.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/settings/jwt_keys.h"
#include "gateway/settings/loopback.h"
#include "shared/clock.h"
#include "shared/ensure.h"
#include "shared/memory.h"

enum { SECRET_LEAST_BYTES = 32 /* RFC 7518 section 3.2 */ };

static const struct algorithm {
	const char *name;
	jwa_alg code;
	unsigned type; /* of its keys */
} algorithms[] = {
	{"RS256", R_JWA_ALG_RS256, R_KEY_TYPE_RSA},
	{"RS384", R_JWA_ALG_RS384, R_KEY_TYPE_RSA},
	{"RS512", R_JWA_ALG_RS512, R_KEY_TYPE_RSA},
	{"PS256", R_JWA_ALG_PS256, R_KEY_TYPE_RSA},
	{"PS384", R_JWA_ALG_PS384, R_KEY_TYPE_RSA},
	{"PS512", R_JWA_ALG_PS512, R_KEY_TYPE_RSA},
	{"ES256", R_JWA_ALG_ES256, R_KEY_TYPE_EC},
	{"ES384", R_JWA_ALG_ES384, R_KEY_TYPE_EC},
	{"ES512", R_JWA_ALG_ES512, R_KEY_TYPE_EC},
	{"EdDSA", R_JWA_ALG_EDDSA, R_KEY_TYPE_EDDSA},
	{"HS256", R_JWA_ALG_HS256, R_KEY_TYPE_HMAC},
};

struct jwt {
	const struct jwt_settings *settings;
	const struct algorithm *algorithm;
	struct jwt_keys *keys; /* NULL: the secret */
};

/* ---- settings */

#define ROW(name, type, field, help)                                                               \
	{                                                                                          \
		name, SETTING_##type, offsetof(struct jwt_settings, field), NULL, 0, 0, "", help,  \
			0                                                                          \
	}

const struct setting jwt_setting_rows[] = {
	ROW("GATEWAY_JWT_ALGORITHM", TEXT, algorithm,
		"Owners sign in with a token that was signed so, and no otherwise: RS256, ES256, "
		"EdDSA, PS256, HS256 (RS384 ...); empty: by links only."),
	ROW("GATEWAY_JWT_AUDIENCE", TEXT, audience, "The token's aud, as authenticated."),
	ROW("GATEWAY_JWT_ISSUER", TEXT, issuer,
		"The token's iss, as https://project.supabase.co/auth/v1."),
	ROW("GATEWAY_JWT_KEYS", TEXT, keys,
		"The issuer's JWK set: a file, or an https URL as "
		"https://project.supabase.co/auth/v1/.well-known/jwks.json."),
	ROW("GATEWAY_JWT_ORIGINS", TEXT, origins,
		"Origins of the web application, whose pages may post a token to "
		"/settings/hand-over: https://app.example.com, separated by spaces."),
	ROW("GATEWAY_JWT_SECRET", SECRET, secret,
		"In the place of GATEWAY_JWT_KEYS with HS256: the issuer's shared secret."),
};
const size_t jwt_setting_count = sizeof(jwt_setting_rows) / sizeof(*jwt_setting_rows);

static bool is_given(const char *text)
{
	return text && *text;
}

static const struct algorithm *algorithm_of(const struct jwt_settings *settings)
{
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(*algorithms); i++) {
		if (strcmp(settings->algorithm, algorithms[i].name) == 0)
			return &algorithms[i];
	}
	return NULL;
}

static bool is_url_taken(const char *url)
{
	static const struct span http = SPAN("http://");
	struct span text = span_of(url);
	return !strstr(url, "://") || span_starts_nocase(text, SPAN("https://")) ||
	       (span_starts_nocase(text, http) &&
		       loopback_is(span_from(text.base + http.len, text.len - http.len)));
}

/* As browsers send it (RFC 6454 section 6.2), so that it can ever be equal; "null" is anybody's. */
static bool is_origin(struct span text)
{
	static const struct span https = SPAN("https://");
	static const struct span http = SPAN("http://");
	struct span scheme = span_starts_nocase(text, https) ? https : http;
	if (!span_starts_nocase(text, scheme))
		return false;
	struct span host = span_from(text.base + scheme.len, text.len - scheme.len);
	return host.len > 0 && !memchr(host.base, '/', host.len) &&
	       (scheme.len == https.len || loopback_is(host));
}

/* The next of the origins from *at on, which is moved behind it; base NULL: none. */
static struct span next_origin(const char **at)
{
	*at += strspn(*at, " ,");
	size_t len = strcspn(*at, " ,");
	struct span origin = span_from(*at, len);
	*at += len;
	return len ? origin : SPAN_NONE;
}

static void check_origins(const char *at, struct buf *problems)
{
	struct span origin;
	while ((origin = next_origin(&at)).base) {
		if (!is_origin(origin))
			buf_add_text(problems,
				"GATEWAY_JWT_ORIGINS: each must be as https://app.example.com, "
				"without a path\n");
	}
}

static void check_keys(const struct jwt_settings *settings, bool is_shared, struct buf *problems)
{
	if (is_shared &&
		(!is_given(settings->secret) || strlen(settings->secret) < SECRET_LEAST_BYTES))
		buf_printf(problems, "GATEWAY_JWT_SECRET: HS256 takes one of %d bytes or more\n",
			SECRET_LEAST_BYTES);
	if (is_shared == is_given(settings->keys))
		buf_add_text(problems, is_shared ? "GATEWAY_JWT_KEYS: HS256 has a secret instead\n"
						 : "GATEWAY_JWT_KEYS: GATEWAY_JWT_ALGORITHM "
						   "takes one\n");
	if (!is_shared && is_given(settings->keys) && !is_url_taken(settings->keys))
		buf_add_text(problems, "GATEWAY_JWT_KEYS: must be a file or an https URL\n");
}

void jwt_check_settings(const struct jwt_settings *settings, struct buf *problems)
{
	if (!is_given(settings->algorithm))
		return;
	const struct algorithm *algorithm = algorithm_of(settings);
	if (!algorithm)
		buf_add_text(problems,
			"GATEWAY_JWT_ALGORITHM: must be RS256, ES256, EdDSA, PS256 or HS256 "
			"(or the like with 384 or 512)\n");
	else
		check_keys(settings, algorithm->type == R_KEY_TYPE_HMAC, problems);
	if (!is_given(settings->issuer) || !is_given(settings->audience))
		buf_add_text(problems, "GATEWAY_JWT_ISSUER, GATEWAY_JWT_AUDIENCE: tokens of any "
				       "other use would pass without them\n");
	if (!is_given(settings->origins))
		buf_add_text(problems, "GATEWAY_JWT_ORIGINS: nobody could hand a token over\n");
	else
		check_origins(settings->origins, problems);
}

struct jwt *jwt_new(const struct jwt_settings *settings)
{
	if (!is_given(settings->algorithm))
		return NULL;
	struct jwt *jwt = memory_zeroed(1, sizeof(*jwt));
	ensure(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK && r_global_init() == RHN_OK);
	jwt->settings = settings;
	jwt->algorithm = algorithm_of(settings);
	if (jwt->algorithm->type != R_KEY_TYPE_HMAC)
		jwt->keys = jwt_keys_new(settings->keys);
	return jwt;
}

void jwt_free(struct jwt *jwt)
{
	if (!jwt)
		return;
	jwt_keys_free(jwt->keys);
	r_global_close();
	curl_global_cleanup();
	free(jwt);
}

bool jwt_trusts(const struct jwt *jwt, struct span origin)
{
	const char *at = jwt->settings->origins;
	struct span trusted;
	while ((trusted = next_origin(&at)).base) {
		if (span_equal_nocase(trusted, origin))
			return true;
	}
	return false;
}

/* ---- tokens */

/* Three parts of base64url (RFC 7515 section 7.1): nothing else gets to the library. */
static bool is_compact(struct span token)
{
	size_t dots = 0;
	if (token.len == 0 || token.len > JWT_TOKEN_BYTES)
		return false;
	for (size_t i = 0; i < token.len; i++) {
		char c = token.base[i];
		dots += c == '.';
		if (!isalnum((unsigned char)c) && c != '-' && c != '_' && c != '.')
			return false;
	}
	return dots == 2;
}

/* The first part. Returned owned; NULL: it is no JSON object, or says something twice. */
static json_t *read_header(struct span token)
{
	unsigned char bytes[JWT_TOKEN_BYTES];
	const char *dot = memchr(token.base, '.', token.len);
	size_t len;
	if (!dot || sodium_base642bin(bytes, sizeof(bytes), token.base, (size_t)(dot - token.base),
			    NULL, &len, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
		return NULL;
	return json_loadb((const char *)bytes, len, JSON_REJECT_DUPLICATES, NULL);
}

/*
 * The header decides what the library does with a token before anybody looks at the signature: claims
 * with "zip" are inflated, to whatever size, though that is for encrypted tokens only (RFC 7516 section
 * 4.1.3), and with "cty" they are another token. And extensions that must be understood ("crit", RFC
 * 7515 section 4.1.11) are not.
 */
static const char *check_header(struct span token)
{
	static const char *const refused[] = {"crit", "cty", "zip"};
	const char *reason = NULL;
	json_t *header = read_header(token);
	if (!json_is_object(header))
		reason = "it is no signed token";
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused) && !reason; i++) {
		if (json_object_get(header, refused[i]))
			reason = "it has extensions that are not known here";
	}
	json_decref(header);
	return reason;
}

/* Not the library's check: before 1.1.14 it stops at the first wrong byte (CVE-2024-25714). */
static bool is_tagged(const char *secret, struct span token)
{
	unsigned char tag[crypto_auth_hmacsha256_BYTES];
	unsigned char wanted[crypto_auth_hmacsha256_BYTES];
	crypto_auth_hmacsha256_state state;
	size_t len = 0;
	const char *dot = memrchr(token.base, '.', token.len);
	size_t signed_len = dot ? (size_t)(dot - token.base) : 0;
	if (!dot || sodium_base642bin(tag, sizeof(tag), dot + 1, token.len - signed_len - 1, NULL,
			    &len, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
		return false;
	(void)crypto_auth_hmacsha256_init(&state, (const unsigned char *)secret, strlen(secret));
	(void)crypto_auth_hmacsha256_update(&state, (const unsigned char *)token.base, signed_len);
	(void)crypto_auth_hmacsha256_final(&state, wanted);
	return len == sizeof(tag) && sodium_memcmp(tag, wanted, sizeof(tag)) == 0;
}

static const char *check_key(const struct jwt *jwt, jwt_t *parsed)
{
	jwk_t *key = jwt_keys_find(jwt->keys, r_jwt_get_header_str_value(parsed, "kid"),
		jwt->algorithm->name, jwt->algorithm->type, clock_steady_ms());
	if (!key)
		return "the issuer has no such key";
	bool is_good = r_jwt_verify_signature(parsed, key, R_FLAG_IGNORE_REMOTE) == RHN_OK;
	r_jwk_free(key);
	return is_good ? NULL : "its signature is wrong";
}

static const char *check_signature(const struct jwt *jwt, jwt_t *parsed, struct span token)
{
	if (r_jwt_get_sign_alg(parsed) != jwt->algorithm->code)
		return "it is signed by another algorithm";
	if (jwt->keys)
		return check_key(jwt, parsed);
	return is_tagged(jwt->settings->secret, token) ? NULL : "its signature is wrong";
}

static bool is_text(const json_t *value, const char *wanted)
{
	return json_is_string(value) && strcmp(json_string_value(value), wanted) == 0;
}

/* One, or a list of them (RFC 7519 section 4.1.3). */
static bool has_audience(const json_t *audience, const char *wanted)
{
	size_t i;
	json_t *one;
	json_array_foreach((json_t *)audience, i, one)
	{
		if (is_text(one, wanted))
			return true;
	}
	return is_text(audience, wanted);
}

/* NumericDate (section 2) may have a fraction. */
static bool read_time(const json_t *value, double *ret_s)
{
	*ret_s = json_number_value(value);
	return json_is_number(value);
}

static const char *check_claims(
	const struct jwt *jwt, const json_t *claims, int64_t wall_s, struct uuid *ret_user)
{
	double time_s;
	const json_t *not_before = json_object_get(claims, "nbf");
	const json_t *subject = json_object_get(claims, "sub");
	if (!is_text(json_object_get(claims, "iss"), jwt->settings->issuer))
		return "it has another issuer";
	if (!has_audience(json_object_get(claims, "aud"), jwt->settings->audience))
		return "it is for another audience";
	if (!read_time(json_object_get(claims, "exp"), &time_s))
		return "it does not say when it ends";
	if (time_s <= (double)(wall_s - JWT_LEEWAY_S))
		return "it has expired";
	if (not_before &&
		(!read_time(not_before, &time_s) || time_s > (double)(wall_s + JWT_LEEWAY_S)))
		return "it does not hold yet";
	if (!json_is_string(subject) || !uuid_parse(span_of(json_string_value(subject)), ret_user))
		return "its subject is no id of a user";
	return NULL;
}

static const char *check(const struct jwt *jwt, jwt_t *parsed, struct span token, int64_t wall_s,
	struct uuid *ret_user)
{
	if (r_jwt_advanced_parsen(
		    parsed, token.base, token.len, R_PARSE_NONE, R_FLAG_IGNORE_REMOTE) != RHN_OK)
		return "it is no signed token";
	const char *reason = check_signature(jwt, parsed, token);
	if (reason)
		return reason;
	json_t *claims = r_jwt_get_full_claims_json_t(parsed);
	reason = check_claims(jwt, claims, wall_s, ret_user);
	json_decref(claims);
	return reason;
}

const char *jwt_verify(struct jwt *jwt, struct span token, int64_t wall_s, struct uuid *ret_user)
{
	jwt_t *parsed = NULL;
	if (!is_compact(token) || r_jwt_init(&parsed) != RHN_OK)
		return "it is no signed token";
	const char *reason = check_header(token);
	if (!reason)
		reason = check(jwt, parsed, token, wall_s, ret_user);
	r_jwt_free(parsed);
	return reason;
}
