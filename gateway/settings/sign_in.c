/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sign_in - in by the code of a link, and out again.
 *
 * The link carries its code behind the "#", which no browser sends: it is in no log. A script puts it
 * into the form and sends that; without one it is pasted.
 */
#include "gateway/settings/visit.h"
#include "shared/log.h"

static void show_form(struct visit *visit)
{
	const struct template_value title = template_text("title", SPAN("Sign in"));
	const struct template_scope scope = {&title, 1, NULL};
	visit_show(visit, "sign_in", &scope);
}

void sign_in_form_finish(struct visit *visit)
{
	if (span_equal(visit->request->query, SPAN("over")))
		visit->notice = "You are signed out: it was a while since you were here. "
				"Nothing was changed.";
	else if (span_equal(visit->request->query, SPAN("out")))
		visit->notice = "You have signed out.";
	show_form(visit);
}

enum error sign_in_work(struct visit *visit, struct store *store, struct failure *failure)
{
	struct token code;
	visit->answer = STORE_UNKNOWN;
	if (!token_parse(visit_field(visit, SPAN("code")), TOKEN_CODE_LEN, &code))
		return OK;
	token_generate(&visit->new_session, TOKEN_SESSION_LEN);
	const struct token_digest link = token_digest(&code);
	const struct token_digest session = token_digest(&visit->new_session);
	token_wipe(&code);
	return store_sign_in_by_link(store, &link, &session,
		visit->has_session ? &visit->session_digest : NULL, http_peer(visit->request),
		&visit->answer, failure);
}

static void refuse_code(struct visit *visit)
{
	visit->notice_is_bad = true;
	visit->notice =
		visit->answer == STORE_USED
			? "This link was used already: each one works once. Ask for a new "
			  "one."
		: visit->answer == STORE_EXPIRED
			? "This link has expired: they work for ten minutes. Ask for a new "
			  "one."
			: "This link is not known here. Check that all of it was copied, or "
			  "ask for a new one.";
	show_form(visit);
}

void sign_in_finish(struct visit *visit)
{
	if (visit_refused(visit))
		return;
	log_info("settings.sign_in",
		log_text("outcome", visit->answer == STORE_DONE ? "opened" : "refused"),
		log_span("peer", http_peer(visit->request)));
	if (visit->answer != STORE_DONE) {
		site_note_attempt(visit->site, http_peer(visit->request));
		refuse_code(visit);
		return;
	}
	visit_set_cookie(visit, &visit->new_session);
	visit_redirect(visit, "/settings");
}

enum error sign_out_work(struct visit *visit, struct store *store, struct failure *failure)
{
	return store_sign_out(store, &visit->session_digest, failure);
}

void sign_out_finish(struct visit *visit)
{
	if (visit_refused(visit))
		return;
	visit_clear_cookie(visit);
	visit_redirect(visit, "/settings/sign-in?out");
}
