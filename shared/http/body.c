/* SPDX-License-Identifier: Apache-2.0 */
/* body - reads a request's body for the service, or past it. */
#include "shared/http/server.h"

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

/* A chunked body grows: how much it needs shows only now. */
static enum error check_room(struct http_connection *connection)
{
	http_charge(connection);
	return http_has_room(connection->server, 0) ? OK : E_OVERLOADED;
}

/* Feed bytes to the parser; keep what belongs to the next request. */
static enum error feed_body(struct http_connection *connection, struct span bytes)
{
	size_t used = 0;
	bool in_input = connection->input && bytes.base >= connection->input &&
			bytes.base < connection->input + connection->input_capacity;
	if (connection->chunked)
		connection->problem = chunk_scan(&connection->chunks, bytes);
	if (connection->chunked && connection->problem)
		return E_BAD_REQUEST;
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
	return connection->request && connection->request->chunked ? check_room(connection) : OK;
}

/* Returns: OK: some body bytes were fed; E_PENDING, E_CLIENT_GONE; or what is wrong with the body. */
static enum error read_some_body(struct http_connection *connection)
{
	size_t got;
	if (connection->parsed < connection->input_len)
		return feed_body(connection, span_from(connection->input + connection->parsed,
						     connection->input_len - connection->parsed));
	struct span room = body_room(connection);
	enum error error = http_receive(connection, (char *)room.base, room.len, &got);
	if (error)
		return error;
	if (room.base != connection->server->scratch)
		connection->input_len += got;
	return feed_body(connection, span_from(room.base, got));
}

static void serve_body(struct http_connection *connection)
{
	struct http_request *request = connection->request;
	http_connection_set(connection, HTTP_SERVING);
	request->service->body(request, request->service->user);
}

enum error http_run_body(struct http_connection *connection)
{
	if (connection->request->content_length > connection->body_most_bytes) {
		http_request_fail(connection, E_BODY_TOO_LARGE);
		return OK;
	}
	while (!connection->message_complete) {
		enum error error = read_some_body(connection);
		if (error == E_PENDING || error == E_CLIENT_GONE)
			return error;
		if (error) {
			http_request_fail(connection, error);
			return OK;
		}
	}
	serve_body(connection);
	return OK;
}

enum error http_run_discard(struct http_connection *connection)
{
	while (!connection->message_complete) {
		uint64_t before = connection->raw_body_bytes;
		enum error error = read_some_body(connection);
		if (error == E_PENDING || error == E_CLIENT_GONE)
			return error;
		connection->discarded_bytes += connection->raw_body_bytes - before;
		if (error || connection->discarded_bytes > HTTP_DISCARD_BYTES) {
			http_connection_linger(connection);
			return OK;
		}
	}
	http_connection_next(connection);
	return OK;
}

bool http_may_discard(const struct http_connection *connection)
{
	const struct http_request *request = connection->request;
	if (connection->message_complete)
		return true;
	if (connection->expect_continue)
		return false; /* the client may send the body or not: there is no telling */
	return request->chunked ||
	       request->content_length - connection->raw_body_bytes <= HTTP_DISCARD_BYTES;
}
