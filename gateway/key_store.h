/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_store - what is asked of Postgres about keys, over one connection.
 *
 * Every call blocks, bounded by KEY_STORE_WAIT_MS where nothing else is said (key_store_open: by what
 * postgres_connect takes).
 * One that fails closes the connection; key_store_open makes a new one.
 *
 * Thread: a store is its owner's.
 */
#ifndef INTAKE_GATEWAY_KEY_STORE_H
#define INTAKE_GATEWAY_KEY_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/key_lookup.h"
#include "shared/error.h"

enum {
	KEY_STORE_BATCH_MOST = 256, /* keys in one query */
	KEY_STORE_WAIT_MS = 2000,
	KEY_STORE_LOAD_WAIT_MS = 10 * 1000, /* key_store_load_legacy reads all businesses */
};

struct key_store;

/* A business whose key is known by its slow hash only. */
struct legacy_key {
	struct uuid business_id;
	int64_t requests_per_minute; /* 0: the default */
	char stored[API_KEY_STORED_LEN + 1];
};

/*
 * Takes:   url - borrowed for as long as the store lives; name - for Postgres' list of sessions,
 *          static.
 * Returns: owned, not yet open; free with key_store_free.
 */
struct key_store *key_store_new(const char *url, const char *name);
void key_store_free(struct key_store *store);

/*
 * Connect as intake_gateway and see that keys can be read. An open store stays as it is.
 *
 * Returns: OK; E_POSTGRES_AWAY; E_POSTGRES_CONFIG (login, rights, migrations) with the sentence.
 */
MUST_CHECK
enum error key_store_open(struct key_store *store, struct failure *failure);
void key_store_close(struct key_store *store);
bool key_store_is_open(const struct key_store *store);

/*
 * Look keys up by their digests, all in one query.
 *
 * Takes:   lookups - count of them, at most KEY_STORE_BATCH_MOST.
 * Returns: OK with each one's error OK (and grant, use_is_news) or E_INVALID_API_KEY; else
 * E_POSTGRES_*, lookups unchanged.
 */
MUST_CHECK
enum error key_store_find(struct key_store *store, struct key_lookup *const *lookups, size_t count,
	struct failure *failure);

/* Move last_used_at of these keys, but for rows that somebody else holds. At most a batch. */
MUST_CHECK
enum error key_store_mark_used(struct key_store *store, const struct api_key_digest *digests,
	size_t count, struct failure *failure);

/*
 * The businesses that have a stored hash and no digest, newest first. Takes 0.1 s where there are
 * 100,000 businesses, KEY_STORE_LOAD_WAIT_MS at most.
 *
 * Returns: OK with ret_keys owned (free(), wiped or not: they are no secrets), at most `most` of
 *          ret_total; rows that are no stored hash are left out.
 */
MUST_CHECK
enum error key_store_load_legacy(struct key_store *store, size_t most, struct legacy_key **ret_keys,
	size_t *ret_count, int64_t *ret_total, struct failure *failure);

/*
 * Note the digest of a key that was verified against `legacy`.
 *
 * Returns: OK; E_INVALID_API_KEY: the business has another hash by now; E_POSTGRES_*.
 */
MUST_CHECK
enum error key_store_remember(struct key_store *store, const struct legacy_key *legacy,
	struct span key, const struct api_key_digest *digest, struct failure *failure);

/* Send a notice. Opens the store where it is not. */
MUST_CHECK
enum error key_store_notify(
	struct key_store *store, const char *channel, const char *payload, struct failure *failure);

/* How long to wait after the nth failure to connect in a row (1...): doubled up to 5 s, with
 * jitter. */
int64_t key_store_backoff_ms(unsigned failures);

#endif
