/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_listen - the thread that hears of changed keys and tells the cache.
 *
 * Design notes. Postgres' NOTIFY says in a moment which business's keys changed, but only a session
 * of its own hears it: behind a pooler that shares sessions LISTEN succeeds and nothing ever comes,
 * and a URL of another database hears nothing either. So after each connect a notice is sent by the
 * other URL; only when it has come does the cache count as hearing.
 *
 * Bound: a session that went silent (its server was stopped, a network drops what it sends) is asked for
 * a sign of life every KEY_LISTEN_PING_MS, and given up when none has come in KEY_LISTEN_PONG_MS. From
 * then on entries count for KEY_CACHE_DEAF_FRESH_MS, so a lost notice is made up for in 5 s.
 */
#ifndef INTAKE_GATEWAY_KEY_LISTEN_H
#define INTAKE_GATEWAY_KEY_LISTEN_H

#include "gateway/key_cache.h"

enum {
	KEY_LISTEN_PING_MS = 2000,
	KEY_LISTEN_PONG_MS = 2000,
};

struct key_listen;

/*
 * Takes:   listen_url - where to listen; database_url - where keys change; both borrowed for as
 *          long as the listener lives, as the cache.
 * Returns: owned, free with key_listen_stop.
 */
struct key_listen *key_listen_start(
	const char *listen_url, const char *database_url, struct key_cache *cache);

/* Takes NULL too. */
void key_listen_stop(struct key_listen *listen);

#endif
