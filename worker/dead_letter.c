/* SPDX-License-Identifier: Apache-2.0 */
/* dead_letter - records that can never be applied, kept in a topic of their own with the reason. */
#include "worker/dead_letter.h"

#include <librdkafka/rdkafka.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/clock.h"
#include "shared/ensure.h"
#include "shared/kafka.h"
#include "shared/memory.h"

/* The topic's max.message.bytes alone decides how large a dead letter may be: it can be raised while
 * the worker waits. */
#define LARGEST_MESSAGE "1000000000"
#define LARGEST_QUEUE_KBYTES "2097151"

enum {
	NUMBER_BYTES = 24,
	POLL_MS = 100,                 /* how soon a stop is seen */
	REPORT_MS = 10000,             /* message.timeout.ms */
	GIVE_UP_MS = REPORT_MS + 5000, /* librdkafka reports every message within its time-out */
	OUR_HEADERS = 8,
	ATTEMPTS_MOST = 1000000,
};

struct dead_letters {
	const struct kafka_settings *kafka; /* borrowed */
	rd_kafka_t *client;                 /* owned; NULL: not open */
	rd_kafka_queue_t *reports;
	size_t in_flight;
	struct failure *failure; /* of the call under way: the first reason counts */
};

static enum error make_conf(
	const struct kafka_settings *kafka, rd_kafka_conf_t **ret_conf, struct failure *failure)
{
	char report_ms[NUMBER_BYTES];
	(void)snprintf(report_ms, sizeof(report_ms), "%d", REPORT_MS);
	const struct kafka_property ours[] = {
		{"acks", "all"},
		{"enable.idempotence", "true"},
		{"delivery.report.only.error", "false"},
		{"message.timeout.ms", report_ms},
		{"message.max.bytes", LARGEST_MESSAGE},
		{"queue.buffering.max.kbytes", LARGEST_QUEUE_KBYTES},
		{NULL, NULL},
	};
	const struct kafka_property defaults[] = {
		{"client.id", "intake-worker-dead-letters"},
		{"compression.type", "lz4"},
		{"partitioner", "murmur2_random"}, /* as the gateway places keys */
		{"linger.ms", "5"},
		{"reconnect.backoff.max.ms", "1000"}, /* time-outs wait for it */
		{"socket.keepalive.enable", "true"},
		{NULL, NULL},
	};
	return kafka_conf_new(kafka, ours, defaults, ret_conf, failure);
}

enum error dead_letters_check(const struct kafka_settings *kafka, struct failure *failure)
{
	rd_kafka_conf_t *conf = NULL;
	enum error error = make_conf(kafka, &conf, failure);
	if (!error)
		rd_kafka_conf_destroy(conf);
	return error;
}

struct dead_letters *dead_letters_new(const struct kafka_settings *kafka)
{
	struct dead_letters *dead_letters = memory_zeroed(1, sizeof(*dead_letters));
	dead_letters->kafka = kafka;
	return dead_letters;
}

static enum error open_client(struct dead_letters *dead_letters, struct failure *failure)
{
	rd_kafka_conf_t *conf = NULL;
	char reason[256];
	if (dead_letters->client)
		return OK;
	if (make_conf(dead_letters->kafka, &conf, failure))
		return failure->error;
	rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
	dead_letters->client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof(reason));
	if (!dead_letters->client) {
		rd_kafka_conf_destroy(conf);
		return failure_set(failure, E_KAFKA_AWAY, "librdkafka: %s", reason);
	}
	dead_letters->reports = rd_kafka_queue_get_main(dead_letters->client);
	return OK;
}

