/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store - what the settings page asks of Postgres, over one connection.
 *
 * Each call is one function of migrations/deploy/settings_*.sql, which checks the session anew. It
 * blocks, at most STORE_WAIT_MS (store_open: as postgres_connect says). One that fails closes the
 * connection.
 *
 * Returns, if nothing else is said: OK; E_POSTGRES_AWAY, E_POSTGRES_CONTENTION, E_POSTGRES_CONFIG with
 * the sentence.
 * Thread: a store is its owner's.
 */
#ifndef INTAKE_GATEWAY_SETTINGS_STORE_H
#define INTAKE_GATEWAY_SETTINGS_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/settings/token.h"
#include "shared/api_key.h"
#include "shared/arena.h"
#include "shared/error.h"
#include "shared/uuid.h"

enum {
	STORE_WAIT_MS = 5000,
	STORE_BUSINESSES_MOST = 200, /* of one owner, that the chooser shows */
};

struct store;

/* What a function said: a word of its own, or that there is nothing. */
enum store_answer {
	STORE_DONE, /* "done", "opened" */
	STORE_SIGNED_OUT,
	STORE_STALE,    /* the form is of an earlier turn */
	STORE_TOO_MANY, /* within the hour */
	STORE_UNKNOWN,  /* the link, or the user */
	STORE_USED,     /* the link */
	STORE_EXPIRED,  /* the link */
};

/* A key as its owner knows it. Times: ms since 1970, 0: never. */
struct store_key {
	struct span prefix; /* base NULL: there is no such key */
	int64_t created_ms;
	int64_t used_ms;
	int64_t ends_ms; /* of an old one */
};

/* What the page shows of a business. */
struct store_state {
	int turn;
	bool has_business; /* else the owner has to choose, and nothing below is set */
	struct uuid business_id;
	struct span name;            /* its beginning: whoever may name it may give it any length */
	bool several;                /* the owner has others */
	bool has_hash;               /* there is a key; perhaps none that Intake made */
	int64_t requests_per_minute; /* 0: the default */
	struct api_key_digest digest; /* of the key, where it has a prefix */
	struct store_key key;
	struct store_key old_key;
};

/* How far a test request has come. Times: ms since it was begun, -1: not yet. */
struct store_test {
	bool found;
	struct span problem; /* base NULL: none */
	bool has_event;
	struct uuid event_id;
	int64_t partition; /* -1: not known */
	int64_t offset;
	int64_t waited_ms;
	int64_t applied_ms;
	bool removed;
};

struct store_business {
	struct uuid id;
	struct span name;
};

/* A new key, as the database is told of it; none of it is the key. */
struct store_new_key {
	char stored[API_KEY_STORED_LEN + 1];
	struct api_key_digest digest;
	struct span prefix;
	int64_t keep_old_s; /* 0: the old one ends at once */
};

/* Takes: url - borrowed for as long as the store lives. Returns: owned, not yet open. */
struct store *store_new(const char *url);
void store_free(struct store *store);

/* Connect as intake_gateway, unless it is and seems well. */
MUST_CHECK enum error store_open(struct store *store, struct failure *failure);

/* Takes: former - the session that the client had before, which ends; NULL: none; peer - for the audit. */
MUST_CHECK enum error store_sign_in_by_link(struct store *store, const struct token_digest *link,
	const struct token_digest *session, const struct token_digest *former, struct span peer,
	enum store_answer *ret_answer, struct failure *failure);
MUST_CHECK enum error store_sign_in_as_user(struct store *store, const struct uuid *user_id,
	const struct token_digest *session, const struct token_digest *former, struct span peer,
	enum store_answer *ret_answer, struct failure *failure);
MUST_CHECK enum error store_sign_out(
	struct store *store, const struct token_digest *session, struct failure *failure);

/* STORE_SIGNED_OUT: the session is over. Texts go into the arena. */
MUST_CHECK enum error store_state(struct store *store, const struct token_digest *session,
	struct arena *arena, struct store_state *ret_state, enum store_answer *ret_answer,
	struct failure *failure);

/* Takes: ret_businesses - in the arena, at most STORE_BUSINESSES_MOST. */
MUST_CHECK enum error store_businesses(struct store *store, const struct token_digest *session,
	struct arena *arena, struct store_business **ret_businesses, size_t *ret_count,
	struct failure *failure);

/* STORE_UNKNOWN: none of this owner's. */
MUST_CHECK enum error store_choose(struct store *store, const struct token_digest *session,
	const struct uuid *business_id, struct span peer, enum store_answer *ret_answer,
	struct failure *failure);

MUST_CHECK enum error store_set_key(struct store *store, const struct token_digest *session,
	int turn, const struct store_new_key *key, struct span peer, enum store_answer *ret_answer,
	struct failure *failure);
MUST_CHECK enum error store_end_old_key(struct store *store, const struct token_digest *session,
	int turn, struct span peer, enum store_answer *ret_answer, struct failure *failure);

MUST_CHECK enum error store_begin_test(struct store *store, const struct token_digest *session,
	const struct uuid *id, enum store_answer *ret_answer, struct failure *failure);

/* Takes: test - event, partition, offset and problem are set. */
MUST_CHECK enum error store_note_test(struct store *store, const struct uuid *id,
	const struct store_test *test, struct failure *failure);
MUST_CHECK enum error store_look_at_test(struct store *store, const struct token_digest *session,
	const struct uuid *id, struct arena *arena, struct store_test *ret_test,
	struct failure *failure);

/*
 * Drop what is over: sessions, links, test contacts that were late, lines of the audit.
 *
 * Takes:   audit_days - how old a line may get; ret_dropped - how many lines went: of very many, some.
 */
MUST_CHECK enum error store_sweep(
	struct store *store, int64_t audit_days, int64_t *ret_dropped, struct failure *failure);

#endif
