/* SPDX-License-Identifier: Apache-2.0 */
/*
 * connection - one client's connection, from its first byte to its close.
 *
 * Design notes. The socket is registered edge-triggered for everything once, so a request costs no
 * epoll_ctl; `readable` remembers an edge that was not read out. `run` is the one place
 * that moves a connection on: it is called when the socket is ready, when the service comes back with
 * an answer or asks for a body, and it never nests.
 *
 * While the service has a request nothing is read: what the client sends meanwhile waits in the
 * socket, and the input buffer that the request's spans point into does not move.
 */
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

void http_connection_set(struct http_connection *connection, enum http_state state)
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
	if (connection->peer.is_counted)
		peer_count_give(server->limits.peers, &connection->peer.client);
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
	http_charge_close(connection, request);
	loop_disarm(&connection->deadline);
	loop_disarm(&connection->again);
	loop_remove(server->loop, &connection->watch);
	(void)close(connection->watch.fd);
	unlink_connection(connection);
	http_input_drop(connection);
	buf_fini(&connection->carry);
	buf_fini(&connection->output);
	free(connection);
	if (request && service_waits)
		request->service->failed(request, E_CLIENT_GONE, request->service->user);
}

void http_connection_linger(struct http_connection *connection)
{
	connection->close_after_output = false;
	connection->discarded_bytes = 0;
	http_input_drop(connection);
	buf_fini(&connection->carry);
	(void)shutdown(connection->watch.fd, SHUT_WR);
	http_connection_set(connection, HTTP_LINGER);
}

void http_request_fail(struct http_connection *connection, enum error error)
{
	struct http_request *request = connection->request;
	if (error == E_BAD_REQUEST)
		metric_add(METRIC_HTTP_MALFORMED, 1);
	request->problem = connection->problem;
	connection->keep_alive = false;
	http_connection_set(connection, HTTP_SERVING);
	request->service->failed(request, error, request->service->user);
}

void http_connection_next(struct http_connection *connection)
{
	size_t left = connection->input_len - connection->parsed;
	connection->scan = (struct head_scan){0};
	if (left)
		memmove(connection->input, connection->input + connection->parsed, left);
	connection->input_len = left;
	connection->parsed = 0;
	if (connection->carry.len) {
		http_input_reserve(connection, connection->input_len + connection->carry.len);
		memcpy(connection->input + connection->input_len, connection->carry.base,
			connection->carry.len);
		connection->input_len += connection->carry.len;
		buf_fini(&connection->carry);
	}
	if (connection->input_len == 0)
		http_input_drop(connection);
	http_connection_set(connection, connection->input_len ? HTTP_IN_HEAD : HTTP_IDLE);
}

static enum error run_linger(struct http_connection *connection)
{
	size_t got;
	enum error error =
		http_receive(connection, connection->server->scratch, HTTP_SCRATCH_BYTES, &got);
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
		return http_run_head(connection);
	case HTTP_IN_BODY:
		return http_run_body(connection);
	case HTTP_DISCARD:
		return http_run_discard(connection);
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
			error = http_flush(connection);
			if (error)
				break;
			if (connection->state != HTTP_SERVING)
				http_connection_set(connection, connection->state);
		}
		if (connection->close_after_output)
			http_connection_linger(connection);
		error = run_state(connection);
	}
	connection->running = false;
	if (error == E_PENDING)
		http_charge(connection);
	else
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
		http_head_fail(connection, E_REQUEST_TIMEOUT);
	else
		http_request_fail(connection, E_REQUEST_TIMEOUT);
	connection->running = false;
	run(connection);
}

void http_connection_open(struct http_server *server, int fd, const struct http_peer *peer)
{
	struct http_connection *connection = memory_zeroed(1, sizeof(*connection));
	connection->server = server;
	connection->watch = (struct loop_watch){.fd = fd, .ready = on_ready};
	connection->peer = *peer;
	connection->older = server->newest;
	if (server->newest)
		server->newest->newer = connection;
	server->newest = connection;
	server->connection_count++;
	atomic_fetch_add(server->shared_count, 1);
	metric_gauge_add(METRIC_HTTP_CONNECTIONS, 1);
	metric_add(METRIC_HTTP_ACCEPTED, 1);
	http_connection_set(connection, HTTP_IDLE);
	if (loop_add(server->loop, &connection->watch, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET))
		http_connection_close(connection);
}

static void end_answer(struct http_connection *connection, bool close_behind)
{
	struct http_request *request = connection->request;
	connection->request = NULL;
	http_request_give(connection->server, request);
	connection->expect_continue = false;
	connection->announced_bytes = 0;
	if (close_behind)
		connection->close_after_output = true;
	else if (connection->message_complete)
		http_connection_next(connection);
	else
		http_connection_set(connection, HTTP_DISCARD);
	if (connection->output.len)
		loop_arm(&connection->server->write_deadlines, &connection->deadline);
}

void http_answer(struct http_request *request, const struct http_response *response)
{
	struct http_connection *connection = request->connection;
	if (!connection) {
		/* A request without a connection belongs to no pool any more. */
		http_charge_end(request);
		buf_fini(&request->orphan_input);
		buf_fini(&request->owned_body);
		arena_fini(&request->arena);
		free(request);
		return;
	}
	struct http_server *server = connection->server;
	/* An HTTP/1.0 client would have to ask for keep-alive, and be told (RFC 9112 appendix C.2.2). */
	bool close_behind = response->close || !connection->keep_alive || server->draining ||
			    connection->parser.http_minor == 0 || !http_may_discard(connection);
	http_write_answer(server, response, close_behind, request->method != METHOD_HEAD);
	http_send(connection, buf_span(&server->answer));
	end_answer(connection, close_behind);
	run(connection);
}

void http_hand_over(struct http_request *request, const struct http_service *service)
{
	request->service = service;
	service->head(request, service->user);
}

enum error http_read_body(struct http_request *request, size_t most_bytes)
{
	struct http_connection *connection = request->connection;
	if (!connection)
		return E_CLIENT_GONE;
	size_t room = connection->input_capacity - connection->parsed;
	if (request->content_length > room && request->content_length <= most_bytes)
		connection->announced_bytes = (size_t)request->content_length;
	if (!http_has_room(connection->server, connection->announced_bytes))
		return E_OVERLOADED;
	connection->body_most_bytes = most_bytes;
	if (connection->expect_continue && connection->parsed == connection->input_len &&
		request->content_length <= most_bytes)
		http_send(connection, SPAN("HTTP/1.1 100 Continue\r\n\r\n"));
	connection->expect_continue = false;
	http_connection_set(connection, HTTP_IN_BODY);
	run(connection);
	return E_PENDING;
}
