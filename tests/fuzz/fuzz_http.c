/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_http - any bytes on a connection: each request is answered once, and every answer is HTTP.
 *
 * The first byte says where the bytes are cut in two, so that a request comes in pieces.
 */
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/ensure.h"
#include "shared/http/server.h"
#include "shared/metrics.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MOST = 16 * 1024, BODY_MOST = 1000, ANSWER_MOST = 256 * 1024, TURNS = 3 };

static int under_way;

static void answer(struct http_request *request, int status)
{
	struct http_response response = {.status = status, .body = request->body};
	under_way--;
	http_answer(request, &response);
}

static void on_head(struct http_request *request, void *user)
{
	(void)user;
	under_way++;
	ensure(request->header_count <= HTTP_HEADERS_MOST);
	if (request->method != METHOD_POST)
		answer(request, 200);
	else if (http_read_body(request, BODY_MOST) == E_CLIENT_GONE)
		answer(request, 500);
}

static void on_body(struct http_request *request, void *user)
{
	(void)user;
	ensure(request->body.len <= BODY_MOST);
	answer(request, 202);
}

static void on_failed(struct http_request *request, enum error error, void *user)
{
	(void)user;
	if (request->user == NULL && under_way == 0)
		under_way++; /* refused before `head` */
	answer(request, error == E_BODY_TOO_LARGE ? 413 : 400);
}

/* Let the loop take what waits for it. */
static void turn(int fd, struct span bytes)
{
	static const struct http_service service = {
		.head = on_head, .body = on_body, .failed = on_failed};
	static const struct http_limits limits = {.connections_most = 10,
		.head_ms = 1000,
		.body_ms = 1000,
		.idle_ms = 1000,
		.write_ms = 1000};
	static const struct http_peer peer = {.text = "fuzz"};
	static char answers[ANSWER_MOST];
	int pair[2];
	struct loop *loop = loop_new();
	struct http_server *server = http_server_new(loop, fd, &service, &limits);
	ensure(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
	size_t cut = bytes.len ? (unsigned char)bytes.base[0] * bytes.len / 256 : 0;
	http_connection_open(server, pair[0], &peer);
	(void)send(pair[1], bytes.base, cut, MSG_NOSIGNAL);
	loop_turn(loop);
	(void)send(pair[1], bytes.base + cut, bytes.len - cut, MSG_NOSIGNAL);
	(void)shutdown(pair[1], SHUT_WR);
	for (int i = 0; i < TURNS; i++)
		loop_turn(loop);
	ssize_t len = recv(pair[1], answers, sizeof(answers), 0);
	ensure(len <= 0 || memcmp(answers, "HTTP/1.1 ", len < 9 ? (size_t)len : 9) == 0);
	http_server_free(server);
	loop_free(loop);
	(void)close(pair[1]);
	ensure(under_way == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct metric none[1];
	static int listen_fd = -1;
	struct failure failure;
	if (listen_fd < 0) {
		metrics_init(none, 0);
		ensure(http_listen("127.0.0.1:0", &listen_fd, &failure) == OK);
	}
	if (size > 0 && size <= INPUT_MOST)
		turn(listen_fd, span_from((const char *)data, size));
	return 0;
}
