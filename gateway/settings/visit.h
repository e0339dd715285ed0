/* SPDX-License-Identifier: Apache-2.0 */
/*
 * visit - one request to the settings page, from its head to its answer.
 *
 * It lives in its request's arena, in one loop's thread, but for its job's work, which has it alone
 * meanwhile; not the request's arena, whose bytes the loop goes on counting. A route is a guard, a piece of work in the pool and a finish in the loop.
 */
#ifndef INTAKE_GATEWAY_SETTINGS_VISIT_H
#define INTAKE_GATEWAY_SETTINGS_VISIT_H

#include "gateway/limit_redis.h"
#include "gateway/settings/brought.h"
#include "gateway/settings/jobs.h"
#include "gateway/settings/site.h"
#include "gateway/settings/store.h"
#include "gateway/settings/token.h"
#include "shared/api_key.h"

struct desk;
struct visit;

typedef enum error visit_work(struct visit *visit, struct store *store, struct failure *failure);
typedef void visit_finish(struct visit *visit);

/* What a request must show before anything is done. */
enum visit_guard {
	GUARD_NONE,
	GUARD_SESSION, /* a session's cookie */
	GUARD_ORIGIN,  /* a POST: that it comes from a page of ours */
	GUARD_FORM,    /* a POST: that, and a session's form */
	GUARD_TRUSTED, /* a POST: that it comes from the web application */
};

struct route {
	struct span path;
	enum http_method method;
	enum visit_guard guard;
	visit_work *work; /* NULL: finish at once */
	visit_finish *finish;
};

struct visit {
	struct desk *desk;
	struct site *site;
	struct http_request *request;
	const struct route *route;
	struct job job;
	visit_work *work;
	visit_finish *finish;
	struct buf headers; /* of the answer, beside every page's */
	struct arena arena; /* of what it reads and shows; given back with the answer */

	/* What it brought. */
	struct span form; /* of a POST */
	bool has_session;
	struct token session; /* secret */
	struct token_digest session_digest;

	/* What became of it. */
	enum error error; /* of the work */
	enum store_answer answer;
	struct store_state state;
	struct store_business *businesses;
	size_t business_count;
	struct api_key new_key; /* secret; of a visit that made one */
	bool tried_key;         /* the database was told to take it */
	bool shows_key;         /* and said that it did */
	struct uuid test_id;
	struct store_test test;
	struct token new_session; /* secret; of a visit that signs in */
	struct limit_question question;
	int64_t used;       /* of the limit, this minute */
	const char *reason; /* static: why a token was refused, for the log */
	const char *notice; /* static: what the page says on top; NULL: nothing */
	bool notice_is_bad;
	int status;
};

/* A field of the form. */
struct span visit_field(struct visit *visit, struct span name);

/* Whether it passes its route's guard; refuses it otherwise, and is over. */
MUST_CHECK bool visit_passes(struct visit *visit);

/* Have the work done in the pool, then `finish` called in the loop. */
void visit_go(struct visit *visit, visit_work *work, visit_finish *finish);

/* Each is the visit's answer, and ends it. */
/* Takes: scope - has `title`. */
void visit_show(struct visit *visit, const char *template, const struct template_scope *scope);
void visit_redirect(struct visit *visit, const char *path);

/* A page that goes to the settings by itself, as of our own accord: cookies come along then. */
void visit_move_on(struct visit *visit);

/* A page of a few words. Takes: heading, text, action - static; action: the link's text, to `path`. */
void visit_notice(struct visit *visit, int status, const char *heading, const char *text,
	const char *path, const char *action);

/* For a work that failed, or a session that is over. Returns: whether it was so; then the visit is over. */
MUST_CHECK bool visit_refused(struct visit *visit);

/* The new session's cookie goes with the answer; or an end of the present one. */
void visit_set_cookie(struct visit *visit, const struct token *session);
void visit_clear_cookie(struct visit *visit);

/* ---- works and finishes, by file */

visit_finish integrations_finish; /* integrations.c: the page itself, from visit->state */
visit_work integrations_work;
visit_finish integrations_elsewhere; /* at "/settings/" */
visit_finish sign_in_form_finish;    /* sign_in.c */
visit_work sign_in_work;
visit_finish sign_in_finish;
visit_work sign_out_work;
visit_finish sign_out_finish;
visit_work choose_form_work; /* choose.c */
visit_finish choose_form_finish;
visit_work choose_work;
visit_finish choose_finish;
visit_work make_key_work; /* change_key.c */
visit_finish make_key_finish;
visit_work end_old_key_work;
visit_finish end_old_key_finish;
visit_work hand_over_work; /* hand_over.c */
visit_finish hand_over_finish;
visit_work test_work; /* test_request.c */
visit_finish test_finish;

#endif
