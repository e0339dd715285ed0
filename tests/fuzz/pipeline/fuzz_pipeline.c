/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_pipeline - the gateway from the bytes on a connection to the verdict, keys and Kafka being fakes.
 *
 * Whatever is sent: each request is answered once; an answer is HTTP and the contract's JSON; 202 comes
 * only for contacts that are valid and stored, and says what is stored; a refusal says the right thing
 * and echoes nothing. Cut otherwise, the same bytes get the same answers.
 *
 * The first four bytes of an input choose, each as its distance from "0": the shape of what is sent, how
 * it is cut, what becomes of the key, what becomes at Kafka. The rest is what the shape makes of it.
 */
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/metrics.h"
#include "gateway/openapi.h"
#include "gateway/pipeline.h"
#include "gateway/routes.h"
#include "shared/clock.h"
#include "shared/http/server.h"
#include "shared/metrics.h"
#include "shared/utf8.h"
#include "tests/fuzz/pipeline/trial.h"
#include "tests/fuzz/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	CHOICES = 4,
	SETTLE_MS = 5000, /* nothing waits for longer here */
	PIECES_MOST = 32,
	CHUNK_MOST = 64,
};

enum shape {
	SHAPE_STREAM,  /* the connection's bytes */
	SHAPE_BODY,    /* a body with its length */
	SHAPE_CHUNKED, /* a body in chunks */
	SHAPE_HEADERS, /* lines of a head, a line each */
	SHAPE_TARGET,  /* what stands between method and version */
	SHAPE_FIELDS,  /* name, e-mail and phone, a line each, made JSON */
	SHAPE_COUNT,
};

