/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_jwt - any token: refused, unless the secret signed it, which nobody's guess has.
 *
 * What is put into a header or claims is signed here too, so that the checks behind the signature are
 * reached: input that begins with "+" is "header|claims".
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/settings/jwt.h"
#include "shared/ensure.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SECRET "a secret that is long enough to be one"

enum { NOW_S = 1700000000, PART_BYTES = 4096 };

static const struct jwt_settings settings = {
	.algorithm = "HS256",
	.issuer = "me",
	.audience = "you",
	.secret = SECRET,
	.origins = "https://app.example.com",
};

static void add_base64(struct buf *out, const uint8_t *bytes, size_t len)
{
	char text[2 * PART_BYTES];
	(void)sodium_bin2base64(
		text, sizeof(text), bytes, len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	buf_add_text(out, text);
}

static void sign(struct buf *token)
{
	uint8_t mac[crypto_auth_hmacsha256_BYTES];
	crypto_auth_hmacsha256_state state;
	(void)crypto_auth_hmacsha256_init(&state, (const uint8_t *)SECRET, strlen(SECRET));
	(void)crypto_auth_hmacsha256_update(&state, (const uint8_t *)token->base, token->len);
	(void)crypto_auth_hmacsha256_final(&state, mac);
	buf_add_char(token, '.');
	add_base64(token, mac, sizeof(mac));
}

static void make(struct buf *token, const uint8_t *data, size_t size)
{
	const uint8_t *bar = memchr(data, '|', size);
	size_t header_len = bar ? (size_t)(bar - data) : size;
	add_base64(token, data, header_len);
	buf_add_char(token, '.');
	if (bar)
		add_base64(token, bar + 1, size - header_len - 1);
	sign(token);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct jwt *jwt;
	struct buf token = {0};
	struct uuid user;
	bool is_signed = size > 0 && *data == '+';
	if (size > PART_BYTES)
		return 0;
	if (!jwt)
		jwt = jwt_new(&settings);
	if (is_signed)
		make(&token, data + 1, size - 1);
	else
		buf_add(&token, span_from((const char *)data, size));
	const char *reason = jwt_verify(jwt, buf_span(&token), NOW_S, &user);
	ensure(reason || is_signed);
	buf_fini(&token);
	return 0;
}
