/* SPDX-License-Identifier: Apache-2.0 */
/*
 * connection - one client's connection, from its first byte to its close.
 *
 * Design notes. The socket is registered edge-triggered for everything once, so a request costs no
 * epoll_ctl; `readable` remembers an edge that was not read out. http_connection_run is the one place
 * that moves a connection on: it is called when the socket is ready, when the service comes back with
 * an answer or asks for a body, and it never nests.
 *
 * While the service has a request nothing is read: what the client sends meanwhile waits in the
 * socket, and the input buffer that the request's spans point into does not move.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/http/server.h"
#include "shared/memory.h"
#include "shared/metrics.h"

static struct http_connection *connection_of_watch(struct loop_watch *watch)
{
	return (struct http_connection *)((char *)watch - offsetof(struct http_connection, watch));
}

static struct http_connection *connection_of_deadline(struct loop_deadline *deadline)
{
	return (struct http_connection *)((char *)deadline -
					  offsetof(struct http_connection, deadline));
}

static void set_state(struct http_connection *connection, enum http_state state)
{
	struct http_server *server = connection->server;
	struct loop_deadlines *const lists[] = {
		[HTTP_IDLE] = server->draining ? &server->drain_deadlines : &server->idle_deadlines,
		[HTTP_IN_HEAD] = &server->head_deadlines,
		[HTTP_SERVING] = NULL, /* the service keeps its own deadlines */
		[HTTP_IN_BODY] = &server->body_deadlines,
		[HTTP_DISCARD] = &server->body_deadlines,
		[HTTP_LINGER] = &server->linger_deadlines,
	};
	if (state == HTTP_IN_HEAD && connection->state != HTTP_IN_HEAD)
		connection->head_started_us = loop_now_us(server->loop);
	connection->state = state;
	if (lists[state])
		loop_arm(lists[state], &connection->deadline);
	else
		loop_disarm(&connection->deadline);
}

static void drop_input(struct http_connection *connection)
{
	http_input_give(connection->server, connection->input, connection->input_capacity);
	connection->input = NULL;
	connection->input_capacity = connection->input_len = connection->parsed = 0;
}

static void unlink_connection(struct http_connection *connection)
{
	struct http_server *server = connection->server;
	if (connection->newer)
		connection->newer->older = connection->older;
	else
		server->newest = connection->older;
	if (connection->older)
		connection->older->newer = connection->newer;
	server->connection_count--;
	atomic_fetch_sub(server->shared_count, 1);
	metric_gauge_add(METRIC_HTTP_CONNECTIONS, -1);
}

/* The request outlives its connection: its spans go with it. */
static struct http_request *detach_request(struct http_connection *connection)
{
	struct http_request *request = connection->request;
	if (!request)
		return NULL;
	request->connection = NULL;
	request->orphan_input = (struct buf){
		.base = connection->input,
		.len = connection->input_len,
		.capacity = connection->input_capacity,
	};
	connection->input = NULL;
	connection->request = NULL;
	return request;
}

void http_connection_close(struct http_connection *connection)
{
	struct http_server *server = connection->server;
	bool service_waits = connection->state == HTTP_IN_BODY;
	struct http_request *request = detach_request(connection);
	loop_disarm(&connection->deadline);
	loop_disarm(&connection->again);
	loop_remove(server->loop, &connection->watch);
	(void)close(connection->watch.fd);
	unlink_connection(connection);
	drop_input(connection);
	buf_fini(&connection->carry);
	buf_fini(&connection->output);
	free(connection);
	if (request && service_waits)
		server->service->failed(request, E_CLIENT_GONE, server->service->user);
}

