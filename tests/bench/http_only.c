/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_only - a server that looks at nothing and answers 202 at once: the floor below the floor.
 *
 * Usage: intake-bench-http-only 127.0.0.1:8080 [threads]. Prints the address it listens on.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "shared/http/http.h"
#include "shared/metrics.h"

enum { THREADS_MOST = 16 };

static const struct http_limits limits = {.connections_most = 20000,
	.head_ms = 10000,
	.body_ms = 10000,
	.idle_ms = 75000,
	.write_ms = 10000};

static void on_head(struct http_request *request, void *user)
{
	/* As long as an answer of the gateway's. */
	static const struct http_response response = {
		.status = 202,
		.headers = SPAN("Content-Type: application/json\r\n"
				"X-Request-Id: 01a20498-4b2f-7eb7-8abd-a6946821ea59\r\n"
				"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
				"X-RateLimit-Limit: 60\r\nX-RateLimit-Remaining: 59\r\n"
				"X-RateLimit-Reset: 1795373460\r\n"
				"RateLimit-Policy: \"per-key\";q=60;w=60\r\n"
				"RateLimit: \"per-key\";r=59;t=41\r\n"),
		.body = SPAN("{\"success\":true,\"status\":\"accepted\","
			     "\"id\":\"01a20498-4b31-71d0-b2f5-871aaa3cbed3\","
			     "\"contact\":{\"name\":\"Ada\",\"email\":\"ada@example.com\","
			     "\"phone\":\"+44 20\"},\"warnings\":[]}"),
	};
	(void)user;
	http_answer(request, &response);
}

static void on_body(struct http_request *request, void *user)
{
	on_head(request, user);
}

static void on_failed(struct http_request *request, enum error error, void *user)
{
	(void)error;
	on_head(request, user);
}

static void *serve(void *user)
{
	static const struct http_service service = {
		.head = on_head, .body = on_body, .failed = on_failed};
	struct loop *loop = loop_new();
	(void)http_server_new(loop, *(int *)user, &service, &limits);
	loop_run(loop);
	return NULL;
}

int main(int argc, char **argv)
{
	static const struct metric none[1];
	pthread_t threads[THREADS_MOST];
	struct failure failure;
	struct buf address = {0};
	int listen_fd;
	int count = argc > 2 ? atoi(argv[2]) : 1; /* NOLINT(cert-err34-c): a bench's argument */
	metrics_init(none, 0);
	if (argc < 2 || count < 1 || count > THREADS_MOST ||
		http_listen(argv[1], &listen_fd, &failure)) {
		(void)fprintf(stderr, "usage: %s ADDRESS [THREADS]\n", argv[0]);
		return EXIT_FAILURE;
	}
	http_listen_address(listen_fd, &address);
	(void)puts(buf_text(&address));
	(void)fflush(stdout);
	for (int i = 0; i < count; i++)
		(void)pthread_create(&threads[i], NULL, serve, &listen_fd);
	for (int i = 0; i < count; i++)
		(void)pthread_join(threads[i], NULL);
	return EXIT_SUCCESS;
}
