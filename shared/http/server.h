/* SPDX-License-Identifier: Apache-2.0 */
/* server - what connection and server share; nothing outside shared/http includes it. */
#ifndef INTAKE_SHARED_HTTP_SERVER_H
#define INTAKE_SHARED_HTTP_SERVER_H

#include <llhttp.h>
#include <stdatomic.h>

#include "shared/http/chunk_scan.h"
#include "shared/http/head_scan.h"
#include "shared/http/http.h"
#include "shared/log.h"

enum {
	HTTP_INPUT_FIRST_BYTES = 4096,  /* what most requests fit into */
	HTTP_SCRATCH_BYTES = 64 * 1024, /* large bodies are read through it */
	HTTP_POOL_COUNT = 1024,         /* free requests and buffers kept */
	HTTP_LINGER_MS = 2000,          /* to read on before a close, lest the answer be reset */
	HTTP_LINGER_BYTES = 1024 * 1024,
	HTTP_REQUESTS_A_TURN = 32, /* of one connection (or empty reads); then others' turn */
	HTTP_AGAIN_MS = 1,
	HTTP_DRAIN_IDLE_MS = 1000, /* a request may be on its way on an idle connection */
	HTTP_ACCEPT_BATCH = 32,    /* connections taken in one turn */
	HTTP_ACCEPT_LAST = 4096,   /* ... and before the end: what a listener's backlog holds */
	HTTP_ACCEPT_AGAIN_MS = 100,
	HTTP_LOG_EVERY_MS = 10000,
	HTTP_RAW_BODY_FACTOR = 8, /* chunked coding may cost this much more than the body */
	HTTP_RAW_BODY_BYTES = 64 * 1024,
};

/* What a connection is doing. */
enum http_state {
	HTTP_IDLE,    /* between requests; holds no buffer */
	HTTP_IN_HEAD, /* part of a head is here */
	HTTP_SERVING, /* the service has the request; nothing is read */
	HTTP_IN_BODY, /* the service asked for the body */
	HTTP_DISCARD, /* answered, reading past the body */
	HTTP_LINGER,  /* answered and shut down, reading until the peer closes */
};

/* Whom a connection comes from. */
struct http_peer {
	char text[NETWORK_TEXT_BYTES];
	struct network_address client; /* what the limits' peers count it as */
	bool is_counted;               /* there */
	bool is_proxy;                 /* X-Forwarded-For says who the client is */
};

struct http_connection {
	struct loop_watch watch;
	struct loop_deadline deadline; /* of the present state */
	struct loop_deadline again;    /* armed: it has had its share of the turn */
	unsigned served_in_turn;
	int64_t head_started_us; /* steady clock: when the present head's first byte was read */
	struct http_server *server;
	struct http_connection *older; /* all connections of the server */
	struct http_connection *newer;
	struct http_request *request; /* owned by http until the answer; NULL: none */
	enum http_state state;
	bool readable; /* edge-triggered: a recv may find something */
	bool hung_up;  /* the peer has sent its last byte */
	bool running;  /* `run` of connection.c is on the stack */
	bool message_complete;
	bool keep_alive;
	bool expect_continue;
	bool close_after_output;
	struct head_scan scan;
	struct chunk_scan chunks;
	bool chunked; /* the present body, whose request may be gone */
	llhttp_t parser;
	char *input; /* owned; the present request's spans point into it */
	size_t input_capacity;
	size_t input_len;
	size_t parsed;     /* bytes of input that llhttp has seen */
	struct buf carry;  /* bytes behind a body that came through the scratch buffer */
	struct buf output; /* what the peer has not taken yet */
	size_t output_at;
	size_t body_most_bytes;
	size_t announced_bytes;  /* of the body, where the input buffer has no room for it */
	size_t charged_bytes;    /* what it counts for in the server's held_bytes */
	uint64_t raw_body_bytes; /* body bytes read, with chunk framing */
	uint64_t discarded_bytes;
	const char *problem; /* static: why the parser refused */
	enum error head_error;
	struct http_peer peer;
};

