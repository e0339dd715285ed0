/* SPDX-License-Identifier: Apache-2.0 */
/* listen - listening sockets from the text of a setting, and connections to them. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <netinet/in.h>

#include "shared/http/activation.h"
#include "shared/http/http.h"
#include "shared/http/network.h"
#include "shared/memory.h"

enum { LISTEN_BACKLOG = 4096 }; /* the kernel cuts it to net.core.somaxconn */

static const long MS_PER_S = 1000;
static const long US_PER_MS = 1000;

#define UNIX_PREFIX "unix:"
#define SYSTEMD_WORD "systemd"

static enum error listen_on(int family, const struct sockaddr *address, socklen_t len,
	const char *text, int *ret_fd, struct failure *failure)
{
	int on = 1;
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return failure_set(failure, E_SYSTEM, "%s: %s", text, strerror(errno));
	if (family != AF_UNIX)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, address, len) != 0 || listen(fd, LISTEN_BACKLOG) != 0) {
		enum error error = failure_set(
			failure, E_SYSTEM, "cannot listen on %s: %s", text, strerror(errno));
		(void)close(fd);
		return error;
	}
	*ret_fd = fd;
	return OK;
}

/* A socket file that nobody answers on any more is a left-over; one that answers is in use. */
static void remove_stale_socket(const struct sockaddr_un *address)
{
	struct stat status;
	if (lstat(address->sun_path, &status) != 0 || !S_ISSOCK(status.st_mode))
		return;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 &&
		errno == ECONNREFUSED)
		(void)unlink(address->sun_path);
	(void)close(fd);
}

static enum error fill_unix(
	const char *text, struct sockaddr_un *ret_address, struct failure *failure)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *path = text + strlen(UNIX_PREFIX);
	if (!*path || strlen(path) >= sizeof(address.sun_path))
		return failure_set(failure, E_CONFIG, "%s: a socket's path has 1 to %zu bytes",
			text, sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, strlen(path) + 1);
	*ret_address = address;
	return OK;
}

static enum error listen_unix(const char *text, int *ret_fd, struct failure *failure)
{
	struct sockaddr_un address;
	enum error error = fill_unix(text, &address, failure);
	if (error)
		return error;
	remove_stale_socket(&address);
	return listen_on(
		AF_UNIX, (struct sockaddr *)&address, sizeof(address), text, ret_fd, failure);
}

/* "host:port", "[v6]:port", "*:port" to its parts. Both returned owned. */
static bool split_address(const char *text, char **ret_host, char **ret_port)
{
	const char *colon = strrchr(text, ':');
	if (!colon || colon == text || !colon[1])
		return false;
	size_t host_len = (size_t)(colon - text);
	const char *host = text;
	if (host[0] == '[' && host[host_len - 1] == ']') {
		host++;
		host_len -= 2;
	}
	*ret_host = memory_zeroed(1, host_len + 1);
	memcpy(*ret_host, host, host_len);
	*ret_port = memory_string(colon + 1);
	return true;
}

static bool is_unix(const char *address)
{
	return strncmp(address, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0;
}

/* Returns: the name in "systemd:name", "" of "systemd", NULL: it is something else. */
static const char *systemd_name(const char *address)
{
	const size_t word_len = strlen(SYSTEMD_WORD);
	if (strncmp(address, SYSTEMD_WORD, word_len) != 0)
		return NULL;
	if (address[word_len] == '\0')
		return "";
	/* A number would be a port, and "systemd" a host. */
	const char *name = address + word_len + 1;
	return address[word_len] == ':' && *name && !network_port_is_valid(span_of(name)) ? name
											  : NULL;
}

bool http_address_is_valid(const char *address)
{
	char *host = NULL;
	char *port = NULL;
	if (systemd_name(address))
		return true;
	if (is_unix(address))
		return address[strlen(UNIX_PREFIX)] == '/';
	bool valid = split_address(address, &host, &port) && *host &&
		     network_port_is_valid(span_of(port));
	free(host);
	free(port);
	return valid;
}

/* "host:port" to addresses. Returns: owned, freeaddrinfo; NULL: failure says E_CONFIG. */
static struct addrinfo *resolve(const char *address, int flags, struct failure *failure)
{
	char *host = NULL;
	char *port = NULL;
	struct addrinfo *found = NULL;
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags | AI_NUMERICSERV};
	if (!split_address(address, &host, &port)) {
		(void)failure_set(failure, E_CONFIG, "%s: write " HTTP_ADDRESS_FORMS, address);
		return NULL;
	}
	int code = getaddrinfo(strcmp(host, "*") == 0 ? NULL : host, port, &hints, &found);
	if (code)
		(void)failure_set(failure, E_CONFIG, "%s: %s", address, gai_strerror(code));
	free(host);
	free(port);
	return code ? NULL : found;
}

