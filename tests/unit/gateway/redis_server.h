/* SPDX-License-Identifier: Apache-2.0 */
/* redis_server - a Redis of the test's own, behind a socket in a folder of its own. */
#ifndef INTAKE_TESTS_UNIT_GATEWAY_REDIS_SERVER_H
#define INTAKE_TESTS_UNIT_GATEWAY_REDIS_SERVER_H

#include <sys/types.h>

struct redis_server {
	char folder[32];
	char socket[48];
	char url[64];
	pid_t pid;
};

/* Aborts where there is no redis-server. Ends with the test's process at the latest. */
void redis_server_start(struct redis_server *server);

/* The same one again, empty. */
void redis_server_restart(struct redis_server *server);
void redis_server_stop(struct redis_server *server);

/* SIGSTOP, SIGCONT, SIGKILL (and waits for its end). */
void redis_server_signal(struct redis_server *server, int signal);

/* Run redis-cli with that command; aborts when it fails. Returns what it printed, in static memory. */
const char *redis_server_command(const struct redis_server *server, const char *command);

#endif
