/* SPDX-License-Identifier: Apache-2.0 */
/* head - gathers a request's head, has it parsed, and hands the request to the service. */
#include "shared/http/forwarded.h"
#include "shared/http/server.h"

static struct http_request *begin_request(struct http_connection *connection)
{
	struct http_request *request = http_request_take(connection->server);
	request->connection = connection;
	request->service = connection->server->service;
	memcpy(request->peer, connection->peer.text, sizeof(request->peer));
	request->started_us = connection->head_started_us;
	connection->request = request;
	return request;
}

void http_head_fail(struct http_connection *connection, enum error error)
{
	if (!connection->request)
		begin_request(connection);
	connection->request->header_count = 0;
	connection->message_complete = true; /* nothing of it is read any further */
	http_request_fail(connection, error);
}

/* Behind a proxy of ours the client is another one for each request. */
static void name_client(struct http_connection *connection)
{
	struct http_request *request = connection->request;
	struct network_address client;
	if (forwarded_client(request, connection->server->limits.proxies, &client))
		network_address_text(&client, request->peer);
}

static void serve_head(struct http_connection *connection, size_t head_len)
{
	struct http_server *server = connection->server;
	begin_request(connection);
	enum error error = http_parse_head(connection, head_len);
	connection->parsed = head_len;
	connection->raw_body_bytes = connection->discarded_bytes = 0;
	connection->scan = (struct head_scan){0};
	connection->chunks = (struct chunk_scan){.part = CHUNK_SIZE};
	connection->chunked = connection->request->chunked;
	if (error) {
		http_head_fail(connection, error);
		return;
	}
	if (connection->peer.is_proxy)
		name_client(connection);
	http_connection_set(connection, HTTP_SERVING);
	connection->served_in_turn++;
	http_hand_over(connection->request, server->service);
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

enum error http_run_head(struct http_connection *connection)
{
	size_t head_len;
	if (connection->input_len == 0) {
		enum error error = http_input_fill(connection);
		if (error) {
			http_input_drop(connection);
			return error;
		}
	}
	skip_empty_lines(connection);
	if (connection->input_len == 0) {
		/* An end of line behind a body begins no request; many are a share of the turn too. */
		http_connection_set(connection, HTTP_IDLE);
		connection->served_in_turn++;
		return OK;
	}
	if (connection->state == HTTP_IDLE)
		http_connection_set(connection, HTTP_IN_HEAD);
	if (connection->input_len == 1 && connection->input[0] == '\r')
		return http_input_fill(connection); /* the rest of an empty line */
	struct span head = span_from(connection->input, connection->input_len);
	switch (head_scan(&connection->scan, head, &head_len, &connection->problem)) {
	case HEAD_SCAN_COMPLETE:
		if (head_len > HTTP_HEAD_BYTES)
			http_head_fail(connection, E_HEADERS_TOO_LARGE);
		else
			serve_head(connection, head_len);
		return OK;
	case HEAD_SCAN_BAD:
		http_head_fail(connection, E_BAD_REQUEST);
		return OK;
	case HEAD_SCAN_MORE:
		break;
	}
	if (connection->input_len > HTTP_HEAD_BYTES) {
		http_head_fail(connection, E_HEADERS_TOO_LARGE);
		return OK;
	}
	if (connection->input_len == connection->input_capacity &&
		!http_has_room(connection->server, connection->input_capacity)) {
		http_head_fail(connection, E_OVERLOADED);
		return OK;
	}
	return http_input_fill(connection);
}
