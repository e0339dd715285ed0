/* SPDX-License-Identifier: Apache-2.0 */
/* test_dead_letter - what a dead letter looks like in Kafka, and what becomes of one that is not taken. */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "shared/kafka.h"
#include "tests/unit/test.h"
#include "worker/dead_letter.h"

enum { WAIT_MS = 20 * 1000, PRODUCE_API = 0 };

static rd_kafka_t *host; /* of the mock cluster */
static rd_kafka_mock_cluster_t *cluster;
static struct kafka_settings settings;
static struct dead_letters *dead_letters;
static struct failure failure;
static int stop_fd;

static void set_up(void)
{
	char reason[256];
	host = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), reason, sizeof(reason));
	ck_assert_ptr_nonnull(host);
	cluster = rd_kafka_mock_cluster_new(host, 1);
	rd_kafka_mock_topic_create(cluster, "dead", 1, 1);
	settings = (struct kafka_settings){
		.brokers = (char *)rd_kafka_mock_cluster_bootstraps(cluster),
		.topic = "contacts",
		.dead_letter_topic = "dead",
	};
	stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	failure = (struct failure){.error = OK};
	dead_letters = dead_letters_new(&settings);
}

static void tear_down(void)
{
	dead_letters_free(dead_letters);
	rd_kafka_mock_cluster_destroy(cluster);
	rd_kafka_destroy(host);
	(void)close(stop_fd);
}

static const struct record_header headers[] = {
	{"ce_id", {"0190", 4}},
	{"dead_letter.reason", {"old", 3}},
	{"dead_letter.attempts", {"2", 1}},
	{"empty", {"", 0}},
	{"null", {NULL, 0}},
};

static const struct record record = {
	.partition = 3,
	.offset = 42,
	.timestamp_ms = 1700000000123,
	.key = {"k\0k", 3},
	.value = {"v\0v", 3},
	.headers = headers,
	.header_count = sizeof(headers) / sizeof(*headers),
};

static struct dead_letter letter_of(const struct record *of)
{
	return (struct dead_letter){.record = of,
		.reason = DEAD_REFUSED,
		.sqlstate = "23514",
		.message = "a constraint refuses the row, constraint short_names"};
}

static rd_kafka_t *make_reader(void)
{
	char reason[256];
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	ck_assert_int_eq(rd_kafka_conf_set(conf, "bootstrap.servers", settings.brokers, reason,
				 sizeof(reason)),
		RD_KAFKA_CONF_OK);
	ck_assert_int_eq(rd_kafka_conf_set(conf, "group.id", "reader", reason, sizeof(reason)),
		RD_KAFKA_CONF_OK);
	rd_kafka_t *reader = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof(reason));
	ck_assert_ptr_nonnull(reader);
	rd_kafka_topic_partition_list_t *at = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_list_add(at, "dead", 0)->offset = 0;
	ck_assert_int_eq(rd_kafka_assign(reader, at), 0);
	rd_kafka_topic_partition_list_destroy(at);
	return reader;
}

static void expect_header(
	const rd_kafka_headers_t *found, size_t at, const char *name, const char *value)
{
	const char *found_name;
	const void *found_value;
	size_t len;
	ck_assert_int_eq(rd_kafka_header_get_all(found, at, &found_name, &found_value, &len), 0);
	ck_assert_str_eq(found_name, name);
	ck_assert_int_eq(found_value == NULL, value == NULL);
	if (value)
		ck_assert_span_eq(span_from(found_value, len), span_of(value));
}

