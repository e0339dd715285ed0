/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_returns - keys that found no room and were told to come back.
 *
 * Design notes. In a flood of invented keys nothing tells a real one from them, but that it comes
 * back: a sender tries again when Retry-After is over, and invented keys are new each time. So a key
 * that comes back goes before all that are seen for the first time, and of those that come back the
 * one that was refused earliest.
 *
 * A fixed table of fingerprints; a set that is full gives up what was seen longest ago. In a flood of
 * 20,000 new keys a second a key is remembered for 10 s (but for 1 in 1,000), for 26 s on average; the
 * longest Retry-After is 5 s.
 */
#ifndef INTAKE_GATEWAY_KEY_RETURNS_H
#define INTAKE_GATEWAY_KEY_RETURNS_H

#include <stdint.h>

#include "shared/api_key.h"

enum {
	KEY_RETURNS_SETS = 32 * 1024,
	KEY_RETURNS_SET_ENTRIES = 16, /* 512 Ki in all: 8 MiB, once all were used */
	KEY_RETURNS_NEVER = -1,
};

/* Thread: any. Time is the steady clock. */
struct key_returns;

/* Returns: owned, free with key_returns_free. */
struct key_returns *key_returns_new(void);
void key_returns_free(struct key_returns *returns);

/* The key was refused for want of room. */
void key_returns_note(
	struct key_returns *returns, const struct api_key_digest *digest, int64_t now_ms);

/* When it was refused first, in ms; KEY_RETURNS_NEVER: not that we remember. */
int64_t key_returns_since(struct key_returns *returns, const struct api_key_digest *digest);

/* The key had its turn. */
void key_returns_forget(struct key_returns *returns, const struct api_key_digest *digest);

#endif
