/* SPDX-License-Identifier: Apache-2.0 */
/* key_lookup - one question about a key, and what the key opens. */
#ifndef INTAKE_GATEWAY_KEY_LOOKUP_H
#define INTAKE_GATEWAY_KEY_LOOKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/api_key.h"
#include "shared/error.h"
#include "shared/loop.h"
#include "shared/span.h"
#include "shared/uuid.h"

/* What a key opens. */
struct key_grant {
	struct uuid business_id;
	int64_t requests_per_minute; /* 0: the default */
	int64_t expires_ms; /* wall clock; 0: does not; else an old key that still lives on */
};

/* What goes first where look-ups wait. */
enum key_rank {
	KEY_RANK_KNOWN,    /* the cache has a grant, for while Postgres is away */
	KEY_RANK_RETURNED, /* it was refused for want of room, and came back */
	KEY_RANK_AGING,    /* known and in use; no request waits for it */
	KEY_RANK_NEW,      /* an invented one, as like as not */
	KEY_RANK_COUNT,
};

/* Embedded in the request that waits for it. */
struct key_lookup {
	/* Set by who asks. */
	struct loop *loop; /* where to post the answer */
	struct span key;   /* well formed; borrowed until the answer, secret */
	struct span peer;  /* client address, for the budget of costly look-ups; borrowed */
	void (*done)(struct key_lookup *lookup); /* in the loop's thread, after E_PENDING only */

	/* The answer. */
	struct api_key_digest digest; /* always set */
	enum error error;             /* OK, E_INVALID_API_KEY, E_KEYS_UNAVAILABLE */
	struct key_grant grant;

	/* The keys' own. */
	struct loop_task task;
	struct keys *keys;
	struct key_lookup *next;
	uint64_t sequence; /* of the cache, before anything was asked */
	int64_t asked_us;  /* steady clock */
	enum key_rank rank;
	int64_t refused_ms; /* RETURNED: when it was first refused, steady clock */
	bool use_is_news;   /* its last_used_at should move */
};

#endif
