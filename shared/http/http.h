/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http - HTTP/1.1 server: requests in, answers out; in one thread's event loop.
 *
 * Design notes. A service is told of a request when its head (request line and headers) is there. It
 * then answers at once, asks for the body, or does neither and comes back later, in the same thread.
 * Each request ends with exactly one http_answer, whatever happened to its connection meanwhile; until
 * then its spans stay valid, and reading from that connection stops (pipelined requests wait in the
 * socket and in the connection's buffer).
 *
 * What the parser refuses, a body that is too slow or too large, and a client that leaves before its
 * body was read come through `failed`, and are answered like all else.
 */
#ifndef INTAKE_SHARED_HTTP_H
#define INTAKE_SHARED_HTTP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/arena.h"
#include "shared/buf.h"
#include "shared/error.h"
#include "shared/http/network.h"
#include "shared/http/peer_count.h"
#include "shared/loop.h"
#include "shared/span.h"

enum {
	HTTP_HEADERS_MOST = 100,        /* header lines of a request */
	HTTP_HEAD_BYTES = 16 * 1024,    /* request line and headers; more: 431 */
	HTTP_DISCARD_BYTES = 16 * 1024, /* of a refused request's body are read past; more: close */
};

struct http_header {
	struct span name;
	struct span value; /* without white space around it */
};

enum http_method { METHOD_GET, METHOD_HEAD, METHOD_POST, METHOD_OTHER };

struct http_connection;
struct http_server;
struct http_service;

struct http_request {
	struct arena arena; /* of this request; the service may use it */
	enum http_method method;
	struct span path;  /* as sent, up to "?" */
	struct span query; /* behind "?"; base NULL: none */
	struct http_header headers[HTTP_HEADERS_MOST];
	size_t header_count;
	bool has_content_length;
	uint64_t content_length;
	bool chunked;
	struct span body;                   /* from `body` on */
	const char *problem;                /* static sentence, with E_BAD_REQUEST: what is wrong */
	int64_t started_us;                 /* steady clock, when its first byte was read */
	struct http_connection *connection; /* NULL once the client has gone */
	char peer[NETWORK_TEXT_BYTES];      /* the client's address, for http_peer */
	/* Whom it is told to: the listener's service, or the one it was handed over to. */
	const struct http_service *service;
	void *user;                 /* the service's own */
	struct buf orphan_input;    /* http's own: keeps the spans alive without a connection */
	struct buf owned_body;      /* http's own */
	struct http_server *server; /* http's own, without a connection only */
	size_t charged_bytes;       /* http's own, likewise */
};

struct http_response {
	int status;
	struct span headers; /* whole lines with CRLF; not Date, Content-Length, Connection */
	struct span body;
	bool close; /* close the connection behind it */
};

/* What a listener serves. All called in the loop's thread. */
struct http_service {
	/* The head is there. Answer, http_read_body, or come back later. */
	void (*head)(struct http_request *request, void *user);
	/* The body is there. Answer, now or later. */
	void (*body)(struct http_request *request, void *user);
	/*
	 * It cannot go on: E_BAD_REQUEST, E_HEADERS_TOO_LARGE, E_REQUEST_TIMEOUT, E_BODY_TOO_LARGE,
	 * E_OVERLOADED (no room for its bytes), E_CLIENT_GONE. Answer; the answer closes the
	 * connection. With the first two, and with others where the head is incomplete, `head` was
	 * never called and the request has no headers.
	 */
	void (*failed)(struct http_request *request, enum error error, void *user);
	/*
	 * A connection is over a cap and closed at once; fill what it is told (the spans are borrowed
	 * until the call after). NULL: nothing is told.
	 */
	void (*refused)(struct http_response *response, void *user);
	void *user;
};

struct http_limits {
	int64_t connections_most;
	atomic_size_t
		*connections; /* counted here, for loops that share a cap; NULL: this server's */
	struct peer_count *peers; /* borrowed, shared by loops: those of an address; NULL: no cap */
	const struct network_list
		*proxies;  /* borrowed: whose X-Forwarded-For counts; NULL: nobody's */
	size_t bytes_most; /* held by requests under way of this server; 0: no limit */
	int64_t head_ms;   /* from a request's first byte to the end of its head */
	int64_t body_ms;   /* from the end of the head to the end of the body */
	int64_t idle_ms;   /* between requests */
	int64_t write_ms;  /* for the peer to take an answer */
	bool accept_later; /* take no connection before http_server_accept */
};

/*
 * Serve a listening socket in a loop. Several loops may serve one socket.
 *
 * Takes:   listen_fd - borrowed, non-blocking, listening; service - borrowed, limits - copied.
 * Returns: owned, free with http_server_free in the loop's thread.
 */
struct http_server *http_server_new(struct loop *loop, int listen_fd,
	const struct http_service *service, const struct http_limits *limits);

/* Closes what is open without an answer. */
void http_server_free(struct http_server *server);

/* Take connections from now on, where limits said accept_later; not once it drains. */
void http_server_accept(struct http_server *server);

/* Stop accepting, close idle connections; the others close behind their answers. */
void http_server_drain(struct http_server *server);

/* What requests under way hold: heads, bodies, answers. Thread: any. */
size_t http_server_bytes(const struct http_server *server);

/* Connections open now. */
size_t http_server_connections(const struct http_server *server);

/*
 * Let another service have the request, from its head on: for a service that only looks at the path.
 *
 * Takes: service - borrowed until the answer. Its `head` is called before this returns.
 */
void http_hand_over(struct http_request *request, const struct http_service *service);

/*
 * Read the body, then `body` (or `failed`) is called, perhaps before this returns: after E_PENDING the
 * request may be gone. Answers `Expect: 100-continue`.
 *
 * Takes:   most_bytes - a longer body fails with E_BODY_TOO_LARGE, before it is read where the length
 *          is known.
 * Returns: E_PENDING; E_CLIENT_GONE: there is nobody to read from; E_OVERLOADED: the limits leave no
 *          room for it. With either of these the request still wants its answer.
 */
MUST_CHECK enum error http_read_body(struct http_request *request, size_t most_bytes);

/*
 * The request's one answer; ends it (the request is freed). Copies what it needs. A client that has
 * gone gets nothing. A body not yet read is read past when it is small, else the connection closes.
 */
void http_answer(struct http_request *request, const struct http_response *response);

/* The first header of that name (case does not matter); base NULL: none. */
struct span http_header_find(const struct http_request *request, struct span name);

/* How many headers of that name there are. */
size_t http_header_repeats(const struct http_request *request, struct span name);

/*
 * "203.0.113.7" of the client: the peer, or whom a trusted proxy names; "unix" or "unknown". Borrowed
 * until the answer.
 */
static inline struct span http_peer(const struct http_request *request)
{
	return span_of(request->peer);
}

/* The forms of an address to listen on, for people. */
#define HTTP_ADDRESS_FORMS "host:port, [v6]:port, *:port, unix:/path, systemd or systemd:name"

/*
 * A listening socket: "127.0.0.1:8080", "[::1]:8080", "*:8080", "unix:/path", "systemd" or
 * "systemd:name" (a socket unit's). Port 0: a free one. A unix socket's file has the mode that the
 * umask leaves.
 *
 * Returns: OK, ret_fd owned, close with http_unlisten, non-blocking, close-on-exec; E_SYSTEM, E_CONFIG
 *          with the sentence.
 */
MUST_CHECK enum error http_listen(const char *address, int *ret_fd, struct failure *failure);

/*
 * Connect, from the same machine, to what http_listen made of that text.
 *
 * Takes:   timeout_ms - for connecting, and for each read and write on the socket.
 * Returns: OK, ret_fd owned, blocking, close-on-exec; E_SYSTEM: nobody answers; E_CONFIG: "systemd".
 */
MUST_CHECK enum error http_connect(
	const char *address, int timeout_ms, int *ret_fd, struct failure *failure);

/* Close it; a unix socket's file of our own goes, too. Takes: address - that of http_listen. */
void http_unlisten(const char *address, int listen_fd);

/* Whether it has a form that http_listen takes; nothing is looked up. */
bool http_address_is_valid(const char *address);

/* "127.0.0.1:8080" that the socket listens on. Adds to out. */
void http_listen_address(int listen_fd, struct buf *out);

#endif