struct http_server {
	struct loop *loop;
	struct loop_watch listener;
	bool accepting;
	bool draining;
	const struct http_service *service;
	struct http_limits limits;
	struct http_connection *newest;
	size_t connection_count;
	atomic_size_t own_count;
	atomic_size_t *shared_count; /* what connections_most is about: own_count, or the limits' */
	atomic_size_t held_bytes;    /* see charge.c */
	struct log_limit no_descriptors;
	struct loop_deadlines head_deadlines;
	struct loop_deadlines body_deadlines;
	struct loop_deadlines idle_deadlines;
	struct loop_deadlines write_deadlines;
	struct loop_deadlines linger_deadlines;
	struct loop_deadlines drain_deadlines; /* of idle connections, once draining */
	struct loop_deadlines again_deadlines;
	struct loop_deadlines accept_deadlines; /* when to accept again after EMFILE */
	struct loop_deadline accept_again;
	llhttp_settings_t callbacks;
	struct http_request *free_requests;
	size_t free_request_count;
	char *free_inputs; /* each of HTTP_INPUT_FIRST_BYTES, linked by its first bytes */
	size_t free_input_count;
	struct buf answer; /* scratch, for one answer */
	char *scratch;     /* HTTP_SCRATCH_BYTES */
	int64_t date_s;
	char date[32]; /* RFC 9110 section 5.6.7 */
};

/* connection.c */
void http_connection_open(struct http_server *server, int fd, const struct http_peer *peer);
void http_connection_close(struct http_connection *connection);
void http_connection_drain(struct http_connection *connection);
void http_connection_expired(struct loop_deadline *deadline);
void http_connection_again(struct loop_deadline *deadline);

/* Enter a state, with the deadline that it has. */
void http_connection_set(struct http_connection *connection, enum http_state state);

/* The request is over: what is left of the input belongs to the next one. */
void http_connection_next(struct http_connection *connection);

/* Nothing more is answered here: shut down, and read on for a while lest the answer be reset. */
void http_connection_linger(struct http_connection *connection);

/* Tell the service that the request cannot go on; the answer closes the connection. */
void http_request_fail(struct http_connection *connection, enum error error);

/*
 * transfer.c: between the socket and the buffers
 *
 * Returns: OK: some bytes have moved; E_PENDING: the socket has or takes none now; E_CLIENT_GONE.
 */
MUST_CHECK enum error http_flush(struct http_connection *connection); /* OK: all is sent */
MUST_CHECK enum error http_receive(
	struct http_connection *connection, char *into, size_t room, size_t *ret_len);
MUST_CHECK enum error http_input_fill(struct http_connection *connection);

/* Send, and keep what the peer does not take. The outcome shows at the next flush. */
void http_send(struct http_connection *connection, struct span bytes);

/* Room for that many bytes in all. */
void http_input_reserve(struct http_connection *connection, size_t bytes);
void http_input_drop(struct http_connection *connection);

/*
 * head.c, body.c: move on in one of the states.
 *
 * Returns: OK: another state was entered or bytes were taken, call again; E_PENDING, E_CLIENT_GONE.
 */
MUST_CHECK enum error http_run_head(struct http_connection *connection);
MUST_CHECK enum error http_run_body(struct http_connection *connection);
MUST_CHECK enum error http_run_discard(struct http_connection *connection);

/* A head that cannot be: the service answers a request without headers. */
void http_head_fail(struct http_connection *connection, enum error error);

/* Whether the rest of a body is small enough to be read past. */
bool http_may_discard(const struct http_connection *connection);

/* charge.c: bytes held by requests under way */

/* Count what the connection and its request hold now. */
void http_charge(struct http_connection *connection);

/* The connection ends. Takes: orphan - its request that goes on without it, or NULL. */
void http_charge_close(struct http_connection *connection, struct http_request *orphan);
void http_charge_end(struct http_request *orphan);

/* Whether so many bytes more are within the limit. */
bool http_has_room(const struct http_server *server, uint64_t bytes);

/* answer.c: put the answer's bytes into server->answer */
void http_write_answer(struct http_server *server, const struct http_response *response,
	bool close_behind, bool with_body);

/* pool.c: requests and input buffers that are used again */
struct http_request *http_request_take(struct http_server *server);
void http_request_give(struct http_server *server, struct http_request *request);
char *http_input_take(struct http_server *server);
void http_input_give(struct http_server *server, char *input, size_t capacity);
void http_pool_fini(struct http_server *server);

/* parser.c: llhttp to struct http_request */
void http_parser_callbacks(llhttp_settings_t *callbacks);

/*
 * Parse the head that head_scan found complete.
 *
 * Returns: OK with connection->request filled; E_BAD_REQUEST, E_HEADERS_TOO_LARGE with
 *          connection->problem set.
 */
MUST_CHECK enum error http_parse_head(struct http_connection *connection, size_t head_len);

/*
 * Feed body bytes.
 *
 * Takes:   bytes - wherever they are; those in the input buffer right behind the ones before are not
 *          copied.
 * Returns: OK with ret_used (fewer than given once message_complete); E_BAD_REQUEST;
 *          E_BODY_TOO_LARGE.
 */
MUST_CHECK enum error http_parse_body(
	struct http_connection *connection, struct span bytes, size_t *ret_used);

#endif
