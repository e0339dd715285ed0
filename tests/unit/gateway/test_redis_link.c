/* SPDX-License-Identifier: Apache-2.0 */
/* test_redis_link - a connection to Redis that is kept up, and what it says when it cannot be. */
#include "gateway/redis_link.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/clock.h"
#include "tests/unit/gateway/redis_server.h"
#include "tests/unit/test.h"

enum { PATIENCE_MS = 15000, OPEN_MS = 1000 };

static struct redis_server server;
static struct loop *loop;

/* What the link has told so far. */
static struct {
	int opened;
	int closed;
	int answered;
	bool was_error;
	char text[512];
	char reason[160];
} told;

/* The loop ends when one of these counts is reached. */
static int *awaited;
static int awaited_count;
static struct loop_deadlines patience;
static struct loop_deadline patience_end;

static void note(int *count)
{
	++*count;
	if (count == awaited && *count >= awaited_count)
		loop_stop(loop);
}

static void on_opened(void *user)
{
	(void)user;
	note(&told.opened);
}

static void on_answered(void *user, const struct redis_answer *answer)
{
	(void)user;
	told.was_error = answer->is_error;
	(void)snprintf(told.text, sizeof(told.text), "%.*s", (int)answer->text.len,
		answer->text.len ? answer->text.base : "");
	note(&told.answered);
}

static void on_closed(void *user, const char *reason)
{
	(void)user;
	(void)snprintf(told.reason, sizeof(told.reason), "%s", reason);
	note(&told.closed);
}

static void on_impatient(struct loop_deadline *deadline)
{
	(void)deadline;
	ck_abort_msg("it takes too long; last closed because: %s", told.reason);
}

static void run_until(int *count, int wanted)
{
	awaited = count;
	awaited_count = wanted;
	loop_arm(&patience, &patience_end);
	if (*count < wanted)
		loop_run(loop);
	loop_disarm(&patience_end);
}

static struct redis_url url;

static struct redis_link *link_to(const char *format, ...) __attribute__((format(printf, 1, 2)));

static struct redis_link *link_to(const char *format, ...)
{
	static const struct redis_link_owner owner = {on_opened, on_answered, on_closed, NULL};
	char text[128];
	struct failure failure;
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	ck_assert(redis_url_parse(text, &url, &failure) == OK);
	loop = loop_new();
	loop_deadlines_init(loop, &patience, PATIENCE_MS, on_impatient);
	return redis_link_new(loop, &url, &owner);
}

static void end(struct redis_link *link)
{
	redis_link_free(link);
	loop_free(loop);
	redis_url_fini(&url);
}

static void ping(struct redis_link *link)
{
	int before = told.answered;
	redis_link_send(link, SPAN("*1\r\n$4\r\nPING\r\n"));
	run_until(&told.answered, before + 1);
	ck_assert_str_eq(told.text, "PONG");
}

static void works(struct redis_link *link)
{
	run_until(&told.opened, 1);
	redis_link_ready(link);
	ping(link);
	ck_assert_int_eq(told.closed, 0);
}

START_TEST(a_name_is_looked_up_and_its_addresses_tried)
{
	redis_server_start(&server);
	struct redis_link *link = link_to("redis://localhost:%d", server.port);
	works(link);
	end(link);
	redis_server_stop(&server);
}
END_TEST

START_TEST(a_login_with_user_and_password_and_database)
{
	redis_server_start(&server);
	(void)redis_server_command(&server, "acl setuser ada on '>a b%' '~*' '+@all'");
	(void)redis_server_command(&server, "config set requirepass secret");
	struct redis_link *link = link_to("redis://ada:a%%20b%%25@127.0.0.1:%d/7", server.port);
	works(link);
	redis_link_send(link, SPAN("*2\r\n$6\r\nCLIENT\r\n$4\r\nINFO\r\n"));
	run_until(&told.answered, 2);
	ck_assert(strstr(told.text, " db=7 ") && strstr(told.text, " user=ada "));
	end(link);
	redis_server_stop(&server);
}
END_TEST

