/* SPDX-License-Identifier: Apache-2.0 */
/* api_key - keys of senders: form, digest and stored hash (contract section 2). */
#include "shared/api_key.h"

#include <sodium.h>

#include "shared/ensure.h"

enum {
	SCRYPT_N = 16384,
	SCRYPT_R = 8,
	SCRYPT_P = 1,
	API_KEY_RANDOM_BYTES = API_KEY_HEX_LEN / 2,
	API_KEY_SALT_BYTES = API_KEY_SALT_LEN / 2,
};

static const struct span key_start = SPAN("sk_");

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* What is hashed: the 64 characters behind "sk_". */
static struct span hex_part(struct span key)
{
	ensure(key.len == API_KEY_LEN);
	return span_from(key.base + key_start.len, API_KEY_HEX_LEN);
}

bool api_key_is_well_formed(struct span text)
{
	if (text.len != API_KEY_LEN || memcmp(text.base, key_start.base, key_start.len) != 0)
		return false;
	for (size_t i = key_start.len; i < text.len; i++) {
		if (!is_hex(text.base[i]))
			return false;
	}
	return true;
}

void api_key_generate(struct api_key *ret_key)
{
	uint8_t random[API_KEY_RANDOM_BYTES];
	randombytes_buf(random, sizeof(random));
	memcpy(ret_key->text, key_start.base, key_start.len);
	(void)sodium_bin2hex(
		ret_key->text + key_start.len, API_KEY_HEX_LEN + 1, random, sizeof(random));
	sodium_memzero(random, sizeof(random));
}

void api_key_wipe(struct api_key *key)
{
	sodium_memzero(key, sizeof(*key));
}

struct api_key_digest api_key_digest(struct span text)
{
	struct api_key_digest digest;
	struct span hex = hex_part(text);
	(void)crypto_hash_sha256(digest.bytes, (const unsigned char *)hex.base, hex.len);
	return digest;
}

/* Node's crypto.scrypt(hex, salt, 64): both are taken as the text they are, nothing is decoded. */
static enum error scrypt(struct span hex, const char salt[static API_KEY_SALT_LEN],
	uint8_t out[static API_KEY_HASH_BYTES])
{
	int failed = crypto_pwhash_scryptsalsa208sha256_ll((const uint8_t *)hex.base, hex.len,
		(const uint8_t *)salt, API_KEY_SALT_LEN, SCRYPT_N, SCRYPT_R, SCRYPT_P, out,
		API_KEY_HASH_BYTES);
	return failed ? E_SYSTEM : OK;
}

enum error api_key_hash(struct span key, char out[static API_KEY_STORED_LEN + 1])
{
	uint8_t salt[API_KEY_SALT_BYTES];
	uint8_t hash[API_KEY_HASH_BYTES];
	randombytes_buf(salt, sizeof(salt));
	(void)sodium_bin2hex(out, API_KEY_SALT_LEN + 1, salt, sizeof(salt));
	enum error error = scrypt(hex_part(key), out, hash);
	if (error)
		return error;
	out[API_KEY_SALT_LEN] = ':';
	(void)sodium_bin2hex(
		out + API_KEY_SALT_LEN + 1, 2 * API_KEY_HASH_BYTES + 1, hash, sizeof(hash));
	sodium_memzero(hash, sizeof(hash));
	return OK;
}

/* False: not 128 hex characters; `out` is of no use then. */
static bool parse_hash(struct span text, uint8_t out[static API_KEY_HASH_BYTES])
{
	size_t len = 0;
	return sodium_hex2bin(out, API_KEY_HASH_BYTES, text.base, text.len, NULL, &len, NULL) ==
		       0 &&
	       len == API_KEY_HASH_BYTES;
}

enum error api_key_verify(struct span key, struct span stored)
{
	uint8_t expected[API_KEY_HASH_BYTES] = {0};
	uint8_t found[API_KEY_HASH_BYTES];
	if (stored.len <= API_KEY_SALT_LEN || stored.base[API_KEY_SALT_LEN] != ':')
		return E_INVALID_API_KEY;
	struct span hash =
		span_from(stored.base + API_KEY_SALT_LEN + 1, stored.len - API_KEY_SALT_LEN - 1);
	bool parsed = parse_hash(hash, expected);
	enum error error = scrypt(hex_part(key), stored.base, found);
	if (error)
		return error;
	bool same = sodium_memcmp(found, expected, sizeof(found)) == 0;
	sodium_memzero(found, sizeof(found));
	return parsed && same ? OK : E_INVALID_API_KEY;
}

size_t api_key_decode_basic(struct span credentials, char *out, size_t room_bytes)
{
	size_t len = 0;
	const char *end = NULL;
	if (sodium_base642bin((unsigned char *)out, room_bytes, credentials.base, credentials.len,
		    NULL, &len, &end, sodium_base64_VARIANT_ORIGINAL) != 0 ||
		end != credentials.base + credentials.len)
		return 0;
	return len;
}