static void close_client(struct dead_letters *dead_letters)
{
	if (!dead_letters->client)
		return;
	(void)rd_kafka_purge(
		dead_letters->client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
	rd_kafka_queue_destroy(dead_letters->reports);
	rd_kafka_destroy(dead_letters->client);
	dead_letters->client = NULL;
}

void dead_letters_free(struct dead_letters *dead_letters)
{
	if (!dead_letters)
		return;
	close_client(dead_letters);
	free(dead_letters);
}

static bool is_ours(const char *name)
{
	return strncmp(name, DEAD_LETTER_PREFIX, strlen(DEAD_LETTER_PREFIX)) == 0;
}

/* How often the record has been here before, as its own header says; 0 where none is to be believed. */
static long attempts_before(const struct record *record)
{
	long attempts = 0;
	for (size_t i = 0; i < record->header_count; i++) {
		char text[NUMBER_BYTES] = "";
		struct span value = record->headers[i].value;
		if (strcmp(record->headers[i].name, DEAD_LETTER_ATTEMPTS) != 0 ||
			value.len >= sizeof(text) || value.len == 0)
			continue;
		memcpy(text, value.base, value.len);
		attempts = strtol(text, NULL, 10);
	}
	return attempts > 0 && attempts < ATTEMPTS_MOST ? attempts : 0;
}

static void add_text(rd_kafka_headers_t *headers, const char *name, const char *text)
{
	ensure(rd_kafka_header_add(headers, name, -1, text, -1) == RD_KAFKA_RESP_ERR_NO_ERROR);
}

static void add_number(rd_kafka_headers_t *headers, const char *name, int64_t number)
{
	char text[NUMBER_BYTES];
	(void)snprintf(text, sizeof(text), "%lld", (long long)number);
	add_text(headers, name, text);
}

/* Returned owned, until a message takes it. */
static rd_kafka_headers_t *make_headers(
	const struct dead_letters *dead_letters, const struct dead_letter *letter)
{
	const struct record *record = letter->record;
	rd_kafka_headers_t *headers = rd_kafka_headers_new(record->header_count + OUR_HEADERS);
	for (size_t i = 0; i < record->header_count; i++) {
		const struct record_header *header = &record->headers[i];
		if (!is_ours(header->name))
			ensure(rd_kafka_header_add(headers, header->name, -1, header->value.base,
				       (ssize_t)header->value.len) == RD_KAFKA_RESP_ERR_NO_ERROR);
	}
	add_text(headers, DEAD_LETTER_REASON, dead_reason_name(letter->reason));
	if (*letter->sqlstate)
		add_text(headers, DEAD_LETTER_SQLSTATE, letter->sqlstate);
	add_text(headers, DEAD_LETTER_MESSAGE, letter->message);
	add_text(headers, DEAD_LETTER_TOPIC, dead_letters->kafka->topic);
	add_number(headers, DEAD_LETTER_PARTITION, record->partition);
	add_number(headers, DEAD_LETTER_OFFSET, record->offset);
	add_number(headers, DEAD_LETTER_TIMESTAMP, record->timestamp_ms);
	add_number(headers, DEAD_LETTER_ATTEMPTS, attempts_before(record) + 1);
	return headers;
}

static void note(struct dead_letters *dead_letters, rd_kafka_resp_err_t code, const char *text)
{
	const char *topic = kafka_dead_letter_topic(dead_letters->kafka);
	if (dead_letters->failure->error)
		return;
	if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
		(void)failure_set(dead_letters->failure, E_KAFKA_AWAY,
			"topic %s takes no record of this size: raise its max.message.bytes",
			topic);
	else
		(void)failure_set(dead_letters->failure, E_KAFKA_AWAY, "topic %s: %s", topic, text);
}

/*
 * The headers go as one list of ours: where rd_kafka_produceva refuses a message, librdkafka 2.0.2 frees
 * a list that it made of single headers twice; one of ours it leaves to us.
 */
static void produce(struct dead_letters *dead_letters, struct dead_letter *letter)
{
	const struct record *record = letter->record;
	rd_kafka_headers_t *headers = make_headers(dead_letters, letter);
	const rd_kafka_vu_t arguments[] = {
		{.vtype = RD_KAFKA_VTYPE_TOPIC,
			.u.cstr = kafka_dead_letter_topic(dead_letters->kafka)},
		{.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
		{.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {(void *)record->key.base, record->key.len}},
		{.vtype = RD_KAFKA_VTYPE_VALUE,
			.u.mem = {(void *)record->value.base, record->value.len}},
		{.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = letter},
		{.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
	};
	rd_kafka_error_t *refused = rd_kafka_produceva(
		dead_letters->client, arguments, sizeof(arguments) / sizeof(*arguments));
	if (!refused) {
		dead_letters->in_flight++;
		return;
	}
	rd_kafka_headers_destroy(headers);
	note(dead_letters, rd_kafka_error_code(refused), rd_kafka_error_string(refused));
	rd_kafka_error_destroy(refused);
}

static void take_report(struct dead_letters *dead_letters, const rd_kafka_message_t *message)
{
	struct dead_letter *letter = message->_private;
	dead_letters->in_flight--;
	letter->durable = !message->err;
	if (message->err)
		note(dead_letters, message->err, rd_kafka_err2str(message->err));
}

static void take_event(struct dead_letters *dead_letters, rd_kafka_event_t *event)
{
	const rd_kafka_message_t *message;
	if (rd_kafka_event_type(event) != RD_KAFKA_EVENT_DR)
		return; /* what is wrong with the connection shows in the reports */
	while ((message = rd_kafka_event_message_next(event)) != NULL)
		take_report(dead_letters, message);
}

static bool is_readable(int fd)
{
	struct pollfd readable = {.fd = fd, .events = POLLIN};
	return poll(&readable, 1, 0) > 0;
}

static void await_reports(struct dead_letters *dead_letters, int stop_fd)
{
	int64_t deadline_ms = clock_steady_ms() + GIVE_UP_MS;
	while (dead_letters->in_flight > 0 && !is_readable(stop_fd) &&
		clock_steady_ms() < deadline_ms) {
		rd_kafka_event_t *event = rd_kafka_queue_poll(dead_letters->reports, POLL_MS);
		if (!event)
			continue;
		take_event(dead_letters, event);
		rd_kafka_event_destroy(event);
	}
	if (dead_letters->in_flight > 0)
		note(dead_letters, RD_KAFKA_RESP_ERR__TIMED_OUT, "no delivery report in time");
}

enum error dead_letters_write(struct dead_letters *dead_letters, struct dead_letter *letters,
	size_t count, int stop_fd, struct failure *failure)
{
	struct failure first = {.error = OK};
	enum error error = open_client(dead_letters, failure);
	if (error)
		return error;
	dead_letters->failure = &first;
	for (size_t i = 0; i < count; i++) {
		if (!letters[i].durable)
			produce(dead_letters, &letters[i]);
	}
	await_reports(dead_letters, stop_fd);
	dead_letters->failure = NULL;
	if (!first.error)
		return OK;
	/* A new client next time: reports of this one that are late are about nothing any more, and a
	 * fatal error of an idempotent producer is not its successor's. */
	dead_letters->in_flight = 0;
	close_client(dead_letters);
	*failure = first;
	return first.error;
}
