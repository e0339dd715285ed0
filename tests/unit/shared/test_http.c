/* SPDX-License-Identifier: Apache-2.0 */
/* test_http - the HTTP server from outside, byte by byte where it matters. */
#include "shared/http/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "shared/ensure.h"
#include "shared/http/chunk_scan.h"
#include "shared/metrics.h"
#include "tests/unit/test.h"

enum { BODY_MOST = 100000 };

static struct loop *loop;
static struct http_server *server;
static struct http_service service;
static pthread_t thread;
static int listen_fd;
static char listening_on[64];
static struct sockaddr_storage address;
static socklen_t address_len;
static struct http_limits limits;
static atomic_int last_error;
static atomic_int answered;
static struct loop_task later;
static struct http_request *waiting;
static struct loop_task drain_task;

static void answer(struct http_request *request, int status, struct span body)
{
	struct http_response response = {
		.status = status,
		.headers = SPAN("X-Test: yes\r\n"),
		.body = body,
	};
	http_answer(request, &response);
	answered++;
}

static void answer_later(struct loop_task *task)
{
	(void)task;
	answer(waiting, 200, SPAN("later"));
}

/* Another service, that requests for /other are handed over to: upper case is its mark. */
static void on_other_head(struct http_request *request, void *user)
{
	(void)user;
	ck_assert_int_eq(http_read_body(request, BODY_MOST), E_PENDING);
}

static void on_other_body(struct http_request *request, void *user)
{
	(void)user;
	answer(request, 200, SPAN("OTHER"));
}

static void on_other_failed(struct http_request *request, enum error error, void *user)
{
	(void)user;
	last_error = error;
	answer(request, 413, SPAN("OTHER FAILED"));
}

static const struct http_service other_service = {
	.head = on_other_head, .body = on_other_body, .failed = on_other_failed};

static void on_head(struct http_request *request, void *user)
{
	(void)user;
	if (span_equal(request->path, SPAN("/now"))) {
		answer(request, 200, SPAN("now"));
	} else if (span_equal(request->path, SPAN("/method"))) {
		answer(request, 200,
			request->method == METHOD_OTHER ? SPAN("other method") : SPAN("known"));
	} else if (span_equal(request->path, SPAN("/unchanged"))) {
		answer(request, 304, SPAN("what it was"));
	} else if (span_equal(request->path, SPAN("/other"))) {
		http_hand_over(request, &other_service);
	} else if (span_equal(request->path, SPAN("/peer"))) {
		answer(request, 200, http_peer(request));
	} else if (span_equal(request->path, SPAN("/later"))) {
		waiting = request;
		later.run = answer_later;
	} else {
		enum error error = http_read_body(request, BODY_MOST);
		if (error != E_PENDING)
			answer(request, error == E_OVERLOADED ? 503 : 500, SPAN_NONE);
	}
}

static void on_body(struct http_request *request, void *user)
{
	(void)user;
	answer(request, 200, request->body);
}

static void on_failed(struct http_request *request, enum error error, void *user)
{
	(void)user;
	last_error = error;
	answer(request, error == E_BODY_TOO_LARGE ? 413 : 400, SPAN("failed"));
}

static void on_refused(struct http_response *response, void *user)
{
	(void)user;
	response->body = SPAN("full");
}

static void *run(void *user)
{
	(void)user;
	loop_run(loop);
	return NULL;
}

static const struct http_limits usual_limits = {
	.connections_most = 100, .head_ms = 300, .body_ms = 300, .idle_ms = 5000, .write_ms = 1000};

static void start_within(const char *where, struct http_limits asked)
{
	static const struct metric no_metrics[1];
	struct failure failure;
	metrics_init(no_metrics, 0);
	limits = asked;
	snprintf(listening_on, sizeof(listening_on), "%s", where);
	ck_assert_int_eq(http_listen(where, &listen_fd, &failure), OK);
	address_len = sizeof(address);
	ck_assert_int_eq(getsockname(listen_fd, (struct sockaddr *)&address, &address_len), 0);
	service = (struct http_service){on_head, on_body, on_failed, on_refused, NULL};
	loop = loop_new();
	server = http_server_new(loop, listen_fd, &service, &limits);
	ck_assert_int_eq(pthread_create(&thread, NULL, run, NULL), 0);
}

