/* SPDX-License-Identifier: Apache-2.0 */
/* activation - listening sockets that systemd opened for us. */
#include "shared/http/activation.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FIRST_FD = 3, FDS_MOST = 64 };

/* A variable that is a whole number; -1: it is not. */
static long number_of(const char *variable)
{
	const char *text = getenv(variable);
	char *end = NULL;
	long number = text ? strtol(text, &end, 10) : -1;
	return text && end != text && !*end ? number : -1;
}

static int passed_count(void)
{
	long count = number_of("LISTEN_FDS");
	if (number_of("LISTEN_PID") != getpid() || count < 0)
		return 0;
	return count < FDS_MOST ? (int)count : FDS_MOST;
}

/* Returns: the place of the name among those between colons, or -1. */
static int place_of(const char *name)
{
	const char *names = getenv("LISTEN_FDNAMES");
	for (int place = 0; names; place++) {
		size_t len = strcspn(names, ":");
		if (strlen(name) == len && memcmp(names, name, len) == 0)
			return place;
		names = names[len] ? names + len + 1 : NULL;
	}
	return -1;
}

static bool is_listening_stream(int fd)
{
	int listens = 0;
	int type = 0;
	socklen_t len = sizeof(int);
	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == 0 && listens &&
	       getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_STREAM;
}

static bool make_ours(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
	       fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

enum error activation_find(const char *name, int *ret_fd, struct failure *failure)
{
	int count = passed_count();
	int place = *name ? place_of(name) : 0;
	if (count == 0)
		return failure_set(failure, E_CONFIG, "systemd has passed no socket");
	if (!*name && count > 1)
		return failure_set(failure, E_CONFIG,
			"systemd has passed %d sockets: say which, as systemd:NAME", count);
	if (place < 0 || place >= count)
		return failure_set(
			failure, E_CONFIG, "systemd has passed no socket called %s", name);
	if (!is_listening_stream(FIRST_FD + place))
		return failure_set(failure, E_CONFIG,
			"the socket that systemd has passed is no listening stream socket");
	if (!make_ours(FIRST_FD + place))
		return failure_set(failure, E_SYSTEM, "the socket that systemd has passed: %m");
	*ret_fd = FIRST_FD + place;
	return OK;
}
