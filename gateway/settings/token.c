/* SPDX-License-Identifier: Apache-2.0 */
/* token - random texts that open something: sign-in codes and sessions. */
#include "gateway/settings/token.h"

#include <ctype.h>
#include <sodium.h>
#include <string.h>

#include "shared/ensure.h"

enum { FORM_BYTES = TOKEN_FORM_LEN / 2 };

void token_generate(struct token *ret_token, size_t len)
{
	uint8_t bytes[TOKEN_SESSION_LEN / 2];
	ensure(len <= TOKEN_SESSION_LEN && len % 2 == 0);
	randombytes_buf(bytes, len / 2);
	(void)sodium_bin2hex(ret_token->text, sizeof(ret_token->text), bytes, len / 2);
	sodium_memzero(bytes, sizeof(bytes));
}

void token_wipe(struct token *token)
{
	sodium_memzero(token, sizeof(*token));
}

bool token_parse(struct span text, size_t len, struct token *ret_token)
{
	struct token token = {""};
	size_t count = 0;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.base[i];
		if (c && strchr(" \t\r\n-", c))
			continue;
		if (!isxdigit((unsigned char)c) || count == len)
			return false;
		token.text[count++] = (char)tolower((unsigned char)c);
	}
	if (count != len)
		return false;
	*ret_token = token;
	token_wipe(&token);
	return true;
}

struct token_digest token_digest(const struct token *token)
{
	struct token_digest digest;
	(void)crypto_hash_sha256(
		digest.bytes, (const unsigned char *)token->text, strlen(token->text));
	return digest;
}

void token_form(const struct token *session, char out[static TOKEN_FORM_LEN + 1])
{
	static const char purpose[] = "a form of the settings page";
	uint8_t hash[FORM_BYTES];
	ensure(crypto_generichash(hash, sizeof(hash), (const unsigned char *)purpose,
		       sizeof(purpose) - 1, (const unsigned char *)session->text,
		       TOKEN_SESSION_LEN) == 0);
	(void)sodium_bin2hex(out, TOKEN_FORM_LEN + 1, hash, sizeof(hash));
}

bool token_form_is(const struct token *session, struct span brought)
{
	char wanted[TOKEN_FORM_LEN + 1];
	token_form(session, wanted);
	return brought.len == TOKEN_FORM_LEN &&
	       sodium_memcmp(wanted, brought.base, TOKEN_FORM_LEN) == 0;
}
