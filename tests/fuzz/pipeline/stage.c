/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage - the gateway for the pipeline's fuzz target: everything of it but Postgres and Kafka, on a
 * loop that is turned by hand.
 */
#include "tests/fuzz/pipeline/stage.h"

#include <jansson.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/metrics.h"
#include "gateway/openapi.h"
#include "gateway/pipeline.h"
#include "gateway/routes.h"
#include "shared/clock.h"
#include "shared/http/server.h"
#include "shared/memory.h"
#include "shared/metrics.h"
#include "tests/fuzz/reference.h"

enum {
	SETTLE_MS = 20000, /* nothing waits for that long here, on the slowest machine */
	PIECES_MOST = 32,
};

/* The gateway, made once: a server on a loop of its own. */
struct stage {
	struct gateway_config config;
	struct network_list proxies;
	struct loop *loop;
	struct keys keys;
	struct producer producer;
	struct pipeline pipeline;
	struct openapi *openapi;
	struct buf openapi_document;
	struct routes routes;
	struct http_service gate;  /* in front of the routes: sees each request */
	struct http_service watch; /* in front of the webhook: sees bodies, and who leaves */
	struct http_server *server;
	struct trial trial;
	uint64_t accepted; /* requests, of all trials */
	struct buf sent;   /* what came back */
};

/* ---- looking on */

static void begin_exchange(struct stage *stage, const struct http_request *request)
{
	static const struct span webhook = SPAN("/api/webhooks/contacts");
	struct trial *trial = &stage->trial;
	struct span path = request->path;
	ensure(trial->exchange_count < TRIAL_EXCHANGES_MOST);
	if (path.len == webhook.len + 1 && path.base[webhook.len] == '/')
		path.len--;
	trial->exchanges[trial->exchange_count++] = (struct exchange){
		.method = request->method,
		.is_openapi = span_equal(request->path, SPAN("/openapi.json")),
		.is_webhook = span_equal(path, webhook),
	};
}

static void on_any_head(struct http_request *request, void *user)
{
	struct stage *stage = user;
	begin_exchange(stage, request);
	stage->routes.service.head(request, stage->routes.service.user);
}

/* Its head could not be read, or not taken: it is the webhook's to answer, whatever its path. */
static void on_any_failed(struct http_request *request, enum error error, void *user)
{
	struct stage *stage = user;
	begin_exchange(stage, request);
	trial_last(&stage->trial)->is_openapi = false;
	stage->routes.service.failed(request, error, stage->routes.service.user);
}

static bool is_name_marked(const json_t *value)
{
	const char *name;
	json_t *member;
	size_t i;
	json_object_foreach((json_t *)value, name, member)
	{
		if (strstr(name, TRIAL_MARKER) || is_name_marked(member))
			return true;
	}
	json_array_foreach(value, i, member)
	{
		if (is_name_marked(member))
			return true;
	}
	return false;
}

static bool is_form_name_marked(struct span form)
{
	struct span pair;
	while (reference_next(&form, '&', &pair)) {
		struct span name = pair;
		ensure(reference_next(&pair, '=', &name));
		if (reference_holds(name, SPAN(TRIAL_MARKER)) || reference_holds(name, SPAN("%")))
			return true;
	}
	return false;
}

/* Whether the marker is in a name that may be told back. What is neither JSON nor a form has none. */
static bool may_echo_names(struct span body)
{
	size_t skip = 0;
	while (skip < body.len && body.base[skip] && strchr("\xef\xbb\xbf \t\r\n", body.base[skip]))
		skip++;
	if (skip == body.len)
		return false;
	body = span_from(body.base + skip, body.len - skip);
	if (body.base[0] != '{' && body.base[0] != '[')
		return is_form_name_marked(body);
	json_t *root = json_loadb(body.base, body.len, JSON_DECODE_INT_AS_REAL, NULL);
	bool marked = is_name_marked(root);
	json_decref(root);
	return marked;
}

static void on_webhook_head(struct http_request *request, void *user)
{
	struct stage *stage = user;
	stage->pipeline.service.head(request, stage->pipeline.service.user);
}

static void on_webhook_body(struct http_request *request, void *user)
{
	struct stage *stage = user;
	ensure(request->body.len <= TRIAL_BODY_MOST);
	trial_last(&stage->trial)->may_echo_names = may_echo_names(request->body);
	stage->pipeline.service.body(request, stage->pipeline.service.user);
}

static void on_webhook_failed(struct http_request *request, enum error error, void *user)
{
	struct stage *stage = user;
	trial_last(&stage->trial)->is_gone = error == E_CLIENT_GONE;
	stage->pipeline.service.failed(request, error, stage->pipeline.service.user);
}

/* ---- the gateway */

static void init_services(struct stage *stage)
{
	stage->watch = (struct http_service){
		.head = on_webhook_head,
		.body = on_webhook_body,
		.failed = on_webhook_failed,
		.user = stage,
	};
	stage->routes = (struct routes){
		.webhook = &stage->watch,
		.openapi = openapi_service(stage->openapi),
	};
	routes_init(&stage->routes);
	stage->gate =
		(struct http_service){.head = on_any_head, .failed = on_any_failed, .user = stage};
}