/* How the input wants it. */
struct choices {
	enum shape shape;
	unsigned cut; /* 0: all at once; odd: both ways, to compare */
	unsigned key;
	bool leaves; /* the client does not wait for answers */
	bool stalls; /* it falls silent until its time is up */
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
	struct buf stream; /* what is sent */
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

static struct stage *stage_new(void)
{
	struct stage *stage = calloc(1, sizeof(*stage));
	ensure(stage);
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

static void send_stream(struct stage *stage, int fd, unsigned cut)
{
	struct span rest = buf_span(&stage->stream);
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

static void converse(struct stage *stage, const struct choices *choices, unsigned cut)
{
	int fd = connect_client(stage);
	stage->trial.exchange_count = 0;
	stage->pipeline.limiter = limiter_new();
	buf_clear(&stage->sent);
	send_stream(stage, fd, cut);
	if (choices->stalls)
		stall(stage);
	if (choices->leaves)
		(void)close(fd);
	else
		(void)shutdown(fd, SHUT_WR);
	settle(stage, choices->leaves ? -1 : fd);
	if (!choices->leaves)
		(void)close(fd);
	limiter_free(stage->pipeline.limiter);
	check_count(stage);
}

/* ---- what is sent */

static const char *key_of(unsigned choice)
{
	static const char *const keys[] = {
		TRIAL_KEY, TRIAL_KEY_LIMITED, TRIAL_KEY_UNKNOWN, TRIAL_KEY_AWAY};
	return keys[choice % 4];
}

static void add_head(struct buf *stream, struct span target, unsigned key)
{
	buf_add(stream, SPAN("POST "));
	buf_add(stream, target);
	buf_printf(stream, " HTTP/1.1\r\nHost: h\r\nx-api-key: %s\r\n", key_of(key));
}

static void add_body(struct buf *stream, struct span body)
{
	buf_printf(stream, "Content-Length: %zu\r\n\r\n", body.len);
	buf_add(stream, body);
}

static void add_chunks(struct buf *stream, struct span body, unsigned cut)
{
	size_t chunk = cut % CHUNK_MOST + 1;
	buf_add(stream, SPAN("Transfer-Encoding: chunked\r\n\r\n"));
	while (body.len) {
		size_t len = body.len < chunk ? body.len : chunk;
		buf_printf(stream, "%zx\r\n", len);
		buf_add(stream, span_from(body.base, len));
		buf_add(stream, SPAN("\r\n"));
		body = span_from(body.base + len, body.len - len);
	}
	buf_add(stream, SPAN("0\r\n\r\n"));
}

static void add_lines(struct buf *stream, struct span lines)
{
	struct span line;
	while (reference_next(&lines, '\n', &line)) {
		buf_add(stream, line);
		buf_add(stream, SPAN("\r\n"));
	}
}

/* Returned owned. Takes: text - UTF-8 without NUL; ret_values - what each line is by itself. */
static char *json_of_lines(
	struct span text, size_t flags, struct contact_value ret_values[static CONTACT_FIELD_COUNT])
{
	static const enum contact_field order[] = {CONTACT_NAME, CONTACT_EMAIL, CONTACT_PHONE};
	json_t *root = json_object();
	for (size_t i = 0; i < CONTACT_FIELD_COUNT; i++) {
		struct span line = SPAN("");
		(void)reference_next(&text, '\n', &line);
		ret_values[order[i]] = (struct contact_value){CONTACT_VALUE_TEXT, line};
		json_object_set_new(
			root, contact_field_name(order[i]), json_stringn(line.base, line.len));
	}
	char *json = json_dumps(root, flags);
	json_decref(root);
	return json;
}

/* False: texts that JSON does not hold. */
static bool add_fields(struct stage *stage, struct span text, const struct choices *choices)
{
	struct trial *trial = &stage->trial;
	struct contact_value values[CONTACT_FIELD_COUNT];
	struct contact_issues issues;
	if (!utf8_is_valid(text) || reference_holds(text, span_from("", 1)))
		return false;
	char *body =
		json_of_lines(text, choices->cut & 2 ? JSON_ENSURE_ASCII : JSON_COMPACT, values);
	trial->is_expected = strlen(body) <= TRIAL_BODY_MOST;
	trial->is_expected_valid =
		contact_check(values, &trial->arena, &trial->expected, &issues) == OK;
	add_head(&stage->stream, SPAN("/api/webhooks/contacts"), choices->key);
	add_body(&stage->stream, span_of(body));
	free(body);
	return true;
}

/* A request behind it: what was sent as a body must not be taken for one. */
static void add_probe(struct buf *stream)
{
	add_head(stream, SPAN("/api/webhooks/contacts"), 0);
	add_body(stream, SPAN("name=Ada&email=ada%40example.com"));
}

/* False: nothing comes of it. */
static bool make_stream(struct stage *stage, struct span input, const struct choices *choices)
{
	static const struct span webhook = SPAN("/api/webhooks/contacts");
	static const struct span body = SPAN("{\"name\":\"Ada\",\"email\":\"ada@example.com\"}");
	struct buf *stream = &stage->stream;
	buf_clear(stream);
	if (choices->shape == SHAPE_STREAM) {
		buf_add(stream, input);
		return true;
	}
	if (choices->shape == SHAPE_FIELDS)
		return add_fields(stage, input, choices);
	add_head(stream, choices->shape == SHAPE_TARGET ? input : webhook, choices->key);
	if (choices->shape == SHAPE_HEADERS)
		add_lines(stream, input);
	if (choices->shape == SHAPE_BODY)
		add_body(stream, input);
	else if (choices->shape == SHAPE_CHUNKED)
		add_chunks(stream, input, choices->cut);
	else
		add_body(stream, body);
	return true;
}

static bool is_framed(enum shape shape)
{
	return shape == SHAPE_BODY || shape == SHAPE_CHUNKED || shape == SHAPE_FIELDS;
}

/* A body is one request's: then comes the probe, or the connection was closed before it. */
static void check_framing(const struct stage *stage)
{
	const struct trial *trial = &stage->trial;
	ensure(trial->exchange_count == 1 || trial->exchange_count == 2);
	if (trial->exchange_count == 2 && trial->exchanges[1].is_produced)
		ensure(span_equal(trial->exchanges[1].events->contact.name, SPAN("Ada")));
}

static void compare_cuts(struct stage *stage, const struct choices *choices)
{
	struct buf whole = {0};
	struct buf pieces = {0};
	answers_statuses(&stage->trial, buf_span(&stage->sent), &whole);
	converse(stage, choices, choices->cut);
	answers_check(&stage->trial, buf_span(&stage->sent), buf_span(&stage->openapi_document));
	answers_statuses(&stage->trial, buf_span(&stage->sent), &pieces);
	ensure(span_equal(buf_span(&whole), buf_span(&pieces)));
	buf_fini(&whole);
	buf_fini(&pieces);
}

static void try_input(struct stage *stage, struct span input, const struct choices *choices)
{
	/* When time is up, how far a request came depends on the turns it had. */
	bool compares = (choices->cut & 1) && !choices->stalls;
	if (!make_stream(stage, input, choices))
		return;
	if (is_framed(choices->shape))
		add_probe(&stage->stream);
	converse(stage, choices, compares ? 0 : choices->cut);
	if (choices->leaves)
		return;
	answers_check(&stage->trial, buf_span(&stage->sent), buf_span(&stage->openapi_document));
	if (is_framed(choices->shape))
		check_framing(stage);
	/* A window of a minute may end between the two. */
	if (compares && !reference_holds(buf_span(&stage->stream), SPAN(TRIAL_KEY_LIMITED)))
		compare_cuts(stage, choices);
}

static unsigned choice(uint8_t byte)
{
	return (unsigned)(uint8_t)(byte - '0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct stage *stage;
	if (!stage)
		stage = stage_new();
	if (size < CHOICES || size > TRIAL_INPUT_MOST)
		return 0;
	const struct choices choices = {
		.shape = choice(data[0]) % SHAPE_COUNT,
		.cut = choice(data[1]),
		.key = choice(data[2]) % 4,
		.leaves = choice(data[2]) & 8,
		.stalls = choice(data[2]) & 16,
	};
	arena_clear(&stage->trial.arena);
	stage->trial.kafka = choice(data[3]) % TRIAL_KAFKA_COUNT;
	stage->trial.keys_late = choice(data[2]) & 4;
	stage->trial.is_expected = false;
	try_input(stage, span_from((const char *)data + CHOICES, size - CHOICES), &choices);
	return 0;
}
