/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_pool - the threads that look keys up, and the queues before them.
 *
 * Design notes. Each thread has a connection of its own and asks for all keys that wait (a batch) in
 * one query. Keys that are not known are gathered: however large a flood of invented ones is, it costs at
 * most 1000 / KEY_POOL_GATHER_MS queries a second. Each rank has a queue of its own: known keys, then
 * those that come back, go before new ones. A thread that cannot ask tries to connect until it can, and
 * leaves what waits to the others; the last one answers all of it at once.
 *
 * Bound: a new key that finds room waits for KEY_POOL_GATHER_MS, at most the queries that take all
 * that may wait (2 * KEY_POOL_QUEUE_MOST / KEY_STORE_BATCH_MOST), and its own.
 */
#ifndef INTAKE_GATEWAY_KEY_POOL_H
#define INTAKE_GATEWAY_KEY_POOL_H

#include <stdbool.h>

#include "gateway/key_lookup.h"
#include "shared/error.h"

enum {
	KEY_POOL_THREADS = 2,
	KEY_POOL_QUEUE_MOST = 1024, /* look-ups that wait, of each rank */
	KEY_POOL_GATHER_MS = 2,     /* from one query for gathered keys to the next */
};

struct key_pool;

/*
 * Takes:   database_url - borrowed for as long as the pool lives.
 *          answered - called once for each look-up taken, with lookup->error OK, E_INVALID_API_KEY or
 *          E_KEYS_UNAVAILABLE; in a thread of the pool, or in one that submits another look-up
 *          which takes its place.
 * Returns: owned, free with key_pool_stop.
 */
struct key_pool *key_pool_start(
	const char *database_url, void (*answered)(struct key_lookup *lookup));

/* Ends the threads; what waits is answered first. Takes NULL too. */
void key_pool_stop(struct key_pool *pool);

/*
 * Hand over a look-up.
 *
 * Takes:   lookup - digest, peer, rank and asked_us are set; the pool's until it is answered.
 * Returns: OK; E_KEYS_UNAVAILABLE: not taken, Postgres is away or the queue is full and shared out
 *          fairly.
 * Thread:  any.
 */
MUST_CHECK
enum error key_pool_submit(struct key_pool *pool, struct key_lookup *lookup);

/* Whether keys could be looked up once. Thread: any. */
bool key_pool_was_up(const struct key_pool *pool);

#endif