static void start(void)
{
	start_within("127.0.0.1:0", usual_limits);
}

static void stop(void)
{
	loop_stop(loop);
	pthread_join(thread, NULL);
	http_server_free(server);
	loop_free(loop);
	http_unlisten(listening_on, listen_fd);
	metrics_fini();
}

static int dial(void)
{
	int fd = socket(address.ss_family, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, address_len), 0);
	return fd;
}

/* From another address of the loopback network. */
static int dial_from(const char *text)
{
	struct sockaddr_in from = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(inet_pton(AF_INET, text, &from.sin_addr), 1);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, address_len), 0);
	return fd;
}

static void put(int fd, struct span bytes)
{
	ck_assert_int_eq(send(fd, bytes.base, bytes.len, MSG_NOSIGNAL), (ssize_t)bytes.len);
}

/* All that comes within wait_ms of silence, or until the end; NUL-terminated. */
static size_t take(int fd, char *out, size_t room, int wait_ms)
{
	size_t len = 0;
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	while (len < room - 1 && poll(&poll_fd, 1, wait_ms) == 1) {
		ssize_t got = recv(fd, out + len, room - 1 - len, 0);
		if (got <= 0)
			break;
		len += (size_t)got;
	}
	out[len] = '\0';
	return len;
}

static bool is_closed(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	char byte;
	return poll(&poll_fd, 1, 3000) == 1 && recv(fd, &byte, 1, 0) <= 0;
}

static size_t count_of(const char *text, const char *what)
{
	size_t count = 0;
	for (; (text = strstr(text, what)); text++)
		count++;
	return count;
}

static char got[512 * 1024];

static const char *exchange(struct span request)
{
	int fd = dial();
	put(fd, request);
	take(fd, got, sizeof(got), 150);
	close(fd);
	return got;
}

START_TEST(a_body_comes_back)
{
	start();
	exchange(SPAN("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"));
	ck_assert_ptr_nonnull(strstr(got, "HTTP/1.1 200 OK\r\nDate: "));
	ck_assert_ptr_nonnull(strstr(got, "\r\nContent-Length: 5\r\n"));
	ck_assert_ptr_nonnull(strstr(got, "\r\nX-Test: yes\r\n\r\nhello"));
	stop();
}
END_TEST

START_TEST(a_request_may_come_byte_by_byte)
{
	struct span request =
		SPAN("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
		     "2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nTrailer: t\r\n\r\n");
	start();
	int fd = dial();
	for (size_t i = 0; i < request.len; i++) {
		put(fd, span_from(request.base + i, 1));
		if (i % 16 == 0)
			usleep(1000); /* so that the server sees pieces */
	}
	take(fd, got, sizeof(got), 150);
	ck_assert_ptr_nonnull(strstr(got, "\r\n\r\nhello"));
	close(fd);
	stop();
}
END_TEST

