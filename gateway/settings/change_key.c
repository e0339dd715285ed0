/* SPDX-License-Identifier: Apache-2.0 */
/*
 * change_key - make the business's new key, or end its old one.
 *
 * The key is in the answer to the form that asked for it and nowhere else. Sent again (a reload, a
 * double click), the form is of an earlier turn and changes nothing.
 */
#include <stdlib.h>

#include "gateway/settings/visit.h"
#include "shared/log.h"

enum { TURN_DIGITS_MOST = 9 };

/* How long an old key may live on. */
static const struct {
	struct span choice;
	int64_t seconds;
} keep_old_choices[] = {
	{SPAN("1h"), 3600},
	{SPAN("24h"), INT64_C(24) * 3600},
	{SPAN("7d"), INT64_C(7) * 24 * 3600},
};

/* What is none of them ends it at once, as the form says when nothing is chosen. */
static int64_t keep_old_s(struct visit *visit)
{
	struct span choice = visit_field(visit, SPAN("keep_old"));
	for (size_t i = 0; i < sizeof(keep_old_choices) / sizeof(*keep_old_choices); i++) {
		if (span_equal(choice, keep_old_choices[i].choice))
			return keep_old_choices[i].seconds;
	}
	return 0;
}

/* Of the form; -1, which no session has: not a number. */
static int turn_of(struct visit *visit)
{
	struct span text = visit_field(visit, SPAN("turn"));
	int turn = 0;
	if (text.len == 0 || text.len > TURN_DIGITS_MOST)
		return -1;
	for (size_t i = 0; i < text.len; i++) {
		if (text.base[i] < '0' || text.base[i] > '9')
			return -1;
		turn = turn * 10 + (text.base[i] - '0');
	}
	return turn;
}

static enum error read_state(struct visit *visit, struct store *store, struct failure *failure)
{
	enum store_answer answer = STORE_DONE;
	enum error error = store_state(
		store, &visit->session_digest, &visit->arena, &visit->state, &answer, failure);
	if (answer == STORE_SIGNED_OUT)
		visit->answer = answer;
	return error;
}

static enum error set_key(struct visit *visit, struct store *store, struct failure *failure)
{
	struct span text = span_from(visit->new_key.text, API_KEY_LEN);
	struct store_new_key key = {
		.digest = api_key_digest(text),
		.prefix = span_from(text.base, API_KEY_PREFIX_LEN),
		.keep_old_s = keep_old_s(visit),
	};
	enum error error = api_key_hash(text, key.stored);
	if (error)
		return failure_set(failure, error, "there is not enough memory to hash a key");
	return store_set_key(store, &visit->session_digest, turn_of(visit), &key,
		http_peer(visit->request), &visit->answer, failure);
}

/*
 * Another browser's page may have made a key meanwhile: who has not seen it has not agreed to end it.
 * (The turn tells of this session's changes only.)
 */
static bool is_form_stale(struct visit *visit)
{
	return visit->state.turn != turn_of(visit) ||
	       !span_equal(visit->state.key.prefix, visit_field(visit, SPAN("current")));
}

/* Who is not signed in, or comes with an old form, costs no slow hash. */
enum error make_key_work(struct visit *visit, struct store *store, struct failure *failure)
{
	enum error error = read_state(visit, store, failure);
	if (error || visit->answer == STORE_SIGNED_OUT)
		return error;
	if (is_form_stale(visit)) {
		visit->answer = STORE_STALE;
		return OK;
	}
	api_key_generate(&visit->new_key);
	visit->tried_key = true;
	error = set_key(visit, store, failure);
	if (error || visit->answer != STORE_DONE)
		return error;
	visit->shows_key = true;
	return read_state(visit, store, failure);
}

/* The audit's twin in the log; the line in the database is the one that counts. */
static void log_change(const struct visit *visit, const char *event)
{
	char business[UUID_TEXT_LEN + 1];
	uuid_format(business, &visit->state.business_id);
	log_info(event, log_text("business_id", business),
		log_span("peer", http_peer(visit->request)));
}

/* The statement may have gone through, and its answer been lost. */
static void refuse_unsure(struct visit *visit)
{
	visit_notice(visit, 503, "A new key may have been made",
		"The database did not answer in time. Look whether the settings page shows "
		"another key than the one that you use: if so, that one works no longer, and "
		"nobody has seen the new one. Make a new key then.",
		"/settings", "Open the settings page");
}

void make_key_finish(struct visit *visit)
{
	/* A key that was made is shown, even if the rest could not be read anew. */
	if (visit->shows_key) {
		visit->error = OK;
		visit->answer = STORE_DONE;
	}
	if (visit->error && visit->tried_key) {
		refuse_unsure(visit);
		return;
	}
	if (visit_refused(visit))
		return;
	if (visit->shows_key) {
		log_change(visit, "settings.key_made");
	} else if (visit->answer == STORE_TOO_MANY) {
		visit->status = 429;
		visit->notice_is_bad = true;
		visit->notice =
			"No new key was made: there were ten in the last hour. Please wait.";
	} else {
		visit->status = 409;
		visit->notice =
			"Nothing was changed: the page was out of date, or the form was "
			"sent twice. This is how things stand. A key is shown only once; if "
			"you did not copy it, make a new one.";
	}
	integrations_finish(visit);
}

enum error end_old_key_work(struct visit *visit, struct store *store, struct failure *failure)
{
	enum error error = read_state(visit, store, failure);
	if (error || visit->answer == STORE_SIGNED_OUT)
		return error;
	return store_end_old_key(store, &visit->session_digest, turn_of(visit),
		http_peer(visit->request), &visit->answer, failure);
}

void end_old_key_finish(struct visit *visit)
{
	if (visit_refused(visit))
		return;
	if (visit->answer == STORE_DONE)
		log_change(visit, "settings.old_key_ended");
	visit_redirect(visit, "/settings");
}
