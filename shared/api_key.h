/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api_key - keys of senders: form, digest and stored hash (contract section 2).
 *
 * A key is "sk_" and 64 lower-case hex characters. It is looked up by the SHA-256 of those 64
 * characters; businesses.api_key_hash holds scrypt of them, as Node's crypto makes it.
 */
#ifndef INTAKE_SHARED_API_KEY_H
#define INTAKE_SHARED_API_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/error.h"
#include "shared/span.h"

enum {
	API_KEY_HEX_LEN = 64,
	API_KEY_LEN = 3 + API_KEY_HEX_LEN,
	API_KEY_PREFIX_LEN = 3 + 8, /* shown to people: "sk_01234567" */
	API_KEY_SALT_LEN = 32,      /* hex characters, used as text */
	API_KEY_HASH_BYTES = 64,
	API_KEY_STORED_LEN = API_KEY_SALT_LEN + 1 + 2 * API_KEY_HASH_BYTES,
};

struct api_key {
	char text[API_KEY_LEN + 1]; /* secret: api_key_wipe it */
};

/* SHA-256 of the 64 hex characters. Not secret, not reversible, not logged all the same. */
struct api_key_digest {
	uint8_t bytes[32];
};

/* Whether it has the form of a key; nothing is said about its being known. */
bool api_key_is_well_formed(struct span text);

/* A new random key. */
void api_key_generate(struct api_key *ret_key);

void api_key_wipe(struct api_key *key);

/* Takes: text - well formed. */
struct api_key_digest api_key_digest(struct span text);

/*
 * Make the text for businesses.api_key_hash, with a new salt. Costs 16 MiB and tens of ms.
 *
 * Takes:   key - well formed.
 * Returns: OK, `out` NUL-terminated; E_SYSTEM where there is no memory.
 */
MUST_CHECK enum error api_key_hash(struct span key, char out[static API_KEY_STORED_LEN + 1]);

/*
 * Whether the key is the one that `stored` was made of. Costs 16 MiB and tens of ms, also where
 * `stored` is malformed only in its hash; constant time in the bytes compared.
 *
 * Takes:   key - well formed; stored - "<salt hex>:<hash hex>", as found.
 * Returns: OK; E_INVALID_API_KEY: another key, or `stored` is malformed; E_SYSTEM: no memory.
 */
MUST_CHECK enum error api_key_verify(struct span key, struct span stored);

/*
 * Decode the credentials of `Authorization: Basic` (RFC 7617): base64 of "user:password".
 *
 * Takes:   out - room for the decoded bytes, which are secret; room_bytes - of it.
 * Returns: how many bytes were decoded; 0: not base64, or longer than that.
 */
size_t api_key_decode_basic(struct span credentials, char *out, size_t room_bytes);

#endif
