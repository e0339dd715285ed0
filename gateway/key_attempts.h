/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_attempts - unknown keys that wait to be tried against slow hashes, each once however many requests
 * bring it.
 *
 * Thread: the owner's lock.
 */
#ifndef INTAKE_GATEWAY_KEY_ATTEMPTS_H
#define INTAKE_GATEWAY_KEY_ATTEMPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/key_budget.h"
#include "gateway/key_lookup.h"

enum {
	KEY_ATTEMPTS_MOST = 16,             /* different keys that wait or are tried */
	KEY_ATTEMPTS_SAME_MOST = 64,        /* requests that wait for one key */
	KEY_ATTEMPTS_BUDGET = 10,           /* different keys of a client address ... */
	KEY_ATTEMPTS_BUDGET_MS = 60 * 1000, /* ... in this time */
};

/* One key, and all look-ups that wait for what becomes of it. */
struct key_attempt {
	struct api_key_digest digest;
	struct key_lookup *first;
	struct key_lookup *last;
	size_t count; /* 0: the place is free */
	bool running;
	int64_t since_ms;
	uint64_t turn;
};

struct key_attempts {
	struct key_attempt places[KEY_ATTEMPTS_MOST];
	uint64_t turns; /* given out */
	struct key_budget budget;
};

void key_attempts_init(struct key_attempts *attempts);

/*
 * Let a look-up wait for its key to be tried.
 *
 * Takes:   costly - a new key is charged to lookup->peer's budget.
 * Returns: false: no room, or the budget is used up.
 */
bool key_attempts_add(
	struct key_attempts *attempts, struct key_lookup *lookup, bool costly, int64_t now_ms);

/* The key that waits longest, running from now on; NULL: none waits. */
struct key_attempt *key_attempts_next(struct key_attempts *attempts);

/* Frees the place. Returns: the look-ups that waited, linked by next; NULL: it was free. */
struct key_lookup *key_attempts_end(struct key_attempt *attempt);

#endif
