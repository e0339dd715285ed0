/* SPDX-License-Identifier: Apache-2.0 */
/*
 * charge - how many bytes the requests under way hold, so that there is a cap on them.
 *
 * Not counted: what is bounded otherwise: idle connections (they hold no buffer), the pool of free
 * ones, the services' own.
 */
#include "shared/http/server.h"

static size_t request_bytes(const struct http_request *request)
{
	return sizeof(*request) + request->arena.total_bytes + request->orphan_input.capacity +
	       request->owned_body.capacity;
}

static size_t connection_bytes(const struct http_connection *connection)
{
	const struct http_request *request = connection->request;
	size_t bytes = connection->input_capacity + connection->carry.capacity +
		       connection->output.capacity;
	if (!request)
		return bytes;
	/* A body that was announced counts whole before it is there. */
	if (connection->announced_bytes > request->owned_body.capacity)
		bytes += connection->announced_bytes - request->owned_body.capacity;
	return bytes + request_bytes(request);
}

/* One thread writes it, others read it for the metrics: no atomic addition is needed. */
static void recharge(struct http_server *server, size_t *charged, size_t bytes)
{
	size_t held = atomic_load_explicit(&server->held_bytes, memory_order_relaxed);
	atomic_store_explicit(&server->held_bytes, held - *charged + bytes, memory_order_relaxed);
	*charged = bytes;
}

void http_charge(struct http_connection *connection)
{
	recharge(connection->server, &connection->charged_bytes, connection_bytes(connection));
}

void http_charge_close(struct http_connection *connection, struct http_request *orphan)
{
	recharge(connection->server, &connection->charged_bytes, 0);
	if (!orphan)
		return;
	orphan->server = connection->server;
	recharge(orphan->server, &orphan->charged_bytes, request_bytes(orphan));
}

void http_charge_end(struct http_request *orphan)
{
	recharge(orphan->server, &orphan->charged_bytes, 0);
}

bool http_has_room(const struct http_server *server, uint64_t bytes)
{
	size_t most = server->limits.bytes_most;
	size_t held = atomic_load_explicit(&server->held_bytes, memory_order_relaxed);
	return most == 0 || (held <= most && bytes <= most - held);
}

size_t http_server_bytes(const struct http_server *server)
{
	return atomic_load_explicit(&server->held_bytes, memory_order_relaxed);
}