START_TEST(a_dead_letter_is_the_record_and_why)
{
	set_up();
	struct dead_letter letter = letter_of(&record);
	ck_assert_int_eq(dead_letters_write(dead_letters, &letter, 1, stop_fd, &failure), OK);
	ck_assert(letter.durable);

	rd_kafka_t *reader = make_reader();
	rd_kafka_message_t *message = rd_kafka_consumer_poll(reader, WAIT_MS);
	rd_kafka_headers_t *found = NULL;
	ck_assert_ptr_nonnull(message);
	ck_assert_int_eq(message->err, 0);
	ck_assert_span_eq(span_from(message->key, message->key_len), record.key);
	ck_assert_span_eq(span_from(message->payload, message->len), record.value);
	ck_assert_int_eq(rd_kafka_message_headers(message, &found), 0);
	size_t at = 0;
	expect_header(found, at++, "ce_id", "0190");
	expect_header(found, at++, "empty", "");
	expect_header(found, at++, "null", NULL);
	expect_header(found, at++, "dead_letter.reason", "refused");
	expect_header(found, at++, "dead_letter.sqlstate", "23514");
	expect_header(found, at++, "dead_letter.message", letter.message);
	expect_header(found, at++, "dead_letter.topic", "contacts");
	expect_header(found, at++, "dead_letter.partition", "3");
	expect_header(found, at++, "dead_letter.offset", "42");
	expect_header(found, at++, "dead_letter.timestamp", "1700000000123");
	expect_header(found, at++, "dead_letter.attempts", "3");
	ck_assert_uint_eq(rd_kafka_header_cnt(found), at);
	rd_kafka_message_destroy(message);
	rd_kafka_destroy(reader);
	tear_down();
}
END_TEST

START_TEST(a_tombstone_without_a_key_stays_one)
{
	static const struct record bare = {.timestamp_ms = -1};
	set_up();
	struct dead_letter letter = {
		.record = &bare, .reason = DEAD_TOMBSTONE, .sqlstate = "", .message = "none"};
	ck_assert_int_eq(dead_letters_write(dead_letters, &letter, 1, stop_fd, &failure), OK);
	rd_kafka_t *reader = make_reader();
	rd_kafka_message_t *message = rd_kafka_consumer_poll(reader, WAIT_MS);
	rd_kafka_headers_t *found = NULL;
	ck_assert_ptr_nonnull(message);
	ck_assert_ptr_null(message->key);
	ck_assert_ptr_null(message->payload);
	ck_assert_int_eq(rd_kafka_message_headers(message, &found), 0);
	expect_header(found, 0, "dead_letter.reason", "tombstone");
	expect_header(found, 1, "dead_letter.message", "none");
	rd_kafka_message_destroy(message);
	rd_kafka_destroy(reader);
	tear_down();
}
END_TEST

START_TEST(what_kafka_refuses_is_not_durable_and_goes_the_next_time)
{
	set_up();
	struct dead_letter letters[] = {letter_of(&record), letter_of(&record)};
	rd_kafka_mock_push_request_errors(
		cluster, PRODUCE_API, 1, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
	ck_assert_int_eq(
		dead_letters_write(dead_letters, letters, 2, stop_fd, &failure), E_KAFKA_AWAY);
	ck_assert_ptr_nonnull(strstr(failure.detail, "max.message.bytes"));
	ck_assert(!letters[0].durable || !letters[1].durable);
	ck_assert_int_eq(dead_letters_write(dead_letters, letters, 2, stop_fd, &failure), OK);
	ck_assert(letters[0].durable && letters[1].durable);
	tear_down();
}
END_TEST

START_TEST(a_stop_ends_the_wait_for_a_broker_that_is_away)
{
	set_up();
	struct dead_letter letter = letter_of(&record);
	rd_kafka_mock_broker_set_down(cluster, 1);
	ck_assert_int_eq(eventfd_write(stop_fd, 1), 0);
	ck_assert_int_eq(
		dead_letters_write(dead_letters, &letter, 1, stop_fd, &failure), E_KAFKA_AWAY);
	ck_assert(!letter.durable);
	tear_down();
}
END_TEST

START_TEST(every_code_that_blames_the_record_has_a_reason)
{
	for (unsigned error = 0; error < ERROR_COUNT; error++) {
		if (error_blame((enum error)error) == BLAME_POISON)
			ck_assert_uint_gt(
				strlen(dead_reason_name(dead_reason_of((enum error)error))), 0);
	}
	ck_assert_str_eq(dead_reason_name(dead_reason_of(E_BUSINESS_GONE)), "business_gone");
}
END_TEST

TESTS("dead_letter", a_dead_letter_is_the_record_and_why, a_tombstone_without_a_key_stays_one,
	what_kafka_refuses_is_not_durable_and_goes_the_next_time,
	a_stop_ends_the_wait_for_a_broker_that_is_away,
	every_code_that_blames_the_record_has_a_reason)
