/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limit - how many requests a key may make: a sliding window of one minute.
 *
 * The arithmetic is that of @upstash/ratelimit slidingWindow(60, "1 m"), in doubles (contract section
 * 1.1, tests/vectors/rate-limit.json).
 */
#ifndef INTAKE_GATEWAY_LIMIT_H
#define INTAKE_GATEWAY_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/api_key.h"

enum {
	LIMIT_WINDOW_MS = 60000,
	LIMIT_KEYS_MOST = 256 * 1024, /* that have a window at a time: about 40 MB */
};

/* The counts of one key: this window's and the one before. All zero: never used. */
struct limit_window {
	int64_t index; /* now / LIMIT_WINDOW_MS */
	int64_t count;
	int64_t previous;
};

struct limit_verdict {
	bool allowed;
	int64_t limit;
	int64_t remaining;
	int64_t reset_ms;      /* wall clock: the present window's end */
	int64_t retry_after_s; /* at least 1; only when refused */
	int64_t index;         /* the window it was counted in, for limit_window_give_back */
};

/*
 * Ask for one request; count it when it is allowed.
 *
 * Takes:   now_ms - wall clock; limit - requests a minute, > 0.
 * Thread:  the window's owner.
 */
struct limit_verdict limit_window_take(struct limit_window *window, int64_t now_ms, int64_t limit);

/* What the window weighs now: requests that count against the limit. Takes: window - by value: nothing is counted. */
int64_t limit_window_used(struct limit_window window, int64_t now_ms);

/* Undo what was counted in window `index`; nothing when that is over two windows ago. */
void limit_window_give_back(struct limit_window *window, int64_t index);

/* The windows of all keys that were used of late, in this process. */
struct limiter;

/* Returned owned, free with limiter_free. */
struct limiter *limiter_new(void);
void limiter_free(struct limiter *limiter);

/*
 * As limit_window_take, for the key with that digest. Windows that cannot matter any more are
 * dropped on the way, so that memory follows the number of keys in use: only keys that are known
 * have windows. Should more than LIMIT_KEYS_MOST be in use, the window that began longest ago makes
 * room: its key begins anew, with its limit, and none goes without.
 *
 * Thread: any.
 */
struct limit_verdict limiter_take(struct limiter *limiter, const struct api_key_digest *digest,
	int64_t now_ms, int64_t limit);

/* As limit_window_used. Thread: any. */
int64_t limiter_used(struct limiter *limiter, const struct api_key_digest *digest, int64_t now_ms);

/* For a request that we answer 5xx. Thread: any. */
void limiter_give_back(struct limiter *limiter, const struct api_key_digest *digest, int64_t index);

/* Drop some of the windows that cannot matter any more, where no request comes. Thread: any. */
void limiter_sweep(struct limiter *limiter, int64_t now_ms);

/* Keys that have a window now. Thread: any. */
size_t limiter_count(struct limiter *limiter);

#endif
