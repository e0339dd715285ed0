/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_smuggling - requests that parsers disagree about: refused once and closed, or taken for what
 * they are, however the bytes are split.
 *
 * tests/vectors/requests.json has the bytes (Latin-1), how many answers they get, and whether that is a
 * 400 behind which nothing is read any more.
 */
#include <jansson.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/http/server.h"
#include "shared/metrics.h"
#include "tests/unit/test.h"

enum { BODY_MOST = 1000, BYTES_MOST = 1024, ANSWERS_MOST = 16 * 1024, TURNS_MOST = 8 };

struct vector {
	const char *name;
	char bytes[BYTES_MOST];
	size_t len;
	size_t answers;
	bool refused;
};

static json_t *vectors;
static int listen_fd;
static struct loop *loop;
static struct http_server *server;
static int client;

static void answer(struct http_request *request, int status)
{
	struct http_response response = {.status = status};
	http_answer(request, &response);
}

static void on_head(struct http_request *request, void *user)
{
	(void)user;
	if (request->method != METHOD_POST)
		answer(request, 200);
	else if (http_read_body(request, BODY_MOST) == E_CLIENT_GONE)
		answer(request, 500);
}

static void on_body(struct http_request *request, void *user)
{
	(void)user;
	answer(request, 200);
}

static void on_failed(struct http_request *request, enum error error, void *user)
{
	(void)user;
	answer(request, error == E_BAD_REQUEST ? 400 : 500);
}

static void connect_client(void)
{
	static const struct http_service service = {
		.head = on_head, .body = on_body, .failed = on_failed};
	static const struct http_limits limits = {.connections_most = 10,
		.head_ms = 10000,
		.body_ms = 10000,
		.idle_ms = 10000,
		.write_ms = 10000};
	static const struct http_peer peer = {.text = "unix"};
	int pair[2];
	loop = loop_new();
	server = http_server_new(loop, listen_fd, &service, &limits);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	http_connection_open(server, pair[0], &peer);
	client = pair[1];
}

static void disconnect_client(void)
{
	(void)close(client);
	http_server_free(server);
	loop_free(loop);
}

static void put(const char *bytes, size_t len)
{
	/* A refused connection takes no more. */
	(void)send(client, bytes, len, MSG_NOSIGNAL);
	loop_turn(loop);
}

static size_t count_of(const char *text, const char *what)
{
	size_t count = 0;
	for (; (text = strstr(text, what)); text++)
		count++;
	return count;
}

static void check_answers(const struct vector *vector, const char *how, size_t at)
{
	static char answers[ANSWERS_MOST];
	size_t len = 0;
	ssize_t got = 1;
	for (int i = 0; i < TURNS_MOST && got != 0; i++) {
		loop_turn(loop);
		got = recv(client, answers + len, sizeof(answers) - 1 - len, 0);
		len += got > 0 ? (size_t)got : 0;
	}
	answers[len] = '\0';
	ck_assert_msg(count_of(answers, "HTTP/1.1 ") == vector->answers, "%s (%s %zu): %s",
		vector->name, how, at, answers);
	ck_assert_msg((count_of(answers, "HTTP/1.1 400") == 1) == vector->refused,
		"%s (%s %zu): %s", vector->name, how, at, answers);
	if (vector->refused)
		ck_assert_msg(got == 0, "%s (%s %zu) stays open", vector->name, how, at);
}

static struct vector read_vector(size_t index)
{
	const json_t *object = json_array_get(vectors, index);
	const char *text = json_string_value(json_object_get(object, "bytes"));
	size_t text_len = json_string_length(json_object_get(object, "bytes"));
	struct vector vector = {
		.name = json_string_value(json_object_get(object, "name")),
		.answers = (size_t)json_integer_value(json_object_get(object, "answers")),
		.refused = json_is_true(json_object_get(object, "refused")),
	};
	for (size_t i = 0; i < text_len; i++) {
		unsigned char byte = (unsigned char)text[i];
		if (byte >= 0xc0) /* UTF-8 of a Latin-1 character: two bytes */
			byte = (unsigned char)((byte << 6) | ((unsigned char)text[++i] & 0x3f));
		ck_assert_uint_lt(vector.len, BYTES_MOST);
		vector.bytes[vector.len++] = (char)byte;
	}
	return vector;
}

static void open_vectors(void)
{
	static const struct metric none[1];
	struct failure failure;
	metrics_init(none, 0);
	vectors = json_load_file(VECTORS_DIR "/requests.json", JSON_ALLOW_NUL, NULL);
	ck_assert_ptr_nonnull(vectors);
	ck_assert_uint_gt(json_array_size(vectors), 100);
	ck_assert_int_eq(http_listen("127.0.0.1:0", &listen_fd, &failure), OK);
}

static void close_vectors(void)
{
	json_decref(vectors);
	(void)close(listen_fd);
	metrics_fini();
}

START_TEST(each_request_is_read_one_way_wherever_it_is_cut)
{
	open_vectors();
	for (size_t i = 0; i < json_array_size(vectors); i++) {
		const struct vector vector = read_vector(i);
		for (size_t cut = 0; cut < vector.len; cut++) {
			connect_client();
			put(vector.bytes, cut);
			put(vector.bytes + cut, vector.len - cut);
			check_answers(&vector, "cut at", cut);
			disconnect_client();
		}
	}
	close_vectors();
}
END_TEST

START_TEST(each_request_is_read_the_same_way_byte_by_byte)
{
	open_vectors();
	for (size_t i = 0; i < json_array_size(vectors); i++) {
		const struct vector vector = read_vector(i);
		connect_client();
		for (size_t at = 0; at < vector.len; at++)
			put(vector.bytes + at, 1);
		check_answers(&vector, "bytes", vector.len);
		disconnect_client();
	}
	close_vectors();
}
END_TEST

TESTS("smuggling", each_request_is_read_one_way_wherever_it_is_cut,
	each_request_is_read_the_same_way_byte_by_byte)
