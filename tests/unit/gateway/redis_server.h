/* SPDX-License-Identifier: Apache-2.0 */
/*
 * redis_server - a Redis of the test's own, in a folder of its own: at a socket, and at a port of
 * 127.0.0.1.
 */
#ifndef INTAKE_TESTS_UNIT_GATEWAY_REDIS_SERVER_H
#define INTAKE_TESTS_UNIT_GATEWAY_REDIS_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

struct redis_server {
	char folder[32];
	char socket[48];
	char url[64]; /* the socket's */
	int port;
	bool tls; /* at the port */
	pid_t pid;
};

/* Aborts where there is no redis-server. Ends with the test's process at the latest. */
void redis_server_start(struct redis_server *server);

/* The port speaks TLS: "<folder>/certificate" is for localhost and 127.0.0.1, and its own authority. */
void redis_server_start_tls(struct redis_server *server);

/* The same one again, empty. */
void redis_server_restart(struct redis_server *server);
void redis_server_stop(struct redis_server *server);

/* SIGSTOP, SIGCONT, SIGKILL (and waits for its end). */
void redis_server_signal(struct redis_server *server, int signal);

/* Run redis-cli with that command; aborts when it fails. Returns what it printed, in static memory. */
const char *redis_server_command(const struct redis_server *server, const char *command);

#endif