static void init_server(struct stage *stage)
{
	static const int64_t long_ms = 60000;
	const struct http_limits limits = {
		.connections_most = 10,
		.proxies = &stage->proxies,
		.head_ms = long_ms,
		.body_ms = long_ms,
		.idle_ms = long_ms,
		.write_ms = long_ms,
	};
	int listen_fd = -1;
	struct failure failure;
	ensure(http_listen("127.0.0.1:0", &listen_fd, &failure) == OK);
	stage->server = http_server_new(stage->loop, listen_fd, &stage->gate, &limits);
}

struct stage *stage_new(void)
{
	struct stage *stage = memory_zeroed(1, sizeof(*stage));
	gateway_metrics_init();
	stage->config.gateway = (struct gateway_settings){
		.listen = "127.0.0.1:0",
		.max_body_bytes = TRIAL_BODY_MOST,
		.requests_per_minute = 1000000000,
		.answer_timeout_ms = 60000,
	};
	ensure(network_list_parse("unix, 10.0.0.0/8", &stage->proxies, NULL) == OK);
	stage->loop = loop_new();
	stage->keys.trial = stage->producer.trial = &stage->trial;
	stage->producer.loop = stage->loop;
	stage->pipeline = (struct pipeline){
		.config = &stage->config,
		.loop = stage->loop,
		.keys = &stage->keys,
		.producer = &stage->producer,
	};
	pipeline_init(&stage->pipeline);
	stage->openapi = openapi_new(&stage->config.gateway);
	openapi_write(&stage->config.gateway, &stage->openapi_document);
	init_services(stage);
	init_server(stage);
	return stage;
}

/* ---- one connection */

/* Returns: the client's end. */
static int connect_client(struct stage *stage)
{
	static const struct http_peer peer = {.text = "unix", .is_proxy = true};
	int pair[2];
	ensure(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
	http_connection_open(stage->server, pair[0], &peer);
	return pair[1];
}

static void take_answers(struct stage *stage, int fd)
{
	enum { ROOM = 64 * 1024 };
	ssize_t got = 0;
	do {
		got = recv(fd, buf_reserve(&stage->sent, ROOM), ROOM, 0);
		stage->sent.len += got > 0 ? (size_t)got : 0;
	} while (got > 0);
}

static void send_stream(struct stage *stage, int fd, struct span rest, unsigned cut)
{
	size_t piece = cut ? cut : rest.len;
	if (piece < rest.len / PIECES_MOST + 1)
		piece = rest.len / PIECES_MOST + 1;
	while (rest.len) {
		size_t len = rest.len < piece ? rest.len : piece;
		if (send(fd, rest.base, len, MSG_NOSIGNAL) < 0)
			break; /* closed already */
		rest = span_from(rest.base + len, rest.len - len);
		loop_turn(stage->loop);
	}
}

static void expire(struct loop_deadline *deadline)
{
	struct loop_deadlines *list = deadline->list;
	if (!list)
		return;
	loop_disarm(deadline);
	list->expired(deadline);
}

/* The client's time for the rest is up. One that does not take its answers gets none: not here. */
static void stall(struct stage *stage)
{
	struct http_connection *connection = stage->server->newest;
	if (connection && !connection->output.len)
		expire(&connection->deadline);
}

/* What waits for Kafka for good is answered by its deadline, or by the end of a drain. */
static void end_silence(struct stage *stage)
{
	if (stage->trial.kafka != TRIAL_SILENT || !stage->producer.waiting)
		return;
	if (stage->trial.keys_late)
		expire(&stage->producer.waiting->deadline);
	else
		pipeline_abandon(&stage->pipeline);
}

/* Until all is answered and closed. */
static void settle(struct stage *stage, int fd)
{
	int64_t until_ms = clock_steady_ms() + SETTLE_MS;
	while (http_server_connections(stage->server) || stage->pipeline.in_flight) {
		ensure(clock_steady_ms() < until_ms);
		loop_turn(stage->loop);
		end_silence(stage);
		if (fd >= 0)
			take_answers(stage, fd);
	}
	if (fd >= 0)
		take_answers(stage, fd);
	ensure(!stage->producer.waiting && !stage->pipeline.newest);
}

/* As many are counted as accepted as were stored. */
static void check_count(struct stage *stage)
{
	uint64_t accepted = metric_count(METRIC_REQUESTS_ACCEPTED);
	for (size_t i = 0; i < stage->trial.exchange_count; i++) {
		const struct exchange *exchange = &stage->trial.exchanges[i];
		stage->accepted += exchange->is_produced && exchange->kafka_verdict == OK;
	}
	ensure(accepted == stage->accepted);
}

void stage_converse(struct stage *stage, struct span stream, const struct conversation *how)
{
	int fd = connect_client(stage);
	stage->trial.exchange_count = 0;
	stage->pipeline.limiter = limiter_new();
	buf_clear(&stage->sent);
	send_stream(stage, fd, stream, how->cut);
	if (how->stalls)
		stall(stage);
	if (how->leaves)
		(void)close(fd);
	else
		(void)shutdown(fd, SHUT_WR);
	settle(stage, how->leaves ? -1 : fd);
	if (!how->leaves)
		(void)close(fd);
	limiter_free(stage->pipeline.limiter);
	check_count(stage);
	if (!how->leaves)
		answers_check(
			&stage->trial, buf_span(&stage->sent), buf_span(&stage->openapi_document));
}

struct trial *stage_trial(struct stage *stage)
{
	return &stage->trial;
}

struct span stage_sent(const struct stage *stage)
{
	return buf_span(&stage->sent);
}
