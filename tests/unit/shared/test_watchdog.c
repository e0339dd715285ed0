/* SPDX-License-Identifier: Apache-2.0 */
/* test_watchdog - what systemd hears: ready, stopping, a status, and that every loop turns. */
#include "shared/watchdog.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/test.h"

enum { WITHIN_US = 4000000, ROUND_US = WITHIN_US / 4, THREADS = 4, TURNS = 2000 };

static int listener;

/* As systemd does before it runs a service, with a name that is this test's own. */
static void listen_as_systemd(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char name[64];
	int len = snprintf(name, sizeof(name), "@intake-test-%d", getpid());
	memcpy(address.sun_path + 1, name + 1, (size_t)len - 1);
	listener = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address,
				 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)len)),
		0);
	(void)setenv("NOTIFY_SOCKET", name, 1);
	(void)setenv("WATCHDOG_USEC", "4000000", 1);
	(void)unsetenv("WATCHDOG_PID");
}

/* What was told next; "": nothing. Borrowed until the next call. */
static const char *heard(void)
{
	static char message[512];
	ssize_t got = recv(listener, message, sizeof(message) - 1, 0);
	message[got > 0 ? got : 0] = '\0';
	return message;
}

START_TEST(systemd_hears_the_start_the_end_and_each_status_once)
{
	struct notify notify;
	listen_as_systemd();
	notify_open(&notify);
	notify_ready(&notify);
	ck_assert_str_eq(heard(), "READY=1");
	notify_status(&notify, SPAN("one\ntwo\n"));
	notify_status(&notify, SPAN("one\nthree\n"));
	ck_assert_str_eq(heard(), "STATUS=one");
	ck_assert_str_eq(heard(), "");
	notify_status(&notify, SPAN(""));
	ck_assert_str_eq(heard(), "STATUS=");
	notify_stopping(&notify);
	ck_assert_int_eq(strncmp(heard(), "STOPPING=1\n", 11), 0);
	notify_close(&notify);
}
END_TEST

START_TEST(nobody_is_told_where_nobody_listens)
{
	static const char *const bad[] = {"", "relative", "/nowhere/at/all", "@"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct notify notify;
		(void)setenv("NOTIFY_SOCKET", bad[i], 1);
		notify_open(&notify);
		ck_assert_int_eq(notify.fd, -1);
		notify_ready(&notify);
		notify_close(&notify);
	}
}
END_TEST

START_TEST(the_watchdog_of_another_process_is_not_ours)
{
	struct notify notify;
	listen_as_systemd();
	notify_open(&notify);
	(void)setenv("WATCHDOG_PID", "1", 1);
	ck_assert_ptr_null(watchdog_new(&notify));
	(void)unsetenv("WATCHDOG_PID");
	(void)setenv("WATCHDOG_USEC", "0", 1);
	ck_assert_ptr_null(watchdog_new(&notify));
	(void)unsetenv("WATCHDOG_USEC");
	ck_assert_ptr_null(watchdog_new(&notify));
	notify_close(&notify);
}
END_TEST

START_TEST(a_round_is_told_when_every_loop_has_turned_in_it)
{
	struct watchdog_member one;
	struct watchdog_member two;
	struct notify notify;
	listen_as_systemd();
	notify_open(&notify);
	struct watchdog *watchdog = watchdog_new(&notify);
	watchdog_join(watchdog, &one);
	watchdog_join(watchdog, &two);
	for (int turn = 0; turn < 3; turn++)
		watchdog_turned(&one, 1);
	ck_assert_str_eq(heard(), "");
	watchdog_turned(&two, 2);
	ck_assert_str_eq(heard(), "WATCHDOG=1");
	/* The next round has not begun. */
	watchdog_turned(&one, 3);
	watchdog_turned(&two, 3);
	ck_assert_str_eq(heard(), "");
	watchdog_turned(&two, 2 + ROUND_US);
	ck_assert_str_eq(heard(), "");
	watchdog_turned(&one, 3 + ROUND_US);
	ck_assert_str_eq(heard(), "WATCHDOG=1");
	/* One stands still, the other goes on for ever. */
	for (int64_t now_us = 2 * ROUND_US; now_us < INT64_C(100) * ROUND_US; now_us += ROUND_US)
		watchdog_turned(&one, now_us + 4);
	ck_assert_str_eq(heard(), "");
	watchdog_free(watchdog);
	notify_close(&notify);
}
END_TEST

static struct watchdog_member members[THREADS];
static _Atomic int64_t now_us;

static void *turn(void *user)
{
	for (int i = 0; i < TURNS; i++)
		watchdog_turned(user, atomic_fetch_add(&now_us, ROUND_US / 2));
	return NULL;
}

START_TEST(threads_count_themselves_without_a_lock)
{
	pthread_t threads[THREADS];
	struct notify notify;
	listen_as_systemd();
	notify_open(&notify);
	struct watchdog *watchdog = watchdog_new(&notify);
	for (int i = 0; i < THREADS; i++)
		watchdog_join(watchdog, &members[i]);
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, turn, &members[i]), 0);
	for (int i = 0; i < THREADS; i++)
		(void)pthread_join(threads[i], NULL);
	while (*heard())
		;
	/* However the rounds went, the next ones need each of them, once. */
	for (int i = 0; i < THREADS; i++)
		watchdog_turned(&members[i], atomic_load(&now_us) + ROUND_US);
	while (*heard())
		;
	for (int i = 0; i < THREADS - 1; i++)
		watchdog_turned(&members[i], atomic_load(&now_us) + 3 * ROUND_US);
	const char *early = heard();
	watchdog_turned(&members[THREADS - 1], atomic_load(&now_us) + 3 * ROUND_US);
	ck_assert_str_eq(early, "");
	ck_assert_str_eq(heard(), "WATCHDOG=1");
	watchdog_free(watchdog);
	notify_close(&notify);
}
END_TEST

TESTS("watchdog", systemd_hears_the_start_the_end_and_each_status_once,
	nobody_is_told_where_nobody_listens, the_watchdog_of_another_process_is_not_ours,
	a_round_is_told_when_every_loop_has_turned_in_it, threads_count_themselves_without_a_lock)
