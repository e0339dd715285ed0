/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_attempts - unknown keys that are tried against slow hashes, each once however many requests bring
 * it.
 *
 * Design notes. A key is tried business by business, and each time the best key of all is chosen: one
 * that came back before one that is new (key_returns), then one of the address that has lately cost
 * least, then the one that was refused earliest. So a better key does not wait for a worse one that is
 * being tried. Where there is no room, a better key takes the place of the worst that waits.
 *
 * More than KEY_ATTEMPTS_FLOOD new keys at a time are a flood. While it lasts, new keys are refused as
 * they come, and only those that come back are tried: a flood of invented keys then costs no slow hash.
 *
 * Thread: the owner's lock. Time is the steady clock.
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
	KEY_ATTEMPTS_BUDGET = 10,           /* new keys of a client address that are tried ... */
	KEY_ATTEMPTS_RETURNED_BUDGET = 20,  /* ... with those that come back ... */
	KEY_ATTEMPTS_BUDGET_MS = 60 * 1000, /* ... in this time */
	KEY_ATTEMPTS_WAIT_MS = 10 * 1000,   /* for a turn; longer: it is refused */
	KEY_ATTEMPTS_FLOOD = 32,            /* more new keys are a flood ... */
	KEY_ATTEMPTS_FLOOD_MS = 10 * 1000,  /* ... in this time, or in as much before */
};

struct legacy_rows;

/* One key, and all look-ups that wait for what becomes of it. */
struct key_attempt {
	struct api_key_digest digest;
	struct key_lookup *first;
	struct key_lookup *last;
	size_t count; /* 0: the place is free */
	struct key_address address;
	bool returned;
	int64_t refused_ms; /* when it was first refused; a new one: when it came */
	int64_t since_ms;   /* when it came */
	uint64_t turn;      /* the order in which they came */

	bool begun;
	int64_t cost; /* of its address, before it was begun */
	size_t rows_left;
	unsigned threads; /* at work on it */

	/* The owner's. */
	struct legacy_rows *rows; /* what it is tried against, once begun */
	bool ended;               /* `error` and `grant` are what became of it */
	enum error error;
	struct key_grant grant;
};

struct key_attempts {
	struct key_attempt places[KEY_ATTEMPTS_MOST];
	uint64_t turns; /* given out */
	struct key_budget budget;
	int64_t window_since_ms; /* new keys are counted by windows of KEY_ATTEMPTS_FLOOD_MS */
	size_t window_count;
	size_t window_before; /* of the window before */
};

void key_attempts_init(struct key_attempts *attempts);

/*
 * Let a look-up wait for its key to be tried.
 *
 * Returns: the look-ups that are to be refused, linked by next; NULL: none; this one, or those of a
 *          worse key.
 */
MUST_CHECK struct key_lookup *key_attempts_add(
	struct key_attempts *attempts, struct key_lookup *lookup, int64_t now_ms);

/* The best of those that are not begun or have rows left, and may be tried; NULL: there is none. */
struct key_attempt *key_attempts_best(struct key_attempts *attempts, int64_t now_ms);

/* It is to be tried against so many rows, and its address charged for it. */
void key_attempts_begin(
	struct key_attempts *attempts, struct key_attempt *attempt, size_t rows, int64_t now_ms);

/* One, not the best, that has waited too long, or is new in a flood; NULL: there is none. */
struct key_attempt *key_attempts_overdue(
	struct key_attempts *attempts, const struct key_attempt *best, int64_t now_ms);

/* Frees the place. Returns: the look-ups that waited, linked by next; NULL: it was free. */
struct key_lookup *key_attempts_end(struct key_attempt *attempt);

#endif
