/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limit_redis - the counts of all gateways' windows, kept in Redis (or Valkey).
 *
 * Design notes. One script call a request, pipelined on one connection an event loop: the script reads
 * this window's count and the one before, counts the request when it may pass, and returns what it
 * found; the verdict is made of that by limit_window_take, so that the arithmetic is in one place (the
 * script's comparison is the same one, in doubles too). Time is the gateway's clock.
 *
 *	intake:limit:{<digest, hex>}:<index>    a count; gone two windows after its first request
 *
 * (The braces let a cluster keep a key's windows together.)
 *
 * Redis not connected, slow (GATEWAY_REDIS_TIMEOUT_MS), full of questions or refusing: the question
 * is handed back at once, and the process's own window decides. Some questions in a row that Redis did
 * not answer well end the connection (FAILURES_MOST, HICCUP_MS); until a new one has shown by a count
 * of its own that Redis counts, no request waits for it.
 */
#ifndef INTAKE_GATEWAY_LIMIT_REDIS_H
#define INTAKE_GATEWAY_LIMIT_REDIS_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/limit.h"
#include "gateway/limit_redis_health.h"
#include "gateway/redis_url.h"
#include "shared/api_key.h"
#include "shared/loop.h"

struct limit_redis;
struct limit_ticket;

/* One request's question; embedded in it. All zero: never asked. */
struct limit_question {
	/* Set by who asks. */
	struct api_key_digest digest;
	int64_t now_ms; /* wall clock */
	int64_t limit;
	/* Once, in the loop's thread. answered: `counts` are set; else Redis did not say in time. */
	void (*done)(struct limit_question *question, bool answered);

	/* The answer: what Redis had before this request. */
	struct limit_window counts;

	/* limit_redis' own. */
	struct limit_ticket *ticket; /* NULL: Redis owes no answer */
	bool waits;                  /* done is still to be called */
	bool counted;                /* in Redis */
};

/* Whether it is a URL, and one that this build can use. E_CONFIG with a sentence without the URL. */
MUST_CHECK enum error limit_redis_check(const char *url, struct failure *failure);

/*
 * Begin to connect.
 *
 * Takes:   url, health - borrowed; url - checked.
 * Returns: owned, free with limit_redis_free.
 */
struct limit_redis *limit_redis_new(struct loop *loop, const struct redis_url *url,
	int64_t timeout_ms, struct limit_redis_health *health);

/* Questions are forgotten, without a word. Takes NULL too. Thread: the loop's once it runs no more. */
void limit_redis_free(struct limit_redis *redis);

/*
 * Ask whether the request may pass; it is counted if so.
 *
 * Takes:   question - lives until limit_redis_settle.
 * Returns: true: `done` will be called; false: Redis cannot be asked now.
 */
MUST_CHECK bool limit_redis_ask(struct limit_redis *redis, struct limit_question *question);

/*
 * The request is over. Needed for every question that was asked; harmless for one that was not.
 *
 * Takes: give_back - it should not count, also if Redis counts it only later on.
 */
void limit_redis_settle(struct limit_redis *redis, struct limit_question *question, bool give_back);

#endif
