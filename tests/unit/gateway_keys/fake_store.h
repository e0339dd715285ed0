/* SPDX-License-Identifier: Apache-2.0 */
/* fake_store - a Postgres for tests of keys: takes key_store's and key_listen's place when linked. */
#ifndef INTAKE_TESTS_FAKE_STORE_H
#define INTAKE_TESTS_FAKE_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "gateway/key_cache.h"
#include "gateway/key_lookup.h"

/* Forget everything; up, nothing known. */
void fake_reset(void);

/* The digest opens this business from now on. */
void fake_add(const struct api_key_digest *digest, struct uuid business_id);
void fake_remove(const struct api_key_digest *digest);

/* A business that has this stored hash and no digest. */
void fake_add_legacy(const char *stored, struct uuid business_id);

/* Whether connecting works; false also breaks what is connected. */
void fake_set_up(bool up);

/* So many connections at a time, and no more. */
void fake_allow_connections(size_t most);

/* Break what is connected, once: a server that was restarted. */
void fake_break(void);

/* Queries wait until they are let go on. */
void fake_hold(bool hold);

/* Keys that were asked for in queries that were let go on, and queries. */
size_t fake_queries(void);
size_t fake_asked(void);

/* The place of this digest among all that were asked for, from 0; SIZE_MAX: never asked for. */
size_t fake_place(const struct api_key_digest *digest);

/* The cache that notices go to, once keys have started. */
struct key_cache *fake_cache(void);

#endif
