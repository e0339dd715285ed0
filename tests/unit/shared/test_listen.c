/* SPDX-License-Identifier: Apache-2.0 */
/* test_listen - the forms of an address to listen on, and sockets that systemd passes. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/http/http.h"
#include "tests/unit/test.h"

enum { FIRST_FD = 3 };

START_TEST(an_address_has_one_of_these_forms)
{
	static const char *const good[] = {"127.0.0.1:8080", "[::1]:8080", "*:80", "localhost:0",
		"unix:/run/x.sock", "systemd", "systemd:webhooks", "systemd:8080"};
	static const char *const bad[] = {"", "8080", "127.0.0.1", "127.0.0.1:", ":8080",
		"127.0.0.1:99999", "unix:x.sock", "unix:", "systemd:", "systemdx", "systemd-x"};
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		ck_assert_msg(http_address_is_valid(good[i]), "%s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_msg(!http_address_is_valid(bad[i]), "%s", bad[i]);
}
END_TEST

/* As systemd does before it runs a service. Takes: names - NULL: an old systemd says none. */
static void pass(int count, const char *names)
{
	char number[16];
	(void)snprintf(number, sizeof(number), "%d", getpid());
	(void)setenv("LISTEN_PID", number, 1);
	(void)snprintf(number, sizeof(number), "%d", count);
	(void)setenv("LISTEN_FDS", number, 1);
	if (names)
		(void)setenv("LISTEN_FDNAMES", names, 1);
	else
		(void)unsetenv("LISTEN_FDNAMES");
}

/* Without Check, whose own pipe is where systemd's first socket belongs: a child tells by its end. */
#define EXPECT(condition)                                                                          \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			(void)fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);      \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

static void in_a_child(void (*scene)(void))
{
	int status = 0;
	pid_t pid = fork();
	if (pid == 0) {
		scene();
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

static void put_socket_at(int fd)
{
	struct failure failure;
	int listening = -1;
	EXPECT(http_listen("127.0.0.1:0", &listening, &failure) == OK);
	EXPECT(dup2(listening, fd) == fd);
	(void)fcntl(fd, F_SETFL, 0);
}

static int found(const char *address)
{
	struct failure failure;
	int fd = -1;
	EXPECT(http_listen(address, &fd, &failure) == OK);
	return fd;
}

static bool is_refused(const char *address, const char *sentence)
{
	struct failure failure;
	int fd;
	return http_listen(address, &fd, &failure) == E_CONFIG &&
	       strstr(failure.detail, sentence) != NULL;
}

static void two_sockets(void)
{
	put_socket_at(FIRST_FD);
	put_socket_at(FIRST_FD + 1);
	pass(2, "webhooks:admin");
	EXPECT(found("systemd:admin") == FIRST_FD + 1);
	EXPECT(fcntl(FIRST_FD + 1, F_GETFL) & O_NONBLOCK);
	EXPECT(fcntl(FIRST_FD + 1, F_GETFD) & FD_CLOEXEC);
	EXPECT(found("systemd:webhooks") == FIRST_FD);
	EXPECT(is_refused("systemd:web", "no socket called web"));
	EXPECT(is_refused("systemd", "2 sockets"));
	pass(1, NULL);
	EXPECT(found("systemd") == FIRST_FD);
}

START_TEST(sockets_that_systemd_passes_are_found_by_name)
{
	in_a_child(two_sockets);
}
END_TEST

static void nothing_fit(void)
{
	int pair[2];
	pass(1, "a");
	(void)setenv("LISTEN_PID", "1", 1);
	EXPECT(is_refused("systemd", "no socket"));
	(void)unsetenv("LISTEN_PID");
	EXPECT(is_refused("systemd", "no socket"));
	pass(1, "a");
	(void)setenv("LISTEN_FDS", "x", 1);
	EXPECT(is_refused("systemd", "no socket"));
	pass(1, "a");
	EXPECT(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	EXPECT(dup2(pair[0], FIRST_FD) == FIRST_FD);
	EXPECT(is_refused("systemd", "no listening stream socket"));
	pass(1, "a:b");
	EXPECT(is_refused("systemd:b", "no socket called b"));
}

START_TEST(what_is_no_listening_socket_of_ours_is_refused)
{
	in_a_child(nothing_fit);
}
END_TEST

TESTS("listen", an_address_has_one_of_these_forms, sockets_that_systemd_passes_are_found_by_name,
	what_is_no_listening_socket_of_ours_is_refused)
