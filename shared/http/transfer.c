/* SPDX-License-Identifier: Apache-2.0 */
/* transfer - bytes between a connection's socket and its buffers. */
#include <errno.h>
#include <sys/socket.h>

#include "shared/http/server.h"
#include "shared/memory.h"

enum error http_flush(struct http_connection *connection)
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

void http_send(struct http_connection *connection, struct span bytes)
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

enum error http_receive(
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

void http_input_drop(struct http_connection *connection)
{
	http_input_give(connection->server, connection->input, connection->input_capacity);
	connection->input = NULL;
	connection->input_capacity = connection->input_len = connection->parsed = 0;
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

void http_input_reserve(struct http_connection *connection, size_t bytes)
{
	if (!connection->input) {
		connection->input = http_input_take(connection->server);
		connection->input_capacity = HTTP_INPUT_FIRST_BYTES;
	}
	while (connection->input_capacity < bytes)
		grow_input(connection);
}

enum error http_input_fill(struct http_connection *connection)
{
	size_t got;
	if (!connection->readable)
		return E_PENDING;
	http_input_reserve(connection, connection->input_len + 1);
	enum error error = http_receive(connection, connection->input + connection->input_len,
		connection->input_capacity - connection->input_len, &got);
	if (!error)
		connection->input_len += got;
	return error;
}