START_TEST(pipelined_requests_are_answered_in_order)
{
	start();
	int fd = dial();
	put(fd, SPAN("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none"
		     "GET /later HTTP/1.1\r\nHost: a\r\n\r\n"
		     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nthree"));
	take(fd, got, sizeof(got), 150);
	ck_assert_uint_eq(count_of(got, "HTTP/1.1 200"), 1);
	loop_post(loop, &later);
	size_t len = strlen(got);
	take(fd, got + len, sizeof(got) - len, 150);
	ck_assert_uint_eq(count_of(got, "HTTP/1.1 200"), 3);
	ck_assert(strstr(got, "one") < strstr(got, "later"));
	ck_assert(strstr(got, "later") < strstr(got, "three"));
	close(fd);
	stop();
}
END_TEST

START_TEST(large_bodies_and_what_follows_them_arrive_whole)
{
	static char request[BODY_MOST + 200];
	start();
	int len = snprintf(request, sizeof(request),
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", BODY_MOST);
	memset(request + len, 'x', BODY_MOST);
	int fd = dial();
	put(fd, span_from(request, (size_t)len + BODY_MOST));
	put(fd, SPAN("GET /now HTTP/1.1\r\nHost: a\r\n\r\n"));
	take(fd, got, sizeof(got), 300);
	ck_assert_uint_eq(count_of(got, "HTTP/1.1 200"), 2);
	ck_assert_uint_eq(count_of(got, "xxxxxxxxxx"), BODY_MOST - 9);
	ck_assert_ptr_nonnull(strstr(got, "now"));
	close(fd);
	stop();
}
END_TEST

START_TEST(a_chunked_body_and_the_next_request_in_one_write)
{
	start();
	exchange(SPAN("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
		      "a\r\n0123456789\r\n5\r\nabcde\r\n0\r\n\r\n"
		      "GET /now HTTP/1.1\r\nHost: a\r\n\r\n"));
	ck_assert_ptr_nonnull(strstr(got, "0123456789abcdeHTTP/1.1 200"));
	stop();
}
END_TEST

START_TEST(a_body_too_large_is_refused_before_it_is_read)
{
	start();
	int fd = dial();
	put(fd, SPAN("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n"));
	take(fd, got, sizeof(got), 150);
	ck_assert_ptr_nonnull(strstr(got, "HTTP/1.1 413"));
	ck_assert_ptr_nonnull(strstr(got, "Connection: close"));
	ck_assert(is_closed(fd));
	close(fd);
	stop();
}
END_TEST

START_TEST(a_chunked_body_is_cut_off_at_the_limit)
{
	start();
	int fd = dial();
	static char chunk[10008] = "2710\r\n";
	memset(chunk + 6, 'x', 10000);
	memcpy(chunk + 10006, "\r\n", 2);
	put(fd, SPAN("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"));
	for (int i = 0; i < 11; i++)
		(void)send(fd, chunk, sizeof(chunk), MSG_NOSIGNAL);
	take(fd, got, sizeof(got), 150);
	ck_assert_ptr_nonnull(strstr(got, "HTTP/1.1 413"));
	close(fd);
	stop();
}
END_TEST

START_TEST(extensions_and_trailers_of_chunks_have_a_limit)
{
	static char extra[CHUNK_EXTRA_BYTES_MOST + 100];
	static const struct span before[] = {SPAN("1;"), SPAN("0\r\nX: ")};
	memset(extra, 'x', sizeof(extra));
	start();
	for (size_t i = 0; i < 2; i++) {
		int fd = dial();
		last_error = OK;
		put(fd, SPAN("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"));
		put(fd, before[i]);
		put(fd, span_from(extra, sizeof(extra)));
		take(fd, got, sizeof(got), 150);
		ck_assert_int_eq(last_error, E_BAD_REQUEST);
		ck_assert_ptr_nonnull(strstr(got, "HTTP/1.1 400"));
		close(fd);
	}
	stop();
}
END_TEST

START_TEST(a_small_unread_body_keeps_the_connection)
{
	start();
	int fd = dial();
	put(fd, SPAN("POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"));
	take(fd, got, sizeof(got), 100);
	ck_assert_ptr_nonnull(strstr(got, "HTTP/1.1 200"));
	put(fd, SPAN("helloGET /now HTTP/1.1\r\nHost: a\r\n\r\n"));
	take(fd, got, sizeof(got), 100);
	ck_assert_ptr_nonnull(strstr(got, "HTTP/1.1 200"));
	close(fd);
	stop();
}
END_TEST

START_TEST(continue_is_said_only_when_the_body_is_wanted)
{
	start();
	int fd = dial();
	put(fd, SPAN("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
		     "Expect: 100-continue\r\n\r\n"));
	take(fd, got, sizeof(got), 100);
	ck_assert_str_eq(got, "HTTP/1.1 100 Continue\r\n\r\n");
	put(fd, SPAN("hello"));
	take(fd, got, sizeof(got), 100);
	ck_assert_ptr_nonnull(strstr(got, "\r\n\r\nhello"));
	put(fd, SPAN("POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
		     "Expect: 100-continue\r\n\r\n"));
	take(fd, got, sizeof(got), 100);
	ck_assert_ptr_null(strstr(got, "100 Continue"));
	ck_assert_ptr_nonnull(strstr(got, "Connection: close"));
	close(fd);
	stop();
}
END_TEST

START_TEST(empty_lines_around_requests_are_skipped_in_any_pieces)
{
	start();
	int fd = dial();
	put(fd, SPAN("\r"));
	usleep(20000);
	put(fd, SPAN("\n\r\nGET /now HTTP/1.1\r\nHost: a\r\n\r\n\r\n"));
	take(fd, got, sizeof(got), 100);
	ck_assert_uint_eq(count_of(got, "HTTP/1.1 200"), 1);
	last_error = OK;
	usleep(500000); /* longer than a head may take: the end of line began no request */
	put(fd, SPAN("GET /now HTTP/1.1\r\nHost: a\r\n\r\n"));
	take(fd, got, sizeof(got), 100);
	ck_assert_uint_eq(count_of(got, "HTTP/1.1 200"), 1);
	ck_assert_int_eq(last_error, OK);
	close(fd);
	stop();
}
END_TEST

static void *pipeline_for_ever(void *user)
{
	char requests[100 * 40];
	int fd = *(int *)user;
	size_t len = 0;
	for (int i = 0; i < 100; i++)
		len += (size_t)snprintf(requests + len, sizeof(requests) - len,
			"GET /now HTTP/1.1\r\nHost: a\r\n\r\n");
	while (send(fd, requests, len, MSG_NOSIGNAL) > 0) {
		char answers[16 * 1024];
		(void)recv(fd, answers, sizeof(answers), MSG_DONTWAIT);
	}
	return NULL;
}

static void *empty_lines_for_ever(void *user)
{
	char lines[64 * 1024];
	int fd = *(int *)user;
	for (size_t i = 0; i < sizeof(lines); i++)
		lines[i] = i % 2 ? '\n' : '\r';
	while (send(fd, lines, sizeof(lines), MSG_NOSIGNAL) > 0)
		;
	return NULL;
}

/* Others are answered while three clients do their worst on connections of their own. */
static void assert_others_have_their_turn(void *(*worst)(void *fd))
{
	pthread_t clients[3];
	int fds[3];
	start();
	for (size_t i = 0; i < 3; i++) {
		fds[i] = dial();
		pthread_create(&clients[i], NULL, worst, &fds[i]);
	}
	usleep(100000);
	int fd = dial();
	for (int i = 0; i < 10; i++) {
		put(fd, SPAN("GET /now HTTP/1.1\r\nHost: a\r\n\r\n"));
		struct pollfd readable = {.fd = fd, .events = POLLIN};
		ck_assert_int_eq(poll(&readable, 1, 500), 1);
		ck_assert_int_gt(recv(fd, got, sizeof(got), 0), 0);
	}
	for (size_t i = 0; i < 3; i++) {
		shutdown(fds[i], SHUT_RDWR);
		pthread_join(clients[i], NULL);
		close(fds[i]);
	}
	close(fd);
	stop();
}

START_TEST(a_client_that_pipelines_without_end_leaves_others_their_turn)
{
	assert_others_have_their_turn(pipeline_for_ever);
}
END_TEST

START_TEST(a_client_that_sends_empty_lines_without_end_leaves_others_their_turn)
{
	assert_others_have_their_turn(empty_lines_for_ever);
}
END_TEST

START_TEST(malformed_requests_are_refused_and_closed)
{
	static const struct span requests[] = {
		SPAN("GET / HTTP/1.1\r\n\r\n"),                       /* no Host */
		SPAN("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), /* two */
		SPAN("GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
		SPAN("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: "
		     "1\r\n\r\nx"),
		SPAN("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
		     "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
		SPAN("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
		     "Content-Length: 1\r\n\r\n0\r\n\r\n"),
		SPAN("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, "
		     "chunked\r\n\r\n0\r\n\r\n"),
		SPAN("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n"),
		SPAN("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n"),
		SPAN("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\nx"),
		SPAN("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n"),
		SPAN("GET / HTTP/1.1\r\nHost : a\r\n\r\n"),
		SPAN("GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
		SPAN("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
		SPAN("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
		SPAN("not http at all\r\n\r\n"),
	};
	start();
	for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++) {
		last_error = OK;
		int fd = dial();
		put(fd, requests[i]);
		take(fd, got, sizeof(got), 1000);
		ck_assert_msg(strstr(got, "HTTP/1.1 400"), "request %zu: %s", i, got);
		ck_assert_msg(count_of(got, "HTTP/1.1") == 1, "request %zu: %s", i, got);
		ck_assert_int_eq(last_error, E_BAD_REQUEST);
		ck_assert_msg(is_closed(fd), "request %zu", i);
		close(fd);
	}
	stop();
}
END_TEST

START_TEST(headers_have_a_limit)
{
	static char request[HTTP_HEAD_BYTES + 1024];
	start();
	size_t len = (size_t)snprintf(request, sizeof(request), "GET / HTTP/1.1\r\nHost: a\r\nX: ");
	memset(request + len, 'x', sizeof(request) - len);
	exchange(span_from(request, sizeof(request)));
	ck_assert_int_eq(last_error, E_HEADERS_TOO_LARGE);
	len = (size_t)snprintf(request, sizeof(request), "GET / HTTP/1.1\r\nHost: a\r\n");
	for (int i = 0; i < HTTP_HEADERS_MOST; i++)
		len += (size_t)snprintf(request + len, sizeof(request) - len, "X: %d\r\n", i);
	len += (size_t)snprintf(request + len, sizeof(request) - len, "\r\n");
	last_error = OK;
	exchange(span_from(request, len));
	ck_assert_int_eq(last_error, E_HEADERS_TOO_LARGE);
	stop();
}
END_TEST

START_TEST(a_slow_head_and_a_slow_body_are_cut_off)
{
	start();
	int fd = dial();
	put(fd, SPAN("GET / HTTP/1.1\r\nHost: "));
	take(fd, got, sizeof(got), 1500);
	ck_assert_int_eq(last_error, E_REQUEST_TIMEOUT);
	close(fd);
	last_error = OK;
	fd = dial();
	put(fd, SPAN("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe"));
	take(fd, got, sizeof(got), 1500);
	ck_assert_int_eq(last_error, E_REQUEST_TIMEOUT);
	close(fd);
	stop();
}
END_TEST

START_TEST(a_client_that_leaves_is_forgotten)
{
	start();
	int before = answered;
	int fd = dial();
	put(fd, SPAN("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe"));
	usleep(50000);
	close(fd);
	fd = dial();
	put(fd, SPAN("GET /later HTTP/1.1\r\nHost: a\r\n\r\n"));
	usleep(50000);
	struct linger reset = {1, 0};
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
	usleep(50000);
	loop_post(loop, &later);
	usleep(50000);
	ck_assert_int_eq(answered - before, 2);
	ck_assert_int_eq(last_error, E_CLIENT_GONE);
	stop();
}
END_TEST

START_TEST(a_half_closed_client_gets_its_answer)
{
	start();
	int fd = dial();
	put(fd, SPAN("GET /later HTTP/1.1\r\nHost: a\r\n\r\n"));
	shutdown(fd, SHUT_WR);
	usleep(50000);
	loop_post(loop, &later);
	take(fd, got, sizeof(got), 200);
	ck_assert_ptr_nonnull(strstr(got, "later"));
	close(fd);
	stop();
}
END_TEST

START_TEST(an_absolute_target_and_a_query_are_taken_apart)
{
	start();
	exchange(SPAN("GET http://example.com/now?x=1 HTTP/1.1\r\nHost: a\r\n\r\n"));
	ck_assert_ptr_nonnull(strstr(got, "now"));
	stop();
}
END_TEST

START_TEST(a_method_that_nobody_knows_is_a_request_like_others)
{
	static const char *const methods[] = {"QUERY", "FROBNICATE", "GETX", "M-SEARCH", "G!"};
	char request[200];
	start();
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
		snprintf(request, sizeof(request),
			"%s /method HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
			"GET /now HTTP/1.1\r\nHost: a\r\n\r\n",
			methods[i]);
		exchange(span_of(request));
		ck_assert_msg(strstr(got, "\r\n\r\nother method"), "%s: %s", methods[i], got);
		ck_assert_ptr_nonnull(strstr(got, "\r\n\r\nnow"));
	}
	exchange(SPAN("Q(RY /method HTTP/1.1\r\nHost: a\r\n\r\n"));
	ck_assert_ptr_nonnull(strstr(got, "HTTP/1.1 400 "));
	stop();
}
END_TEST

START_TEST(a_304_tells_the_length_of_what_it_leaves_out)
{
	start();
	exchange(SPAN("GET /unchanged HTTP/1.1\r\nHost: a\r\n\r\n"
		      "GET /now HTTP/1.1\r\nHost: a\r\n\r\n"));
	ck_assert_ptr_nonnull(strstr(got, "HTTP/1.1 304 Not Modified\r\n"));
	ck_assert_ptr_nonnull(strstr(got, "\r\nContent-Length: 11\r\n"));
	ck_assert_ptr_null(strstr(got, "what it was"));
	ck_assert_ptr_nonnull(strstr(got, "\r\n\r\nHTTP/1.1 200 OK\r\n"));
	stop();
}
END_TEST

START_TEST(a_request_that_is_handed_over_stays_with_its_service)
{
	start();
	exchange(SPAN("POST /other HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
		      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nmine"));
	ck_assert_ptr_nonnull(strstr(got, "\r\n\r\nOTHERHTTP/1.1 200 OK"));
	ck_assert_ptr_nonnull(strstr(got, "\r\n\r\nmine"));
	exchange(SPAN("POST /other HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n"));
	ck_assert_ptr_nonnull(strstr(got, "OTHER FAILED"));
	ck_assert_int_eq(last_error, E_BODY_TOO_LARGE);
	stop();
}
END_TEST

START_TEST(head_has_no_body_and_http_1_0_closes)
{
	start();
	exchange(SPAN("HEAD /now HTTP/1.1\r\nHost: a\r\n\r\n"));
	ck_assert_ptr_nonnull(strstr(got, "Content-Length: 3\r\n"));
	ck_assert_int_eq(memcmp(got + strlen(got) - 4, "\r\n\r\n", 4), 0);
	int fd = dial();
	put(fd, SPAN("GET /now HTTP/1.0\r\n\r\n"));
	take(fd, got, sizeof(got), 200);
	ck_assert_ptr_nonnull(strstr(got, "Connection: close"));
	ck_assert(is_closed(fd));
	close(fd);
	stop();
}
END_TEST

static void drain(struct loop_task *task)
{
	(void)task;
	http_server_drain(server);
}

START_TEST(a_drain_answers_what_is_under_way_and_closes)
{
	start();
	int busy = dial();
	int idle = dial();
	put(busy, SPAN("GET /later HTTP/1.1\r\nHost: a\r\n\r\n"));
	usleep(50000);
	drain_task.run = drain;
	loop_post(loop, &drain_task);
	usleep(50000);
	loop_post(loop, &later);
	take(busy, got, sizeof(got), 200);
	ck_assert_ptr_nonnull(strstr(got, "Connection: close"));
	ck_assert(is_closed(busy));
	ck_assert(is_closed(idle));
	close(busy);
	close(idle);
	stop();
}
END_TEST

START_TEST(more_connections_than_the_cap_are_told_so_and_closed)
{
	int fds[101];
	start();
	for (size_t i = 0; i < 101; i++)
		fds[i] = dial();
	take(fds[100], got, sizeof(got), 150);
	ck_assert_ptr_nonnull(strstr(got, "HTTP/1.1 503"));
	ck_assert(is_closed(fds[100]));
	exchange(SPAN("GET /now HTTP/1.1\r\nHost: a\r\n\r\n"));
	ck_assert_ptr_nonnull(strstr(got, "HTTP/1.1 503"));
	ck_assert_ptr_nonnull(strstr(got, "Connection: close"));
	ck_assert_ptr_nonnull(strstr(got, "\r\n\r\nfull"));
	close(fds[0]);
	usleep(50000);
	exchange(SPAN("GET /now HTTP/1.1\r\nHost: a\r\n\r\n"));
	ck_assert_ptr_nonnull(strstr(got, "200 OK"));
	for (size_t i = 1; i < 101; i++)
		close(fds[i]);
	stop();
}
END_TEST

START_TEST(bodies_under_way_hold_no_more_than_they_may)
{
	static const struct span announcing = SPAN("POST / HTTP/1.1\r\nHost: a\r\n"
						   "Content-Length: 100000\r\n\r\n");
	static char chunk[10008] = "2710\r\n";
	static char body[BODY_MOST];
	struct http_limits asked = usual_limits;
	int fds[3];
	asked.bytes_most = 250000;
	asked.body_ms = 2000;
	start_within("127.0.0.1:0", asked);
	for (size_t i = 0; i < 3; i++) {
		fds[i] = dial();
		put(fds[i], announcing);
		take(fds[i], got, sizeof(got), 100);
		ck_assert((strstr(got, "HTTP/1.1 503") != NULL) == (i == 2));
	}
	close(fds[2]);
	ck_assert_uint_ge(http_server_bytes(server), 200000);
	put(fds[0], span_from(body, sizeof(body)));
	take(fds[0], got, sizeof(got), 100);
	ck_assert_ptr_nonnull(strstr(got, "200 OK"));
	fds[2] = dial();
	put(fds[2], announcing);
	take(fds[2], got, sizeof(got), 100);
	ck_assert_str_eq(got, "");
	/* A body whose length nobody said: as far as there is room. */
	memset(chunk + 6, 'x', 10000);
	memcpy(chunk + 10006, "\r\n", 2);
	put(fds[0], SPAN("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"));
	for (int i = 0; i < 8; i++)
		(void)send(fds[0], chunk, sizeof(chunk), MSG_NOSIGNAL);
	take(fds[0], got, sizeof(got), 200);
	ck_assert_int_eq(last_error, E_OVERLOADED);
	for (size_t i = 0; i < 3; i++)
		close(fds[i]);
	for (int i = 0; i < 100 && http_server_bytes(server); i++)
		usleep(10000);
	ck_assert_uint_eq(http_server_bytes(server), 0);
	stop();
}
END_TEST

START_TEST(what_a_lost_client_left_behind_counts_until_its_answer)
{
	struct linger reset = {1, 0};
	start();
	int fd = dial();
	put(fd, SPAN("GET /later HTTP/1.1\r\nHost: a\r\n\r\n"));
	usleep(50000);
	size_t before = http_server_bytes(server);
	ck_assert_uint_ge(before, 4096);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
	usleep(50000);
	ck_assert_uint_eq(http_server_bytes(server), before);
	loop_post(loop, &later);
	usleep(50000);
	ck_assert_uint_eq(http_server_bytes(server), 0);
	stop();
}
END_TEST

static bool is_served(int fd)
{
	put(fd, SPAN("GET /now HTTP/1.1\r\nHost: a\r\n\r\n"));
	take(fd, got, sizeof(got), 100);
	return strstr(got, "200 OK") != NULL;
}

START_TEST(one_address_has_its_share_of_connections_and_proxies_have_all)
{
	static struct network_list proxies;
	struct http_limits asked = usual_limits;
	int fds[5];
	ck_assert_int_eq(network_list_parse("127.0.0.3", &proxies, NULL), OK);
	asked.peers = peer_count_new(2);
	asked.proxies = &proxies;
	start_within("127.0.0.1:0", asked);
	for (size_t i = 0; i < 2; i++)
		fds[i] = dial();
	int over = dial();
	take(over, got, sizeof(got), 100);
	ck_assert_ptr_nonnull(strstr(got, "HTTP/1.1 503"));
	ck_assert(is_closed(over));
	close(over);
	for (size_t i = 0; i < 2; i++)
		ck_assert(is_served(fds[i]));
	fds[2] = dial_from("127.0.0.2");
	ck_assert(is_served(fds[2]));
	close(fds[0]);
	usleep(50000);
	fds[0] = dial();
	ck_assert(is_served(fds[0]));
	for (size_t i = 0; i < 3; i++)
		close(fds[i]);
	for (size_t i = 0; i < 5; i++) {
		fds[i] = dial_from("127.0.0.3");
		ck_assert(is_served(fds[i]));
	}
	for (size_t i = 0; i < 5; i++)
		close(fds[i]);
	stop();
	peer_count_free(asked.peers);
}
END_TEST

START_TEST(a_trusted_proxy_names_the_client_request_by_request)
{
	static struct network_list proxies;
	struct http_limits asked = usual_limits;
	ck_assert_int_eq(network_list_parse("127.0.0.3", &proxies, NULL), OK);
	asked.proxies = &proxies;
	start_within("127.0.0.1:0", asked);
	int fd = dial_from("127.0.0.3");
	put(fd, SPAN("GET /peer HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n"
		     "GET /peer HTTP/1.1\r\nHost: a\r\n\r\n"
		     "GET /peer HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 2a00::5\r\n\r\n"));
	take(fd, got, sizeof(got), 100);
	const char *first = strstr(got, "\r\n\r\n203.0.113.7HTTP/1.1");
	const char *second = strstr(got, "\r\n\r\n127.0.0.3HTTP/1.1");
	const char *third = strstr(got, "\r\n\r\n2a00::5");
	ck_assert_msg(first && second > first && third > second, "%s", got);
	close(fd);
	/* Anybody else may write what he likes. */
	exchange(SPAN("GET /peer HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n"));
	ck_assert_ptr_nonnull(strstr(got, "\r\n\r\n127.0.0.1"));
	stop();
}
END_TEST

START_TEST(a_unix_socket_serves_too)
{
	char path[] = "/tmp/test_http.XXXXXX";
	char where[64];
	ck_assert_ptr_nonnull(mkdtemp(path));
	snprintf(where, sizeof(where), "unix:%s/socket", path);
	start_within(where, usual_limits);
	exchange(SPAN("GET /now HTTP/1.1\r\nHost: a\r\n\r\n"));
	ck_assert_ptr_nonnull(strstr(got, "200 OK"));
	stop();
	ck_assert_int_eq(access(where + strlen("unix:"), F_OK), -1);
	rmdir(path);
}
END_TEST

TESTS("http", a_body_comes_back, a_request_may_come_byte_by_byte,
	pipelined_requests_are_answered_in_order, large_bodies_and_what_follows_them_arrive_whole,
	a_chunked_body_and_the_next_request_in_one_write,
	a_body_too_large_is_refused_before_it_is_read, a_chunked_body_is_cut_off_at_the_limit,
	extensions_and_trailers_of_chunks_have_a_limit, a_small_unread_body_keeps_the_connection,
	continue_is_said_only_when_the_body_is_wanted,
	empty_lines_around_requests_are_skipped_in_any_pieces,
	a_client_that_pipelines_without_end_leaves_others_their_turn,
	a_client_that_sends_empty_lines_without_end_leaves_others_their_turn,
	malformed_requests_are_refused_and_closed, headers_have_a_limit,
	a_slow_head_and_a_slow_body_are_cut_off, a_client_that_leaves_is_forgotten,
	a_half_closed_client_gets_its_answer, an_absolute_target_and_a_query_are_taken_apart,
	a_method_that_nobody_knows_is_a_request_like_others,
	a_304_tells_the_length_of_what_it_leaves_out,
	a_request_that_is_handed_over_stays_with_its_service, head_has_no_body_and_http_1_0_closes,
	a_drain_answers_what_is_under_way_and_closes,
	more_connections_than_the_cap_are_told_so_and_closed,
	bodies_under_way_hold_no_more_than_they_may,
	what_a_lost_client_left_behind_counts_until_its_answer,
	one_address_has_its_share_of_connections_and_proxies_have_all,
	a_trusted_proxy_names_the_client_request_by_request, a_unix_socket_serves_too)
