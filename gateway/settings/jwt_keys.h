/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jwt_keys - the issuer's keys: a JWK set (RFC 7517) from a file or a URL, kept for a while.
 *
 * Design notes. A set is loaded when it is first needed, when it is JWT_KEYS_AGE_MS old, when its file
 * has changed, and when a token names a key that it has not (rotation), though not more often than
 * every JWT_KEYS_AGAIN_MS: invented names make no flood of requests. Should loading fail, the set that
 * is there serves on, up to JWT_KEYS_STALE_MS.
 *
 * Included only by the files that own librhonabwy.
 */
#ifndef INTAKE_GATEWAY_SETTINGS_JWT_KEYS_H
#define INTAKE_GATEWAY_SETTINGS_JWT_KEYS_H

#include <rhonabwy.h>
#include <stdint.h>

enum {
	JWT_KEYS_AGE_MS = 5 * 60 * 1000,
	JWT_KEYS_AGAIN_MS = 10 * 1000,
	JWT_KEYS_STALE_MS = 60 * 60 * 1000,
	JWT_KEYS_MOST = 64, /* of a set */
};

struct jwt_keys;

/* Takes: source - borrowed: a path or a URL. Returns: owned, nothing loaded yet. */
struct jwt_keys *jwt_keys_new(const char *source);
void jwt_keys_free(struct jwt_keys *keys);

/*
 * The public key to check a signature with.
 *
 * Takes:   key_id - the token's `kid`; NULL: it names none, which is enough where there is one key;
 *          algorithm - a key that is for another is none; type - R_KEY_TYPE_RSA and the like;
 *          now_ms - steady clock.
 * Returns: owned (r_jwk_free); NULL: there is none.
 * Thread:  any that may block for JWT_KEYS_WAIT_MS.
 */
jwk_t *jwt_keys_find(struct jwt_keys *keys, const char *key_id, const char *algorithm,
	unsigned type, int64_t now_ms);

#endif