START_TEST(a_refused_login_is_told_without_what_was_sent)
{
	redis_server_start(&server);
	(void)redis_server_command(&server, "config set requirepass secret");
	struct redis_link *link = link_to("redis://:wrong@127.0.0.1:%d", server.port);
	run_until(&told.closed, 2); /* and it goes on trying */
	ck_assert_str_eq(told.reason, "Redis refuses our AUTH: WRONGPASS");
	ck_assert_int_eq(told.opened, 0);
	end(link);
	redis_server_stop(&server);
}
END_TEST

START_TEST(a_missing_login_and_a_missing_database_are_told)
{
	redis_server_start(&server);
	struct redis_link *link = link_to("redis://127.0.0.1:%d/999", server.port);
	run_until(&told.closed, 1);
	ck_assert_str_eq(told.reason, "Redis refuses our SELECT: ERR");
	end(link);
	(void)redis_server_command(&server, "config set requirepass secret");
	link = link_to("redis://127.0.0.1:%d", server.port);
	run_until(&told.closed, 2);
	ck_assert_str_eq(told.reason, "Redis refuses our SELECT: NOAUTH");
	end(link);
	redis_server_stop(&server);
}
END_TEST

START_TEST(a_connection_that_ends_comes_back)
{
	redis_server_start(&server);
	struct redis_link *link = link_to("%s", server.url);
	works(link);
	redis_server_signal(&server, SIGKILL);
	run_until(&told.closed, 1);
	redis_server_restart(&server);
	run_until(&told.opened, 2);
	ping(link);
	end(link);
	redis_server_stop(&server);
}
END_TEST

START_TEST(an_owner_that_has_no_use_for_it_gets_a_new_one)
{
	redis_server_start(&server);
	struct redis_link *link = link_to("%s", server.url);
	run_until(&told.opened, 1);
	run_until(&told.closed, 1); /* nobody said that it was ready */
	ck_assert_str_eq(told.reason, "no answer in time to our scripts");
	run_until(&told.opened, 2);
	redis_link_fail(link, "of no use");
	ck_assert_str_eq(told.reason, "of no use");
	run_until(&told.opened, 3);
	end(link);
	redis_server_stop(&server);
}
END_TEST

/* Returns the socket; told the port that it listens on, without ever saying a word. */
static int silent_listener(int *ret_port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert(bind(fd, (struct sockaddr *)&address, len) == 0 && listen(fd, 16) == 0);
	ck_assert(getsockname(fd, (struct sockaddr *)&address, &len) == 0);
	*ret_port = ntohs(address.sin_port);
	return fd;
}

START_TEST(a_server_that_says_nothing_is_not_waited_for)
{
	int port;
	int fd = silent_listener(&port);
	int64_t began_ms = clock_steady_ms();
	struct redis_link *link = link_to("redis://127.0.0.1:%d", port);
	run_until(&told.closed, 1);
	ck_assert_str_eq(told.reason, "no answer in time to our login");
	ck_assert_int_ge(clock_steady_ms() - began_ms, OPEN_MS - 1);
	ck_assert_int_lt(clock_steady_ms() - began_ms, 2 * OPEN_MS);
	end(link);
	(void)close(fd);
}
END_TEST

static void talk_http(int listener)
{
	static const char answer[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		ssize_t sent = write(fd, answer, sizeof(answer) - 1);
		(void)sent;
	}
}

