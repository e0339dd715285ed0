/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_legacy - businesses whose key is known by its slow hash only, as the web application makes them.
 *
 * Design notes. An unknown key may be one of theirs, and to find out costs a slow hash (tens of ms, 16
 * MiB) for each such business. So there is a most of them, KEY_LEGACY_THREADS threads, a few places for
 * keys that are tried, and a budget for each client address (key_attempts); what finds no room is
 * answered E_KEYS_UNAVAILABLE, because "unknown" might be wrong, and goes first when it comes back (in a
 * flood it must come back to be tried at all). All threads work on the best key, a hash at a time. A key
 * that is found gets its digest noted and is looked up by it from then on. No such business left: no hash
 * is computed.
 *
 * A look-up that began after the businesses were loaded might be about a newer one: it waits for the
 * next load, with all others that do.
 *
 * Bound: with N businesses left, a key that comes back waits for one hash, and takes N /
 * KEY_LEGACY_THREADS; behind it only keys that come back too and were refused earlier, from addresses
 * that have not cost more.
 */
#ifndef INTAKE_GATEWAY_KEY_LEGACY_H
#define INTAKE_GATEWAY_KEY_LEGACY_H

#include "gateway/key_cache.h"
#include "gateway/key_lookup.h"
#include "gateway/key_store.h"
#include "shared/buf.h"
#include "shared/error.h"

enum {
	KEY_LEGACY_THREADS = 2,
	KEY_LEGACY_RELOAD_MS = 30 * 1000,
	KEY_LEGACY_LOAD_LEAST_MS = 1000, /* from one load to the next, however many notices come */
	KEY_LEGACY_EARLY_MOST = 16 * 1024, /* look-ups that wait for a load */
};

struct key_legacy;

/*
 * Takes:   most - 0: stored hashes are not tried at all.
 *          answered - called once for each look-up taken, with lookup->error OK, E_INVALID_API_KEY or
 *          E_KEYS_UNAVAILABLE; in a thread of ours, or in one that submits a key which takes its place.
 * Returns: owned, not started; free with key_legacy_stop.
 */
struct key_legacy *key_legacy_new(const char *database_url, size_t most, struct key_cache *cache,
	void (*answered)(struct key_lookup *lookup));

/*
 * Load the businesses for the first time.
 *
 * Takes:   store - open.
 * Returns: OK; E_CONFIG: more than `most`, with a sentence that says what to do; E_POSTGRES_*.
 * Thread:  before key_legacy_start.
 */
MUST_CHECK enum error key_legacy_load(
	struct key_legacy *legacy, struct key_store *store, struct failure *failure);

void key_legacy_start(struct key_legacy *legacy);

/* Ends the threads; what waits is answered first. Takes NULL too. */
void key_legacy_stop(struct key_legacy *legacy);

/*
 * Hand over a look-up whose digest Postgres does not know.
 *
 * Takes:   lookup - digest, key, peer, rank and sequence are set.
 * Returns: E_PENDING: taken; E_INVALID_API_KEY: no business is left that it could belong to;
 *          E_KEYS_UNAVAILABLE: there is no room, or the budget is used up.
 * Thread:  any.
 */
MUST_CHECK enum error key_legacy_submit(struct key_legacy *legacy, struct key_lookup *lookup);

/* Whether the businesses could be loaded, and were not too many; adds why not. Thread: any. */
bool key_legacy_ready(struct key_legacy *legacy, struct buf *reasons);

#endif
