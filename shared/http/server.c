/* SPDX-License-Identifier: Apache-2.0 */
/* server - takes connections from a listening socket, in one loop, until it drains. */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include "shared/ensure.h"
#include "shared/http/server.h"
#include "shared/log.h"
#include "shared/memory.h"
#include "shared/metrics.h"

static struct http_server *server_of(struct loop_watch *watch)
{
	return (struct http_server *)((char *)watch - offsetof(struct http_server, listener));
}

static struct http_peer peer_of(
	const struct http_server *server, const struct sockaddr_storage *from)
{
	const struct network_list *proxies = server->limits.proxies;
	struct network_address address;
	struct http_peer peer = {.text = "unknown"};
	if (network_address_of(from, &address)) {
		network_address_text(&address, peer.text);
		peer.client = network_address_client(&address);
		peer.is_proxy = proxies && network_list_holds(proxies, &address);
		peer.is_counted = server->limits.peers && !peer.is_proxy;
	} else if (from->ss_family == AF_UNIX) {
		memcpy(peer.text, "unix", sizeof("unix"));
		peer.is_proxy = proxies && proxies->unix_peers;
	}
	return peer;
}

/*
 * A sender that can read the answer learns why and when to come back; one that is not listening sees a
 * close. Nothing is kept for it, so that a flood costs three system calls a connection. What has come
 * is read first: a close with bytes unread would be a reset, which may overtake the answer.
 */
static void refuse(struct http_server *server, int fd)
{
	struct http_response response = {.status = 503};
	if (server->service->refused) {
		server->service->refused(&response, server->service->user);
		http_write_answer(server, &response, true, true);
		(void)recv(fd, server->scratch, HTTP_SCRATCH_BYTES, 0);
		(void)send(fd, server->answer.base, server->answer.len, MSG_NOSIGNAL);
	}
	(void)close(fd);
}

static void take_connection(struct http_server *server, int fd, const struct sockaddr_storage *from)
{
	int on = 1;
	struct http_peer peer = peer_of(server, from);
	if ((int64_t)atomic_load(server->shared_count) >= server->limits.connections_most) {
		metric_add(METRIC_HTTP_REFUSED_ALL, 1);
		refuse(server, fd);
		return;
	}
	if (peer.is_counted && !peer_count_take(server->limits.peers, &peer.client)) {
		metric_add(METRIC_HTTP_REFUSED_ADDRESS, 1);
		refuse(server, fd);
		return;
	}
	/* Answers are single writes; Nagle's algorithm would hold a pipelined one back. */
	if (from->ss_family != AF_UNIX)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	http_connection_open(server, fd, &peer);
}

/* Returns: OK: took one; E_PENDING: none waits; E_SYSTEM: no descriptor is free. */
static enum error accept_one(struct http_server *server)
{
	struct sockaddr_storage from = {0};
	socklen_t len = sizeof(from);
	int fd = accept4(
		server->listener.fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0) {
		take_connection(server, fd, &from);
		return OK;
	}
	if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
		return E_SYSTEM;
	return errno == EINTR || errno == ECONNABORTED ? OK : E_PENDING;
}

static void on_listener(struct loop_watch *watch, uint32_t events)
{
	struct http_server *server = server_of(watch);
	(void)events;
	for (int i = 0; i < HTTP_ACCEPT_BATCH; i++) {
		enum error error = accept_one(server);
		if (error == E_PENDING)
			return;
		if (error == OK)
			continue;
		/* The listener stays readable: look away for a moment instead of spinning. */
		int64_t suppressed =
			log_limit_take(&server->no_descriptors, loop_now_ms(server->loop));
		if (suppressed >= 0)
			log_warn("http.no_descriptors",
				log_int("connections", (int64_t)server->connection_count),
				log_int("suppressed", suppressed));
		loop_remove(server->loop, &server->listener);
		loop_arm(&server->accept_deadlines, &server->accept_again);
		return;
	}
}

