/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys - whose key is it? The cache, and behind it Postgres.
 *
 * Design notes. keys_find answers from the cache in the caller's event loop, without a system call.
 * A miss is handed to a small pool of threads with connections of their own; the answer is posted back
 * to the loop that asked. Nothing here ever blocks an event loop.
 */
#ifndef INTAKE_GATEWAY_KEYS_H
#define INTAKE_GATEWAY_KEYS_H

#include <stdint.h>

#include "shared/api_key.h"
#include "shared/buf.h"
#include "shared/error.h"
#include "shared/loop.h"
#include "shared/uuid.h"

struct keys;

/* What a key opens. */
struct key_grant {
	struct uuid business_id;
	int64_t requests_per_minute; /* 0: the default */
	int64_t expires_ms;          /* wall clock; 0: does not; else an old key that still lives on */
};

/* One question; embedded in the request that waits for it. */
struct key_lookup {
	struct loop_task task; /* keys' own, as the fields behind `done` */
	struct loop *loop;     /* where to post the answer */
	struct span key;       /* well formed; borrowed until the answer, secret */
	struct span peer;      /* client address, for the budget of costly look-ups; borrowed */
	void (*done)(struct key_lookup *lookup); /* in the loop's thread, after E_PENDING only */
	struct api_key_digest digest;
	enum error error; /* OK, E_INVALID_API_KEY, E_KEYS_UNAVAILABLE */
	struct key_grant grant;
	struct key_lookup *next;
};

/*
 * Find out whose key it is.
 *
 * Takes:   lookup - loop, key, peer and done are set.
 *          wall_ms - for keys that expire; steady_ms - for the age of entries.
 * Returns: OK with lookup->grant set; E_INVALID_API_KEY; E_KEYS_UNAVAILABLE (Postgres is away, or the
 *          queue of look-ups is full); E_PENDING: lookup->done will be called, exactly once, with
 *          lookup->error set.
 * Thread:  any event loop.
 */
MUST_CHECK enum error keys_find(
	struct keys *keys, struct key_lookup *lookup, int64_t wall_ms, int64_t steady_ms);

#endif
