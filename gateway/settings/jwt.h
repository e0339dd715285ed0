/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jwt - whose token is it? A signed JWT (RFC 7519) of the web application's issuer.
 *
 * What may have signed it is configuration: one algorithm, and keys from a file, a URL or a shared
 * secret. Nothing in a token's own header (jku, jwk, x5u, x5c) brings a key, and `none` is no algorithm.
 */
#ifndef INTAKE_GATEWAY_SETTINGS_JWT_H
#define INTAKE_GATEWAY_SETTINGS_JWT_H

#include <stddef.h>
#include <stdint.h>

#include "shared/buf.h"
#include "shared/settings.h"
#include "shared/span.h"
#include "shared/uuid.h"

enum {
	JWT_TOKEN_BYTES = 8 * 1024,
	JWT_LEEWAY_S = 30, /* clocks differ */
};

struct jwt;

struct jwt_settings {
	char *algorithm; /* NULL or "": nobody signs in with a token */
	char *issuer;
	char *audience;
	char *keys;    /* a file's path or an https URL: a JWK set */
	char *secret;  /* secret; in their place with HS256 */
	char *origins; /* of the web application: who may hand tokens over */
};

/* Rows for the gateway's table. */
extern const struct setting jwt_setting_rows[];
extern const size_t jwt_setting_count;

/* Adds a sentence a line for what does not go together. */
void jwt_check_settings(const struct jwt_settings *settings, struct buf *problems);

/*
 * Takes:   settings - borrowed, checked.
 * Returns: owned, free with jwt_free; NULL: they name no algorithm.
 * Thread:  main, before others start.
 */
struct jwt *jwt_new(const struct jwt_settings *settings);
void jwt_free(struct jwt *jwt);

/*
 * Check a token: signature, issuer, audience, time.
 *
 * Takes:   wall_s - now.
 * Returns: NULL: ret_user is its `sub`; else a static sentence for the log: why not.
 * Thread:  any that may block: keys are loaded when they are needed, JWT_KEYS_WAIT_MS at most.
 */
const char *jwt_verify(struct jwt *jwt, struct span token, int64_t wall_s, struct uuid *ret_user);

/* Whether a page of that origin may hand a token over. */
bool jwt_trusts(const struct jwt *jwt, struct span origin);

#endif