static void listen_again(struct loop_deadline *deadline)
{
	struct http_server *server =
		(struct http_server *)((char *)deadline -
				       offsetof(struct http_server, accept_again));
	if (server->accepting)
		ensure(loop_add(server->loop, &server->listener, EPOLLIN | EPOLLEXCLUSIVE) == OK);
}

static void init_deadlines(struct http_server *server)
{
	const struct http_limits *limits = &server->limits;
	struct {
		struct loop_deadlines *list;
		int64_t length_ms;
	} lists[] = {
		{&server->head_deadlines, limits->head_ms},
		{&server->body_deadlines, limits->body_ms},
		{&server->idle_deadlines, limits->idle_ms},
		{&server->write_deadlines, limits->write_ms},
		{&server->linger_deadlines, HTTP_LINGER_MS},
		{&server->drain_deadlines, HTTP_DRAIN_IDLE_MS},
	};
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		loop_deadlines_init(
			server->loop, lists[i].list, lists[i].length_ms, http_connection_expired);
	loop_deadlines_init(
		server->loop, &server->again_deadlines, HTTP_AGAIN_MS, http_connection_again);
	loop_deadlines_init(
		server->loop, &server->accept_deadlines, HTTP_ACCEPT_AGAIN_MS, listen_again);
}

struct http_server *http_server_new(struct loop *loop, int listen_fd,
	const struct http_service *service, const struct http_limits *limits)
{
	struct http_server *server = memory_zeroed(1, sizeof(*server));
	server->loop = loop;
	server->service = service;
	server->limits = *limits;
	server->shared_count = limits->connections ? limits->connections : &server->own_count;
	server->no_descriptors.every_ms = HTTP_LOG_EVERY_MS;
	server->listener = (struct loop_watch){.fd = listen_fd, .ready = on_listener};
	server->scratch = memory_alloc(HTTP_SCRATCH_BYTES);
	http_parser_callbacks(&server->callbacks);
	init_deadlines(server);
	if (!limits->accept_later)
		http_server_accept(server);
	return server;
}

void http_server_accept(struct http_server *server)
{
	if (server->accepting || server->draining)
		return;
	server->accepting = true;
	ensure(loop_add(server->loop, &server->listener, EPOLLIN | EPOLLEXCLUSIVE) == OK);
}

static void stop_accepting(struct http_server *server)
{
	if (!server->accepting)
		return;
	/* Whoever is through the handshake already would see a reset; a flood must not keep us here. */
	for (int i = 0; i < HTTP_ACCEPT_LAST && accept_one(server) == OK; i++)
		;
	server->accepting = false;
	loop_disarm(&server->accept_again);
	loop_remove(server->loop, &server->listener);
}

void http_server_drain(struct http_server *server)
{
	stop_accepting(server);
	server->draining = true;
	for (struct http_connection *connection = server->newest; connection;
		connection = connection->older)
		http_connection_drain(connection);
}

size_t http_server_connections(const struct http_server *server)
{
	return server->connection_count;
}

void http_server_free(struct http_server *server)
{
	if (!server)
		return;
	if (server->accepting)
		loop_remove(server->loop, &server->listener);
	while (server->newest)
		http_connection_close(server->newest);
	loop_disarm(&server->accept_again);
	http_pool_fini(server);
	buf_fini(&server->answer);
	free(server->scratch);
	free(server);
}

struct span http_header_find(const struct http_request *request, struct span name)
{
	for (size_t i = 0; i < request->header_count; i++) {
		if (span_equal_nocase(request->headers[i].name, name))
			return request->headers[i].value.base ? request->headers[i].value
							      : span_from("", 0);
	}
	return SPAN_NONE;
}

size_t http_header_repeats(const struct http_request *request, struct span name)
{
	size_t count = 0;
	for (size_t i = 0; i < request->header_count; i++)
		count += span_equal_nocase(request->headers[i].name, name);
	return count;
}