/* Returns: OK: all is sent; E_PENDING: the peer takes no more now; E_CLIENT_GONE. */
static enum error flush(struct http_connection *connection)
{
	struct buf *output = &connection->output;
	while (connection->output_at < output->len) {
		ssize_t sent = send(connection->watch.fd, output->base + connection->output_at,
			output->len - connection->output_at, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return errno == EAGAIN ? E_PENDING : E_CLIENT_GONE;
		connection->output_at += (size_t)sent;
	}
	buf_fini(output);
	connection->output_at = 0;
	return OK;
}

/* Send, and keep what the peer does not take. The outcome shows at the next flush. */
static void send_bytes(struct http_connection *connection, struct span bytes)
{
	if (!connection->output.len) {
		ssize_t sent = send(connection->watch.fd, bytes.base, bytes.len, MSG_NOSIGNAL);
		if (sent > 0) {
			bytes.base += sent;
			bytes.len -= (size_t)sent;
		}
	}
	if (!bytes.len)
		return;
	buf_add(&connection->output, bytes);
	loop_arm(&connection->server->write_deadlines, &connection->deadline);
}

/* Returns: OK with ret_len > 0; E_PENDING: nothing there; E_CLIENT_GONE: closed or broken. */
static enum error receive(
	struct http_connection *connection, char *into, size_t room, size_t *ret_len)
{
	ssize_t got;
	if (!connection->readable)
		return E_PENDING;
	do {
		got = recv(connection->watch.fd, into, room, 0);
	} while (got < 0 && errno == EINTR);
	if (got < 0 && errno == EAGAIN) {
		connection->readable = false;
		return E_PENDING;
	}
	if (got <= 0)
		return E_CLIENT_GONE;
	/* Less than asked for: the socket is empty, and what comes next makes a new edge. */
	if ((size_t)got < room && !connection->hung_up)
		connection->readable = false;
	*ret_len = (size_t)got;
	return OK;
}

static void begin_linger(struct http_connection *connection)
{
	connection->close_after_output = false;
	connection->discarded_bytes = 0;
	drop_input(connection);
	buf_fini(&connection->carry);
	(void)shutdown(connection->watch.fd, SHUT_WR);
	set_state(connection, HTTP_LINGER);
}

static struct http_request *begin_request(struct http_connection *connection)
{
	struct http_request *request = http_request_take(connection->server);
	request->connection = connection;
	memcpy(request->peer, connection->peer, sizeof(request->peer));
	request->started_us = connection->head_started_us;
	connection->request = request;
	return request;
}

static void fail_request(struct http_connection *connection, enum error error)
{
	struct http_server *server = connection->server;
	struct http_request *request = connection->request;
	if (error == E_BAD_REQUEST)
		metric_add(METRIC_HTTP_MALFORMED, 1);
	request->problem = connection->problem;
	connection->keep_alive = false;
	set_state(connection, HTTP_SERVING);
	server->service->failed(request, error, server->service->user);
}

/* A head that cannot be: the service answers a request without headers. */
static void fail_head(struct http_connection *connection, enum error error)
{
	if (!connection->request)
		begin_request(connection);
	connection->request->header_count = 0;
	connection->message_complete = true; /* nothing of it is read any further */
	fail_request(connection, error);
}

static void serve_head(struct http_connection *connection, size_t head_len)
{
	struct http_server *server = connection->server;
	begin_request(connection);
	enum error error = http_parse_head(connection, head_len);
	connection->parsed = head_len;
	connection->raw_body_bytes = connection->discarded_bytes = 0;
	connection->scan = (struct head_scan){0};
	if (error) {
		fail_head(connection, error);
		return;
	}
	set_state(connection, HTTP_SERVING);
	connection->served_in_turn++;
	server->service->head(connection->request, server->service->user);
}

/* RFC 9112 section 2.2: empty lines before a request line are skipped. */
static void skip_empty_lines(struct http_connection *connection)
{
	size_t skip = 0;
	while (connection->input_len - skip >= 2 && connection->input[skip] == '\r' &&
		connection->input[skip + 1] == '\n')
		skip += 2;
	if (skip == 0 || connection->scan.line_start != 0)
		return;
	connection->input_len -= skip;
	memmove(connection->input, connection->input + skip, connection->input_len);
}

static void grow_input(struct http_connection *connection)
{
	size_t capacity = connection->input_capacity * 2;
	if (connection->input_capacity == HTTP_INPUT_FIRST_BYTES) {
		char *larger = memory_alloc(capacity);
		memcpy(larger, connection->input, connection->input_len);
		http_input_give(connection->server, connection->input, connection->input_capacity);
		connection->input = larger;
	} else {
		connection->input = memory_resize(connection->input, capacity);
	}
	connection->input_capacity = capacity;
}

/* Room for that many bytes in all. */
static void reserve_input(struct http_connection *connection, size_t bytes)
{
	if (!connection->input) {
		connection->input = http_input_take(connection->server);
		connection->input_capacity = HTTP_INPUT_FIRST_BYTES;
	}
	while (connection->input_capacity < bytes)
		grow_input(connection);
}

/* Returns: OK: moved on; E_PENDING: needs bytes that are not there; E_CLIENT_GONE. */
static enum error fill_input(struct http_connection *connection)
{
	size_t got;
	if (!connection->readable)
		return E_PENDING;
	reserve_input(connection, connection->input_len + 1);
	enum error error = receive(connection, connection->input + connection->input_len,
		connection->input_capacity - connection->input_len, &got);
	if (!error)
		connection->input_len += got;
	return error;
}

static enum error run_head(struct http_connection *connection)
{
	size_t head_len;
	if (connection->input_len == 0) {
		enum error error = fill_input(connection);
		if (error) {
			drop_input(connection);
			return error;
		}
	}
	skip_empty_lines(connection);
	if (connection->input_len == 0) {
		set_state(
			connection, HTTP_IDLE); /* an end of line behind a body begins no request */
		return OK;
	}
	if (connection->state == HTTP_IDLE)
		set_state(connection, HTTP_IN_HEAD);
	if (connection->input_len == 1 && connection->input[0] == '\r')
		return fill_input(connection); /* the rest of an empty line */
	struct span head = span_from(connection->input, connection->input_len);
	switch (head_scan(&connection->scan, head, &head_len, &connection->problem)) {
	case HEAD_SCAN_COMPLETE:
		if (head_len > HTTP_HEAD_BYTES)
			fail_head(connection, E_HEADERS_TOO_LARGE);
		else
			serve_head(connection, head_len);
		return OK;
	case HEAD_SCAN_BAD:
		fail_head(connection, E_BAD_REQUEST);
		return OK;
	case HEAD_SCAN_MORE:
		break;
	}
	if (connection->input_len > HTTP_HEAD_BYTES) {
		fail_head(connection, E_HEADERS_TOO_LARGE);
		return OK;
	}
	return fill_input(connection);
}

/* Where the next body bytes are read into: behind the head when they fit there, else the scratch. */
static struct span body_room(struct http_connection *connection)
{
	struct http_server *server = connection->server;
	struct http_request *request = connection->request;
	size_t wanted = HTTP_SCRATCH_BYTES;
	if (request && request->has_content_length) {
		uint64_t left = request->content_length - connection->raw_body_bytes;
		if (left < wanted)
			wanted = (size_t)left;
	} else {
		wanted = HTTP_INPUT_FIRST_BYTES; /* bounds what must be carried over */
	}
	size_t room = connection->input_capacity - connection->input_len;
	if (request && request->has_content_length && wanted <= room && connection->input)
		return span_from(connection->input + connection->input_len, wanted);
	return span_from(server->scratch, wanted);
}

static uint64_t raw_body_most(const struct http_connection *connection)
{
	return connection->body_most_bytes * (uint64_t)HTTP_RAW_BODY_FACTOR + HTTP_RAW_BODY_BYTES;
}

/* Feed bytes to the parser; keep what belongs to the next request. */
static enum error feed_body(struct http_connection *connection, struct span bytes)
{
	size_t used = 0;
	bool in_input = connection->input && bytes.base >= connection->input &&
			bytes.base < connection->input + connection->input_capacity;
	enum error error = http_parse_body(connection, bytes, &used);
	if (error)
		return error;
	connection->raw_body_bytes += used;
	if (in_input)
		connection->parsed += used;
	else if (used < bytes.len)
		buf_add(&connection->carry, span_from(bytes.base + used, bytes.len - used));
	if (connection->state == HTTP_IN_BODY &&
		connection->raw_body_bytes > raw_body_most(connection))
		return E_BODY_TOO_LARGE;
	return OK;
}

/* Returns: OK: some body bytes were fed; E_PENDING, E_CLIENT_GONE; or what is wrong with the body. */
static enum error read_some_body(struct http_connection *connection)
{
	size_t got;
	if (connection->parsed < connection->input_len)
		return feed_body(connection, span_from(connection->input + connection->parsed,
						     connection->input_len - connection->parsed));
	struct span room = body_room(connection);
	enum error error = receive(connection, (char *)room.base, room.len, &got);
	if (error)
		return error;
	if (room.base != connection->server->scratch)
		connection->input_len += got;
	return feed_body(connection, span_from(room.base, got));
}

static void serve_body(struct http_connection *connection)
{
	struct http_server *server = connection->server;
	set_state(connection, HTTP_SERVING);
	server->service->body(connection->request, server->service->user);
}

static enum error run_body(struct http_connection *connection)
{
	if (connection->request->content_length > connection->body_most_bytes) {
		fail_request(connection, E_BODY_TOO_LARGE);
		return OK;
	}
	while (!connection->message_complete) {
		enum error error = read_some_body(connection);
		if (error == E_PENDING || error == E_CLIENT_GONE)
			return error;
		if (error) {
			fail_request(connection, error);
			return OK;
		}
	}
	serve_body(connection);
	return OK;
}

/* The request is over: what is left of the input belongs to the next one. */
static void begin_next(struct http_connection *connection)
{
	size_t left = connection->input_len - connection->parsed;
	connection->scan = (struct head_scan){0};
	if (left)
		memmove(connection->input, connection->input + connection->parsed, left);
	connection->input_len = left;
	connection->parsed = 0;
	if (connection->carry.len) {
		reserve_input(connection, connection->input_len + connection->carry.len);
		memcpy(connection->input + connection->input_len, connection->carry.base,
			connection->carry.len);
		connection->input_len += connection->carry.len;
		buf_fini(&connection->carry);
	}
	if (connection->input_len == 0)
		drop_input(connection);
	set_state(connection, connection->input_len ? HTTP_IN_HEAD : HTTP_IDLE);
}

static enum error run_discard(struct http_connection *connection)
{
	while (!connection->message_complete) {
		uint64_t before = connection->raw_body_bytes;
		enum error error = read_some_body(connection);
		if (error == E_PENDING || error == E_CLIENT_GONE)
			return error;
		connection->discarded_bytes += connection->raw_body_bytes - before;
		if (error || connection->discarded_bytes > HTTP_DISCARD_BYTES) {
			begin_linger(connection);
			return OK;
		}
	}
	begin_next(connection);
	return OK;
}

static enum error run_linger(struct http_connection *connection)
{
	size_t got;
	enum error error =
		receive(connection, connection->server->scratch, HTTP_SCRATCH_BYTES, &got);
	if (error)
		return error;
	connection->discarded_bytes += got;
	return connection->discarded_bytes > HTTP_LINGER_BYTES ? E_CLIENT_GONE : OK;
}

static enum error run_state(struct http_connection *connection)
{
	switch (connection->state) {
	case HTTP_IDLE:
	case HTTP_IN_HEAD:
		return run_head(connection);
	case HTTP_IN_BODY:
		return run_body(connection);
	case HTTP_DISCARD:
		return run_discard(connection);
	case HTTP_LINGER:
		return run_linger(connection);
	case HTTP_SERVING:
		break;
	}
	return E_PENDING;
}

/*
 * Whether this connection has had its share of the turn; then it goes on in a later one. A client that
 * pipelines requests and reads the answers would otherwise keep the loop to itself.
 */
static bool yields(struct http_connection *connection)
{
	if (connection->served_in_turn < HTTP_REQUESTS_A_TURN)
		return false;
	loop_arm(&connection->server->again_deadlines, &connection->again);
	return true;
}

/* Move on as far as the bytes and the service allow. May free the connection. */
static void run(struct http_connection *connection)
{
	enum error error = OK;
	if (connection->running || connection->again.list)
		return;
	connection->running = true;
	while (!error) {
		if (yields(connection)) {
			error = E_PENDING;
			break;
		}
		if (connection->output.len) {
			error = flush(connection);
			if (error)
				break;
			if (connection->state != HTTP_SERVING)
				set_state(connection, connection->state);
		}
		if (connection->close_after_output)
			begin_linger(connection);
		error = run_state(connection);
	}
	connection->running = false;
	if (error != E_PENDING)
		http_connection_close(connection);
}

void http_connection_again(struct loop_deadline *deadline)
{
	struct http_connection *connection =
		(struct http_connection *)((char *)deadline -
					   offsetof(struct http_connection, again));
	connection->served_in_turn = 0;
	run(connection);
}

static void on_ready(struct loop_watch *watch, uint32_t events)
{
	struct http_connection *connection = connection_of_watch(watch);
	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		connection->readable = true;
	if (events & (EPOLLRDHUP | EPOLLHUP))
		connection->hung_up = true; /* no further edge will tell of the end */
	if (events & EPOLLERR) {
		http_connection_close(connection);
		return;
	}
	if (!connection->again.list)
		connection->served_in_turn = 0;
	run(connection);
}

void http_connection_drain(struct http_connection *connection)
{
	if (connection->state == HTTP_IDLE)
		loop_arm(&connection->server->drain_deadlines, &connection->deadline);
}

void http_connection_expired(struct loop_deadline *deadline)
{
	struct http_connection *connection = connection_of_deadline(deadline);
	if (connection->state != HTTP_IDLE)
		metric_add(METRIC_HTTP_TIMEOUTS, 1);
	if (connection->output.len || connection->state == HTTP_IDLE ||
		connection->state == HTTP_DISCARD || connection->state == HTTP_LINGER) {
		http_connection_close(connection);
		return;
	}
	connection->problem = NULL;
	connection->running = true;
	if (connection->state == HTTP_IN_HEAD)
		fail_head(connection, E_REQUEST_TIMEOUT);
	else
		fail_request(connection, E_REQUEST_TIMEOUT);
	connection->running = false;
	run(connection);
}

void http_connection_open(struct http_server *server, int fd, const char *peer)
{
	struct http_connection *connection = memory_zeroed(1, sizeof(*connection));
	connection->server = server;
	connection->watch = (struct loop_watch){.fd = fd, .ready = on_ready};
	(void)strncpy(connection->peer, peer, sizeof(connection->peer) - 1);
	connection->older = server->newest;
	if (server->newest)
		server->newest->newer = connection;
	server->newest = connection;
	server->connection_count++;
	atomic_fetch_add(server->shared_count, 1);
	metric_gauge_add(METRIC_HTTP_CONNECTIONS, 1);
	metric_add(METRIC_HTTP_ACCEPTED, 1);
	set_state(connection, HTTP_IDLE);
	if (loop_add(server->loop, &connection->watch, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET))
		http_connection_close(connection);
}

/* Whether the rest of a body is small enough to be read past. */
static bool may_discard(const struct http_connection *connection)
{
	const struct http_request *request = connection->request;
	if (connection->message_complete)
		return true;
	if (connection->expect_continue)
		return false; /* the client may send the body or not: there is no telling */
	return request->chunked ||
	       request->content_length - connection->raw_body_bytes <= HTTP_DISCARD_BYTES;
}

static void end_answer(struct http_connection *connection, bool close_behind)
{
	struct http_request *request = connection->request;
	connection->request = NULL;
	http_request_give(connection->server, request);
	connection->expect_continue = false;
	if (close_behind)
		connection->close_after_output = true;
	else if (connection->message_complete)
		begin_next(connection);
	else
		set_state(connection, HTTP_DISCARD);
	if (connection->output.len)
		loop_arm(&connection->server->write_deadlines, &connection->deadline);
}

void http_answer(struct http_request *request, const struct http_response *response)
{
	struct http_connection *connection = request->connection;
	if (!connection) {
		/* A request without a connection belongs to no pool any more. */
		buf_fini(&request->orphan_input);
		buf_fini(&request->owned_body);
		arena_fini(&request->arena);
		free(request);
		return;
	}
	struct http_server *server = connection->server;
	/* An HTTP/1.0 client would have to ask for keep-alive, and be told (RFC 9112 appendix C.2.2). */
	bool close_behind = response->close || !connection->keep_alive || server->draining ||
			    connection->parser.http_minor == 0 || !may_discard(connection);
	http_write_answer(server, response, close_behind, request->method != METHOD_HEAD);
	send_bytes(connection, buf_span(&server->answer));
	end_answer(connection, close_behind);
	run(connection);
}

enum error http_read_body(struct http_request *request, size_t most_bytes)
{
	struct http_connection *connection = request->connection;
	if (!connection)
		return E_CLIENT_GONE;
	connection->body_most_bytes = most_bytes;
	if (connection->expect_continue && connection->parsed == connection->input_len &&
		request->content_length <= most_bytes)
		send_bytes(connection, SPAN("HTTP/1.1 100 Continue\r\n\r\n"));
	connection->expect_continue = false;
	set_state(connection, HTTP_IN_BODY);
	run(connection);
	return E_PENDING;
}
