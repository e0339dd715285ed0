/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site - the settings page as a whole: where it is, what it is made of, and who has tried to get in.
 *
 * Where it is, GATEWAY_PUBLIC_URL says (or, without it, a loopback address that is listened on), never
 * a request's Host: nobody's links, cookies or caches can be led elsewhere by it.
 */
#ifndef INTAKE_GATEWAY_SETTINGS_SITE_H
#define INTAKE_GATEWAY_SETTINGS_SITE_H

#include <pthread.h>
#include <stdbool.h>

#include "gateway/config.h"
#include "gateway/key_budget.h"
#include "gateway/settings/jobs.h"
#include "gateway/settings/template.h"
#include "gateway/settings/token.h"
#include "shared/buf.h"
#include "shared/span.h"

enum {
	SITE_ASSETS = 3,
	SITE_ATTEMPTS_MOST = 20, /* codes and sessions that open nothing, of an address ... */
	SITE_ATTEMPTS_MS = 10 * 60 * 1000, /* ... in this time */
	SITE_SESSIONS_KNOWN = 1024,        /* those that share a place replace each other */
};

/* A file that pages refer to; its path holds its content's hash, so that it never changes. */
struct asset {
	struct buf path; /* "/settings/style.0123abcd.css" */
	struct buf headers;
	struct span text;
};

enum { ASSET_STYLE, ASSET_SCRIPT, ASSET_ICON };

struct site {
	const struct gateway_config *config; /* borrowed */
	struct buf public_url;               /* no slash at the end */
	struct span origin;                  /* of it: "https://hooks.example.com" */
	struct span base;                    /* its path: "" mostly */
	bool is_secure;                      /* https */
	struct span cookie_name;
	struct buf headers; /* of every page */
	struct asset assets[SITE_ASSETS];
	struct template_set templates;
	struct jobs *jobs;
	struct jwt *jwt; /* NULL: nobody signs in with a token */
	pthread_mutex_t lock;
	struct key_budget attempts;
	struct token_digest sessions[SITE_SESSIONS_KNOWN]; /* that opened the page of late */
};

/*
 * Where the page is.
 *
 * Takes:   listening - "127.0.0.1:8080", what is listened on.
 *          out - gets the address.
 * Returns: NULL; else a static sentence: why there is no page.
 */
const char *site_find_url(
	const struct gateway_settings *settings, struct span listening, struct buf *out);

/* Takes: public_url - from site_find_url. Returned owned, free with site_free when its jobs are stopped. */
struct site *site_new(const struct gateway_config *config, struct span public_url);

/* Takes NULL too. */
void site_free(struct site *site);

/* The asset of that path; NULL: none. */
const struct asset *site_asset(const struct site *site, struct span path);

/* Whether the address has tried too often. Thread: any, as site_note_attempt. */
bool site_is_tired_of(struct site *site, struct span peer);

/* It brought what opens nothing. */
void site_note_attempt(struct site *site, struct span peer);

/* Whether the session opened the page here, as far as is remembered. Thread: any, as the next two. */
bool site_knows(struct site *site, const struct token_digest *session);
void site_note_session(struct site *site, const struct token_digest *session);
void site_forget_session(struct site *site, const struct token_digest *session);

#endif
