/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys - whose key is it? The cache, and behind it Postgres.
 *
 * Design notes. keys_find answers from the cache in the caller's event loop, without a system call.
 * A miss is handed to a small pool of threads with connections of their own; the answer is posted
 * back to the loop that asked. Nothing here ever blocks an event loop.
 *
 *	key_cache    what is known, and what notices did to it
 *	key_pool     the threads that look up what is not, each with a key_store
 *	key_returns  keys that found no room there, and go first when they come back
 *	key_legacy   businesses whose key is known by its slow hash only
 *	key_listen   notices of changed keys
 */
#ifndef INTAKE_GATEWAY_KEYS_H
#define INTAKE_GATEWAY_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/key_lookup.h"
#include "shared/buf.h"
#include "shared/error.h"
#include "shared/settings.h"

struct keys;

struct key_settings {
	char *listen_url;         /* GATEWAY_LISTEN_DATABASE_URL; NULL or "": DATABASE_URL */
	int64_t legacy_keys_most; /* GATEWAY_LEGACY_KEYS_MAX; 0: stored hashes are not tried */
};

/* Rows for the gateway's table. */
extern const struct setting key_setting_rows[];
extern const size_t key_setting_count;

/*
 * Start the threads.
 *
 * Takes:   settings - copied; database_url - copied.
 * Returns: OK, ret_keys owned, free with keys_stop; also where Postgres is away (then not ready
 *          until it answers). E_POSTGRES_CONFIG: login, rights or migrations; E_CONFIG: more legacy
 *          keys than GATEWAY_LEGACY_KEYS_MAX.
 * Thread:  main, before the loops run. Blocks for as long as it takes to connect (5 s at most).
 */
MUST_CHECK
enum error keys_start(const struct key_settings *settings, const char *database_url,
	struct keys **ret_keys, struct failure *failure);

/*
 * End the threads. What still waits is answered with E_KEYS_UNAVAILABLE.
 *
 * Takes:   keys - NULL too.
 * Thread:  main; when no loop asks any more, while those that asked still exist. Blocks for as long
 *          as a connection attempt may take (10 s at most), usually some milliseconds.
 */
void keys_stop(struct keys *keys);

/* Whether keys could be looked up once; adds a sentence a line for what is missing. Thread: any. */
bool keys_ready(struct keys *keys, struct buf *reasons);

/* Bring the gauges up to date. Thread: any. */
void keys_refresh_metrics(struct keys *keys);

/*
 * Find out whose key it is.
 *
 * Takes:   lookup - loop, key, peer and done are set.
 *          wall_ms - for keys that expire; steady_ms - for the age of entries.
 * Returns: OK with lookup->grant set; E_INVALID_API_KEY; E_KEYS_UNAVAILABLE (Postgres is away, or
 * the queue of look-ups is full); E_PENDING: lookup->done will be called, exactly once, with
 *          lookup->error set. lookup->digest is set in any case.
 * Thread:  any event loop.
 */
MUST_CHECK
enum error keys_find(
	struct keys *keys, struct key_lookup *lookup, int64_t wall_ms, int64_t steady_ms);

#endif
