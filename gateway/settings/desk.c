/* SPDX-License-Identifier: Apache-2.0 */
/* desk - the settings page in one event loop: which route a request takes. */
#include "gateway/settings/desk.h"

#include "gateway/metrics.h"
#include "gateway/settings/visit.h"

#define SETTINGS_PATH "/settings"

static const struct route routes[] = {
	{SPAN(SETTINGS_PATH), METHOD_GET, GUARD_SESSION, integrations_work, integrations_finish},
	{SPAN(SETTINGS_PATH "/"), METHOD_GET, GUARD_NONE, NULL, integrations_elsewhere},
	{SPAN(SETTINGS_PATH "/sign-in"), METHOD_GET, GUARD_NONE, NULL, sign_in_form_finish},
	{SPAN(SETTINGS_PATH "/sign-in"), METHOD_POST, GUARD_ORIGIN, sign_in_work, sign_in_finish},
	{SPAN(SETTINGS_PATH "/sign-out"), METHOD_POST, GUARD_FORM, sign_out_work, sign_out_finish},
	{SPAN(SETTINGS_PATH "/business"), METHOD_GET, GUARD_SESSION, choose_form_work,
		choose_form_finish},
	{SPAN(SETTINGS_PATH "/business"), METHOD_POST, GUARD_FORM, choose_work, choose_finish},
	{SPAN(SETTINGS_PATH "/key"), METHOD_POST, GUARD_FORM, make_key_work, make_key_finish},
	{SPAN(SETTINGS_PATH "/key/end-old"), METHOD_POST, GUARD_FORM, end_old_key_work,
		end_old_key_finish},
	{SPAN(SETTINGS_PATH "/hand-over"), METHOD_POST, GUARD_TRUSTED, hand_over_work,
		hand_over_finish},
	{SPAN(SETTINGS_PATH "/test"), METHOD_POST, GUARD_FORM, test_work, test_finish},
};

bool desk_has(struct span path)
{
	return span_equal(path, SPAN(SETTINGS_PATH)) ||
	       (path.len > sizeof(SETTINGS_PATH) - 1 &&
		       span_equal(span_from(path.base, sizeof(SETTINGS_PATH)),
			       SPAN(SETTINGS_PATH "/")));
}

/* NULL: none. Takes: ret_path_is_known - by another method. */
static const struct route *find_route(const struct http_request *request, bool *ret_path_is_known)
{
	enum http_method method = request->method == METHOD_HEAD ? METHOD_GET : request->method;
	*ret_path_is_known = false;
	for (size_t i = 0; i < sizeof(routes) / sizeof(*routes); i++) {
		if (!span_equal(request->path, routes[i].path))
			continue;
		if (routes[i].method == method)
			return &routes[i];
		*ret_path_is_known = true;
	}
	return NULL;
}

static void take_session(struct visit *visit)
{
	struct span cookie = brought_cookie(visit->request, visit->site->cookie_name);
	visit->has_session = token_parse(cookie, TOKEN_SESSION_LEN, &visit->session);
	if (visit->has_session)
		visit->session_digest = token_digest(&visit->session);
}

static struct visit *begin(struct desk *desk, struct http_request *request)
{
	struct visit *visit = arena_alloc(&request->arena, sizeof(*visit));
	*visit = (struct visit){.desk = desk, .site = desk->site, .request = request};
	request->user = visit;
	take_session(visit);
	return visit;
}

/* An owner whose neighbour behind the same address tries codes stays signed in. */
static bool is_turned_away(struct visit *visit)
{
	return site_is_tired_of(visit->site, http_peer(visit->request)) &&
	       !(visit->has_session && site_knows(visit->site, &visit->session_digest));
}

static void run(struct visit *visit)
{
	if (is_turned_away(visit)) {
		visit_notice(visit, 429, "Too many attempts",
			"Too many links and sessions from your address opened nothing. Please wait "
			"ten minutes, then open a new link.",
			"/settings/sign-in", "Back to signing in");
		return;
	}
	if (!visit_passes(visit))
		return;
	if (visit->route->work)
		visit_go(visit, visit->route->work, visit->route->finish);
	else
		visit->route->finish(visit);
}

static void refuse_route(struct visit *visit, bool path_is_known)
{
	if (path_is_known)
		buf_add_text(&visit->headers, "Allow: GET, HEAD, POST\r\n");
	visit_notice(visit, path_is_known ? 405 : 404, "There is nothing here",
		"The address may have been cut off or mistyped.", "/settings",
		"Open the settings page");
}

static void answer_asset(struct http_request *request, const struct asset *asset)
{
	const struct http_response response = {
		.status = 200,
		.headers = buf_span(&asset->headers),
		.body = asset->text,
	};
	http_answer(request, &response);
}

static void on_head(struct http_request *request, void *user)
{
	struct desk *desk = user;
	bool path_is_known;
	const struct asset *asset = site_asset(desk->site, request->path);
	if (asset && (request->method == METHOD_GET || request->method == METHOD_HEAD)) {
		answer_asset(request, asset);
		return;
	}
	struct visit *visit = begin(desk, request);
	visit->route = find_route(request, &path_is_known);
	if (!visit->route) {
		refuse_route(visit, path_is_known || asset);
	} else if (visit->route->method == METHOD_GET) {
		run(visit);
	} else {
		enum error error = http_read_body(request, BROUGHT_BODY_BYTES);
		if (error != E_PENDING)
			desk->service.failed(request, error, desk);
	}
}

static void on_body(struct http_request *request, void *user)
{
	struct visit *visit = request->user;
	(void)user;
	visit->form = request->body;
	run(visit);
}

static void on_failed(struct http_request *request, enum error error, void *user)
{
	struct visit *visit = request->user;
	(void)user;
	visit_notice(visit,
		error == E_BODY_TOO_LARGE    ? 413
		: error == E_REQUEST_TIMEOUT ? 408
		: error == E_OVERLOADED      ? 503
					     : 400,
		"That request could not be read", "Nothing was changed. Please try again.",
		"/settings", "Open the settings page");
}

void desk_init(struct desk *desk)
{
	desk->service = (struct http_service){
		.head = on_head,
		.body = on_body,
		.failed = on_failed,
		.user = desk,
	};
}