START_TEST(a_server_that_is_no_redis_is_no_use)
{
	int port;
	int fd = silent_listener(&port);
	pid_t pid = fork();
	if (pid == 0)
		talk_http(fd);
	struct redis_link *link = link_to("redis://127.0.0.1:%d", port);
	run_until(&told.closed, 2);
	ck_assert_msg(strstr(told.reason, "Protocol error") != NULL, "%s", told.reason);
	ck_assert_int_eq(told.opened, 0);
	end(link);
	ck_assert(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
	(void)close(fd);
}
END_TEST

START_TEST(nobody_there_is_told_and_tried_again)
{
	int port;
	(void)close(silent_listener(&port));
	struct redis_link *link = link_to("redis://127.0.0.1:%d", port);
	run_until(&told.closed, 3);
	ck_assert_str_eq(told.reason, "cannot connect: Connection refused");
	end(link);
	link = link_to("unix:/nowhere/redis.sock");
	run_until(&told.closed, 4);
	ck_assert_str_eq(told.reason, "cannot connect: No such file or directory");
	end(link);
}
END_TEST

START_TEST(a_name_that_is_none_is_told)
{
	struct redis_link *link = link_to("redis://no-such-host.invalid");
	run_until(&told.closed, 1);
	ck_assert_msg(strncmp(told.reason, "the host's name", 15) == 0, "%s", told.reason);
	end(link);
}
END_TEST

static void stop_loop(struct loop_task *task)
{
	(void)task;
	loop_stop(loop);
}

START_TEST(a_link_may_end_while_its_name_is_looked_up)
{
	for (int i = 0; i < 50; i++) {
		struct redis_link *link = link_to("redis://localhost:1");
		struct loop_task at_the_end_of_the_turn = {.run = stop_loop};
		loop_defer(loop, &at_the_end_of_the_turn);
		loop_run(loop); /* the look-up has begun */
		if (i % 2)
			(void)usleep(20000); /* and ended, unheard */
		end(link);
	}
	ck_assert_int_eq(told.closed, 0);
}
END_TEST

/* ---- TLS, where hiredis has it */

static bool has_tls(void)
{
	struct failure failure = {.detail = ""};
	static const struct redis_url tls = {.tls = true, .host = "localhost"};
	if (redis_link_check(&tls, &failure) == OK)
		return true;
	ck_assert_str_eq(failure.detail, "rediss:// needs a hiredis with TLS (Debian 13 has one), "
					 "which this build lacks");
	return false;
}

static void trust(const char *certificate)
{
	ck_assert(setenv("SSL_CERT_FILE", certificate, 1) == 0);
}

START_TEST(tls_works_by_name_and_by_address_or_is_refused_with_a_sentence)
{
	char certificate[64];
	if (!has_tls())
		return;
	redis_server_start_tls(&server);
	(void)snprintf(certificate, sizeof(certificate), "%s/certificate", server.folder);
	trust(certificate);
	struct redis_link *link = link_to("rediss://localhost:%d", server.port);
	works(link);
	end(link);
	link = link_to("rediss://127.0.0.1:%d/2", server.port);
	run_until(&told.opened, 2);
	redis_link_ready(link);
	for (int i = 0; i < 100; i++)
		ping(link);
	end(link);
	redis_server_stop(&server);
}
END_TEST

START_TEST(a_certificate_of_another_or_of_nobody_we_know_is_refused)
{
	char certificate[64];
	if (!has_tls())
		return;
	redis_server_start_tls(&server);
	(void)snprintf(certificate, sizeof(certificate), "%s/certificate", server.folder);
	trust(certificate);
	struct redis_link *link = link_to("rediss://127.0.0.2:%d", server.port);
	run_until(&told.closed, 1);
	ck_assert_msg(strstr(told.reason, "certificate verify failed") != NULL, "%s", told.reason);
	end(link);
	trust("/dev/null");
	link = link_to("rediss://localhost:%d", server.port);
	run_until(&told.closed, 2);
	ck_assert_msg(strstr(told.reason, "certificate verify failed") != NULL, "%s", told.reason);
	ck_assert_int_eq(told.opened, 0);
	end(link);
	redis_server_stop(&server);
}
END_TEST

TESTS("redis_link", a_name_is_looked_up_and_its_addresses_tried,
	a_login_with_user_and_password_and_database, a_refused_login_is_told_without_what_was_sent,
	a_missing_login_and_a_missing_database_are_told, a_connection_that_ends_comes_back,
	an_owner_that_has_no_use_for_it_gets_a_new_one,
	a_server_that_says_nothing_is_not_waited_for, a_server_that_is_no_redis_is_no_use,
	nobody_there_is_told_and_tried_again, a_name_that_is_none_is_told,
	a_link_may_end_while_its_name_is_looked_up,
	tls_works_by_name_and_by_address_or_is_refused_with_a_sentence,
	a_certificate_of_another_or_of_nobody_we_know_is_refused)
