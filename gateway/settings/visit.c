/* SPDX-License-Identifier: Apache-2.0 */
/* visit - one request to the settings page: its guard, its work, its answer. */
#include "gateway/settings/visit.h"

#include <sodium.h>

#include "gateway/metrics.h"
#include "gateway/settings/desk.h"
#include "gateway/settings/jwt.h"
#include "shared/log.h"

enum { PAGE_BYTES = 64 * 1024 /* no page is longer: its buffer never moves */ };

struct span visit_field(struct visit *visit, struct span name)
{
	return brought_field(visit->form, name, &visit->arena);
}

/* ---- guard */

/*
 * Browsers say where a POST comes from; what says neither is no browser, and gets no further either.
 * A page of the same site but another origin is not ours.
 */
static bool is_from_us(const struct visit *visit)
{
	struct span site = http_header_find(visit->request, SPAN("sec-fetch-site"));
	struct span origin = http_header_find(visit->request, SPAN("origin"));
	if (site.base && !span_equal(site, SPAN("same-origin")))
		return false;
	if (origin.base && !span_equal_nocase(origin, visit->site->origin))
		return false;
	return site.base || origin.base;
}

static bool has_form_type(const struct visit *visit)
{
	return span_starts_nocase(http_header_find(visit->request, SPAN("content-type")),
		SPAN("application/x-www-form-urlencoded"));
}

/*
 * Whoever follows a link from elsewhere comes without the cookie (SameSite=Strict), signed in or not: a
 * page that moves on by itself brings it.
 */
static void ask_for_session(struct visit *visit)
{
	struct span site = http_header_find(visit->request, SPAN("sec-fetch-site"));
	if (span_equal(site, SPAN("cross-site")) || span_equal(site, SPAN("same-site")))
		visit_move_on(visit);
	else
		visit_redirect(visit, "/settings/sign-in");
}

/* The page as a whole comes from there, not a frame or a script's request. */
static bool is_trusted(const struct visit *visit)
{
	struct span dest = http_header_find(visit->request, SPAN("sec-fetch-dest"));
	struct span origin = http_header_find(visit->request, SPAN("origin"));
	return (!dest.base || span_equal(dest, SPAN("document"))) && origin.base &&
	       jwt_trusts(visit->site->jwt, origin);
}

bool visit_passes(struct visit *visit)
{
	enum visit_guard guard = visit->route->guard;
	if (guard == GUARD_NONE || (guard == GUARD_SESSION && visit->has_session))
		return true;
	if (guard == GUARD_SESSION) {
		ask_for_session(visit);
		return false;
	}
	if (guard == GUARD_TRUSTED && !visit->site->jwt) {
		visit_notice(visit, 404, "There is nothing here",
			"Signing in from a web application is not set up.", "/settings",
			"Open the settings page");
		return false;
	}
	if (!has_form_type(visit) ||
		!(guard == GUARD_TRUSTED ? is_trusted(visit) : is_from_us(visit))) {
		visit_notice(visit, 403, "That did not come from this page",
			"The request came from elsewhere, so nothing was changed. Open the "
			"settings "
			"page at its own address and try again.",
			"/settings", "Open the settings page");
		return false;
	}
	if (guard == GUARD_FORM && !visit->has_session) {
		visit_redirect(visit, "/settings/sign-in?over");
		return false;
	}
	if (guard == GUARD_FORM &&
		!token_form_is(&visit->session, visit_field(visit, SPAN("form_token")))) {
		visit_notice(visit, 403, "This page was out of date",
			"You have signed in anew since it was opened, so nothing was changed.",
			"/settings", "Open the settings page");
		return false;
	}
	return true;
}

/* ---- work */

static struct visit *visit_of(struct job *job)
{
	return (struct visit *)((char *)job - offsetof(struct visit, job));
}

static enum error run_work(struct job *job, struct store *store, struct failure *failure)
{
	struct visit *visit = visit_of(job);
	return visit->work(visit, store, failure);
}

static void run_finish(struct job *job)
{
	struct visit *visit = visit_of(job);
	visit->error = job->error;
	visit->finish(visit);
}

void visit_go(struct visit *visit, visit_work *work, visit_finish *finish)
{
	visit->work = work;
	visit->finish = finish;
	visit->job = (struct job){
		.loop = visit->desk->pipeline->loop,
		.work = run_work,
		.done = run_finish,
	};
	visit->error = jobs_submit(visit->site->jobs, &visit->job);
	if (visit->error == E_PENDING)
		return;
	metric_add(METRIC_SETTINGS_OVERLOADED, 1);
	finish(visit);
}

