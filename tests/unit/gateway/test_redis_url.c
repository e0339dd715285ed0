/* SPDX-License-Identifier: Apache-2.0 */
/* test_redis_url - where Redis is, by URL; and what is no URL. */
#include "gateway/redis_url.h"

#include "tests/unit/test.h"

static struct redis_url parsed(const char *text)
{
	struct failure failure = {.detail = ""};
	struct redis_url url = {.tls = false};
	ck_assert_msg(redis_url_parse(text, &url, &failure) == OK, "%s: %s", text, failure.detail);
	return url;
}

static void refused(const char *text, const char *sentence)
{
	struct failure failure = {.detail = ""};
	struct redis_url url;
	ck_assert_msg(redis_url_parse(text, &url, &failure) == E_CONFIG, "%s was taken", text);
	ck_assert_str_eq(failure.detail, sentence);
}

START_TEST(a_host_alone_has_the_usual_port)
{
	struct redis_url url = parsed("redis://cache.example.com");
	ck_assert_str_eq(url.host, "cache.example.com");
	ck_assert_int_eq(url.port, 6379);
	ck_assert_int_eq(url.database, 0);
	ck_assert(!url.tls && !url.user && !url.password && !url.path);
	redis_url_fini(&url);
}
END_TEST

START_TEST(everything_can_be_said)
{
	struct redis_url url = parsed("REDISS://us%40er:p%3a%2F%25@10.0.0.7:7000/15");
	ck_assert(url.tls);
	ck_assert_str_eq(url.host, "10.0.0.7");
	ck_assert_int_eq(url.port, 7000);
	ck_assert_str_eq(url.user, "us@er");
	ck_assert_str_eq(url.password, "p:/%");
	ck_assert_int_eq(url.database, 15);
	redis_url_fini(&url);
}
END_TEST

START_TEST(a_password_needs_no_user)
{
	struct redis_url url = parsed("redis://:a@b:c@localhost/");
	ck_assert_str_eq(url.host, "localhost");
	ck_assert_ptr_null(url.user);
	ck_assert_str_eq(url.password, "a@b:c");
	redis_url_fini(&url);
}
END_TEST

START_TEST(an_address_of_version_6_stands_in_brackets)
{
	struct redis_url url = parsed("redis://[::1]:6380/2");
	ck_assert_str_eq(url.host, "::1");
	ck_assert_int_eq(url.port, 6380);
	ck_assert_int_eq(url.database, 2);
	redis_url_fini(&url);
	url = parsed("redis://[fe80::1]");
	ck_assert_str_eq(url.host, "fe80::1");
	ck_assert_int_eq(url.port, 6379);
	redis_url_fini(&url);
}
END_TEST

START_TEST(a_socket_has_a_path)
{
	struct redis_url url = parsed("unix:/run/redis/redis.sock");
	ck_assert_str_eq(url.path, "/run/redis/redis.sock");
	ck_assert_ptr_null(url.host);
	redis_url_fini(&url);
	url = parsed("unix://ada:s3cret@/run/redis%20a.sock?db=3");
	ck_assert_str_eq(url.path, "/run/redis a.sock");
	ck_assert_str_eq(url.user, "ada");
	ck_assert_str_eq(url.password, "s3cret");
	ck_assert_int_eq(url.database, 3);
	redis_url_fini(&url);
}
END_TEST

START_TEST(what_is_no_url_is_refused_with_a_sentence)
{
	static const struct {
		const char *text;
		const char *sentence;
	} cases[] = {
		{"", "must begin with redis://, rediss:// or unix:/"},
		{"http://localhost", "must begin with redis://, rediss:// or unix:/"},
		{"redis:/localhost", "must begin with redis://, rediss:// or unix:/"},
		{"redis://", "the host is missing"},
		{"redis:///0", "the host is missing"},
		{"redis://:6379", "the host is missing"},
		{"redis://[]", "the host is missing"},
		{"redis://[::1", "the ] behind the address is missing"},
		{"redis://[::1]6379", "behind ] stands a colon and the port"},
		{"redis://::1", "the port must be a number from 1 to 65535"},
		{"redis://a:0", "the port must be a number from 1 to 65535"},
		{"redis://a:65536", "the port must be a number from 1 to 65535"},
		{"redis://a:", "the port must be a number from 1 to 65535"},
		{"redis://a b", "the host is neither a name nor an address"},
		{"redis://a%62", "the host is neither a name nor an address"},
		{"redis://a/x", "the database must be a number from 0 to 65535"},
		{"redis://a/65536", "the database must be a number from 0 to 65535"},
		{"redis://a/1?timeout=1s", "the database must be a number from 0 to 65535"},
		{"redis://secret@a", "before the @ stands user:password or :password"},
		{"redis://ada:@a", "the password is empty"},
		{"redis://:50%@a", "a % in user or password must be written %25"},
		{"redis://:%00@a", "a % in user or password must be written %25"},
		{"redis://%zz:x@a", "a % in user or password must be written %25"},
		{"unix:redis.sock", "the socket's path must begin with a slash"},
		{"unix:/", "the socket's path must begin with a slash"},
		{"unix:/a?x=1", "behind the ? stands db= and a number"},
		{"unix:/a%", "a % in the path must be written %25"},
		{"unix:/a?db=x", "the database must be a number from 0 to 65535"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		refused(cases[i].text, cases[i].sentence);
}
END_TEST

START_TEST(a_path_that_no_socket_can_have_is_refused)
{
	char text[256] = "unix:/";
	memset(text + 6, 'a', REDIS_URL_PATH_MOST - 1);
	struct redis_url url = parsed(text);
	redis_url_fini(&url);
	text[6 + REDIS_URL_PATH_MOST - 1] = 'a';
	refused(text, "the socket's path is longer than 107 bytes");
}
END_TEST

TESTS("redis_url", a_host_alone_has_the_usual_port, everything_can_be_said,
	a_password_needs_no_user, an_address_of_version_6_stands_in_brackets, a_socket_has_a_path,
	what_is_no_url_is_refused_with_a_sentence, a_path_that_no_socket_can_have_is_refused)