enum error http_listen(const char *address, int *ret_fd, struct failure *failure)
{
	if (systemd_name(address))
		return activation_find(systemd_name(address), ret_fd, failure);
	if (is_unix(address))
		return listen_unix(address, ret_fd, failure);
	struct addrinfo *found = resolve(address, AI_PASSIVE, failure);
	if (!found)
		return failure->error;
	enum error error = listen_on(
		found->ai_family, found->ai_addr, found->ai_addrlen, address, ret_fd, failure);
	freeaddrinfo(found);
	return error;
}

static enum error connect_to(int family, const struct sockaddr *address, socklen_t len,
	int timeout_ms, const char *text, int *ret_fd, struct failure *failure)
{
	const struct timeval timeout = {timeout_ms / MS_PER_S, timeout_ms % MS_PER_S * US_PER_MS};
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return failure_set(failure, E_SYSTEM, "%s: %s", text, strerror(errno));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	if (connect(fd, address, len) != 0) {
		enum error error = failure_set(
			failure, E_SYSTEM, "nobody answers at %s: %s", text, strerror(errno));
		(void)close(fd);
		return error;
	}
	*ret_fd = fd;
	return OK;
}

static enum error connect_unix(
	const char *text, int timeout_ms, int *ret_fd, struct failure *failure)
{
	struct sockaddr_un address;
	enum error error = fill_unix(text, &address, failure);
	if (error)
		return error;
	return connect_to(AF_UNIX, (struct sockaddr *)&address, sizeof(address), timeout_ms, text,
		ret_fd, failure);
}

enum error http_connect(const char *address, int timeout_ms, int *ret_fd, struct failure *failure)
{
	if (systemd_name(address))
		return failure_set(
			failure, E_CONFIG, "%s: only systemd knows where that is", address);
	if (is_unix(address))
		return connect_unix(address, timeout_ms, ret_fd, failure);
	struct addrinfo *found = resolve(address, 0, failure);
	if (!found)
		return failure->error;
	/* Of "*" it listens on one family, and either may come first here. */
	enum error error = E_SYSTEM;
	for (struct addrinfo *at = found; at && error; at = at->ai_next)
		error = connect_to(at->ai_family, at->ai_addr, at->ai_addrlen, timeout_ms, address,
			ret_fd, failure);
	freeaddrinfo(found);
	return error;
}

void http_unlisten(const char *address, int listen_fd)
{
	/* While it is open nobody else can have put a socket of his there. */
	if (is_unix(address))
		(void)unlink(address + strlen(UNIX_PREFIX));
	(void)close(listen_fd);
}

void http_listen_address(int listen_fd, struct buf *out)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
		struct sockaddr_un local;
	} address = {.v6 = {0}};
	socklen_t len = sizeof(address);
	char text[INET6_ADDRSTRLEN] = "";
	if (getsockname(listen_fd, &address.any, &len) != 0)
		return;
	if (address.any.sa_family == AF_UNIX) {
		buf_printf(out, "unix:%s", address.local.sun_path);
	} else if (address.any.sa_family == AF_INET) {
		(void)inet_ntop(AF_INET, &address.v4.sin_addr, text, sizeof(text));
		buf_printf(out, "%s:%u", text, ntohs(address.v4.sin_port));
	} else {
		(void)inet_ntop(AF_INET6, &address.v6.sin6_addr, text, sizeof(text));
		buf_printf(out, "[%s]:%u", text, ntohs(address.v6.sin6_port));
	}
}