/* ---- answers */

static void answer(struct visit *visit, int status, struct span body)
{
	struct buf headers = {0};
	buf_add(&headers, buf_span(&visit->site->headers));
	buf_add(&headers, buf_span(&visit->headers));
	const struct http_response response = {
		.status = status,
		.headers = buf_span(&headers),
		.body = body,
	};
	metric_add(status >= 500   ? METRIC_SETTINGS_5XX
		   : status >= 400 ? METRIC_SETTINGS_4XX
				   : METRIC_SETTINGS_OK,
		1);
	buf_fini(&visit->headers);
	arena_fini(&visit->arena);
	token_wipe(&visit->session);
	token_wipe(&visit->new_session);
	api_key_wipe(&visit->new_key);
	http_answer(visit->request, &response); /* the visit is gone with it */
	buf_fini(&headers);
}

void visit_show(struct visit *visit, const char *template, const struct template_scope *scope)
{
	const struct site *site = visit->site;
	const struct template_value common[] = {
		template_text("base", site->base),
		template_text("style_path", buf_span(&site->assets[ASSET_STYLE].path)),
		template_text("script_path", buf_span(&site->assets[ASSET_SCRIPT].path)),
		template_text("icon_path", buf_span(&site->assets[ASSET_ICON].path)),
		template_text("notice", span_of(visit->notice ? visit->notice : "")),
		template_flag("notice_is_bad", visit->notice_is_bad),
	};
	struct template_scope outer = {common, sizeof(common) / sizeof(*common), NULL};
	struct template_scope whole = *scope;
	struct buf body = {0};
	whole.outer = &outer;
	(void)buf_reserve(&body, PAGE_BYTES);
	template_render(&site->templates, template, &whole, &body);
	answer(visit, visit->status ? visit->status : 200, buf_span(&body));
	sodium_memzero(body.base, body.len); /* it may hold a key */
	buf_fini(&body);
}

void visit_redirect(struct visit *visit, const char *path)
{
	buf_add_text(&visit->headers, "Location: ");
	buf_add(&visit->headers, visit->site->base);
	buf_add_text(&visit->headers, path);
	buf_add_text(&visit->headers, "\r\n");
	answer(visit, 303, SPAN(""));
}

void visit_move_on(struct visit *visit)
{
	const struct template_value title = template_text("title", SPAN("One moment"));
	const struct template_scope scope = {&title, 1, NULL};
	visit_show(visit, "continue", &scope);
}

void visit_notice(struct visit *visit, int status, const char *heading, const char *text,
	const char *path, const char *action)
{
	const struct template_value values[] = {
		template_text("title", span_of(heading)),
		template_text("heading", span_of(heading)),
		template_text("text", span_of(text)),
		template_text("path", span_of(path)),
		template_text("action", span_of(action)),
	};
	const struct template_scope scope = {values, sizeof(values) / sizeof(*values), NULL};
	visit->status = status;
	visit_show(visit, "notice", &scope);
}

bool visit_refused(struct visit *visit)
{
	if (visit->error) {
		visit_notice(visit, 503, "The settings cannot be shown just now",
			"The database did not answer. Your integrations go on working with the key "
			"they have. Please try again in a minute.",
			"/settings", "Try again");
		return true;
	}
	if (visit->answer == STORE_SIGNED_OUT) {
		site_note_attempt(visit->site, http_peer(visit->request));
		site_forget_session(visit->site, &visit->session_digest);
		visit_clear_cookie(visit);
		visit_redirect(visit, "/settings/sign-in?over");
		return true;
	}
	return false;
}

static void set_cookie(struct visit *visit, const char *value, const char *attributes)
{
	struct buf *headers = &visit->headers;
	buf_add_text(headers, "Set-Cookie: ");
	buf_add(headers, visit->site->cookie_name);
	buf_printf(headers, "=%s; Path=/; HttpOnly; SameSite=Strict%s%s\r\n", value,
		visit->site->is_secure ? "; Secure" : "", attributes);
}

void visit_set_cookie(struct visit *visit, const struct token *session)
{
	set_cookie(visit, session->text, "");
}

void visit_clear_cookie(struct visit *visit)
{
	set_cookie(visit, "", "; Max-Age=0");
}
