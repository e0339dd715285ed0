/* SPDX-License-Identifier: Apache-2.0 */
/* admin - the listener for operators: /healthz, /readyz, /metrics. */
#include "shared/admin.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "shared/ensure.h"
#include "shared/http/http.h"
#include "shared/log.h"
#include "shared/memory.h"
#include "shared/metrics.h"

static const struct http_limits admin_limits = {
	.connections_most = 64,
	.head_ms = 5000,
	.body_ms = 5000,
	.idle_ms = 60000,
	.write_ms = 5000,
};

struct admin {
	const struct admin_checks *checks;
	struct http_service service;
	struct loop *loop;
	struct http_server *server;
	char *address; /* that it listens on, owned */
	int listen_fd;
	pthread_t thread;
};

static void answer(struct http_request *request, int status, const char *type, struct span body)
{
	struct buf headers = {0};
	buf_printf(&headers, "Content-Type: %s\r\nCache-Control: no-store\r\n", type);
	struct http_response response = {
		.status = status,
		.headers = buf_span(&headers),
		.body = body,
	};
	http_answer(request, &response);
	buf_fini(&headers);
}

static void answer_text(struct http_request *request, int status, struct span body)
{
	answer(request, status, "text/plain; charset=utf-8", body);
}

static void serve_healthz(struct admin *admin, struct http_request *request)
{
	(void)admin;
	answer_text(request, 200, SPAN("ok\n"));
}

static void serve_readyz(struct admin *admin, struct http_request *request)
{
	struct buf reasons = {0};
	admin->checks->not_ready(admin->checks->user, &reasons);
	if (reasons.len)
		answer_text(request, 503, buf_span(&reasons));
	else
		answer_text(request, 200, SPAN("ready\n"));
	buf_fini(&reasons);
}

static void serve_metrics(struct admin *admin, struct http_request *request)
{
	struct buf text = {0};
	if (admin->checks->refresh)
		admin->checks->refresh(admin->checks->user);
	metrics_write(&text);
	answer(request, 200, "text/plain; version=0.0.4; charset=utf-8", buf_span(&text));
	buf_fini(&text);
}

static const struct {
	const char *path;
	void (*serve)(struct admin *admin, struct http_request *request);
} routes[] = {
	{"/healthz", serve_healthz},
	{"/readyz", serve_readyz},
	{"/metrics", serve_metrics},
};

static void on_head(struct http_request *request, void *user)
{
	if (request->method != METHOD_GET && request->method != METHOD_HEAD) {
		answer_text(request, 405, SPAN("GET or HEAD, please\n"));
		return;
	}
	for (size_t i = 0; i < sizeof(routes) / sizeof(*routes); i++) {
		if (span_equal(request->path, span_of(routes[i].path))) {
			routes[i].serve(user, request);
			return;
		}
	}
	answer_text(request, 404, SPAN("/healthz, /readyz and /metrics are here\n"));
}

static void on_body(struct http_request *request, void *user)
{
	(void)user;
	answer_text(request, 400, SPAN("no body is asked for here\n"));
}

static void on_failed(struct http_request *request, enum error error, void *user)
{
	int status = error == E_HEADERS_TOO_LARGE ? 431 : error == E_REQUEST_TIMEOUT ? 408 : 400;
	(void)user;
	answer_text(request, status, SPAN("that was not a request\n"));
}

static void *run(void *user)
{
	struct admin *admin = user;
	loop_run(admin->loop);
	return NULL;
}

enum error admin_start(const char *address, const struct admin_checks *checks,
	struct watchdog *watchdog, struct admin **ret_admin, struct failure *failure)
{
	int listen_fd;
	enum error error = http_listen(address, &listen_fd, failure);
	if (error)
		return error;
	struct admin *admin = memory_zeroed(1, sizeof(*admin));
	admin->checks = checks;
	admin->address = memory_string(address);
	admin->listen_fd = listen_fd;
	admin->service = (struct http_service){
		.head = on_head, .body = on_body, .failed = on_failed, .user = admin};
	admin->loop = loop_new();
	loop_guard(admin->loop, watchdog);
	admin->server = http_server_new(admin->loop, listen_fd, &admin->service, &admin_limits);
	ensure(pthread_create(&admin->thread, NULL, run, admin) == 0);
	struct buf where = {0};
	http_listen_address(listen_fd, &where);
	log_info("admin.listening", log_span("address", buf_span(&where)));
	buf_fini(&where);
	*ret_admin = admin;
	return OK;
}

void admin_stop(struct admin *admin)
{
	if (!admin)
		return;
	loop_stop(admin->loop);
	(void)pthread_join(admin->thread, NULL);
	http_server_free(admin->server);
	loop_free(admin->loop);
	http_unlisten(admin->address, admin->listen_fd);
	free(admin->address);
	free(admin);
}
