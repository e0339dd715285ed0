/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hand_over - in by a token that the web application posts for its user.
 *
 * Which origins may, is configuration: so nobody else's page signs a visitor in as somebody (login
 * CSRF). The answer is a page that moves on by itself: a redirect would still be a request from
 * elsewhere, to which a SameSite=Strict cookie does not go.
 */
#include "gateway/settings/jwt.h"
#include "gateway/settings/visit.h"
#include "shared/clock.h"
#include "shared/log.h"

enum error hand_over_work(struct visit *visit, struct store *store, struct failure *failure)
{
	struct uuid user_id;
	visit->reason = jwt_verify(visit->site->jwt, visit_field(visit, SPAN("token")),
		clock_wall_ms() / 1000, &user_id);
	visit->answer = STORE_UNKNOWN;
	if (visit->reason)
		return OK;
	token_generate(&visit->new_session, TOKEN_SESSION_LEN);
	const struct token_digest session = token_digest(&visit->new_session);
	enum error error = store_sign_in_as_user(store, &user_id, &session,
		visit->has_session ? &visit->session_digest : NULL, http_peer(visit->request),
		&visit->answer, failure);
	if (!error && visit->answer != STORE_DONE)
		visit->reason = visit->answer == STORE_TOO_MANY
					? "its user has done too much within the hour"
					: "its user has no business";
	return error;
}

void hand_over_finish(struct visit *visit)
{
	if (visit_refused(visit))
		return;
	log_info("settings.hand_over", log_text("outcome", visit->reason ? "refused" : "opened"),
		log_text("reason", visit->reason), log_span("peer", http_peer(visit->request)));
	if (visit->reason) {
		site_note_attempt(visit->site, http_peer(visit->request));
		visit_notice(visit, 403, "You could not be signed in",
			"Please go back and try again. If it goes on, tell whoever runs Intake: "
			"the "
			"log says why.",
			"/settings/sign-in", "Sign in with a link");
		return;
	}
	visit_set_cookie(visit, &visit->new_session);
	visit_move_on(visit);
}
