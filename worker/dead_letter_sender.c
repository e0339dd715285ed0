/* SPDX-License-Identifier: Apache-2.0 */
/* dead_letter_sender - sends dead letters back to the topic they come from, and notes each. */
#include "worker/dead_letter_sender.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/clock.h"
#include "shared/ensure.h"
#include "shared/memory.h"
#include "worker/dead_letter.h"

enum {
	ON_THEIR_WAY_MOST = 1000,
	WAIT_MS = 100,
	FINISH_MS = 2 * 35 * 1000, /* an event's time-out (below), then its note's */
	NUMBER_BYTES = 24,
};

#define REPORT_MS "30000"
#define LARGEST_MESSAGE "2097152" /* as the dead-letter topic's max.message.bytes */

/* An event or a note that is on its way. */
struct ticket {
	struct dead_letter_ticket ticket;
	bool is_note;
};

struct dead_letter_sender {
	const struct kafka_settings *kafka; /* borrowed */
	rd_kafka_t *client;
	rd_kafka_queue_t *reports;
	size_t on_their_way;
	dead_letter_sent *sent;
	void *user;
	struct failure first; /* what went wrong first; OK: nothing */
};

static enum error make_client(struct dead_letter_sender *sender, struct failure *failure)
{
	static const struct kafka_property ours[] = {
		{"acks", "all"},
		{"enable.idempotence", "true"},
		{"delivery.report.only.error", "false"},
		{"message.timeout.ms", REPORT_MS},
		{"message.max.bytes", LARGEST_MESSAGE},
		{NULL, NULL},
	};
	static const struct kafka_property defaults[] = {
		{"client.id", "intake-worker-redrive"},
		{"compression.type", "lz4"},
		{"partitioner", "murmur2_random"}, /* as the gateway places keys */
		{"linger.ms", "5"},
		{NULL, NULL},
	};
	rd_kafka_conf_t *conf = NULL;
	char reason[256];
	if (kafka_conf_new(sender->kafka, ours, defaults, &conf, failure))
		return failure->error;
	rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR);
	sender->client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof(reason));
	if (!sender->client) {
		rd_kafka_conf_destroy(conf);
		return failure_set(failure, E_CONFIG, "librdkafka: %s", reason);
	}
	sender->reports = rd_kafka_queue_get_main(sender->client);
	return OK;
}

enum error dead_letter_sender_open(const struct kafka_settings *kafka, dead_letter_sent *sent,
	void *user, struct dead_letter_sender **ret_sender, struct failure *failure)
{
	struct dead_letter_sender *sender = memory_zeroed(1, sizeof(*sender));
	sender->kafka = kafka;
	sender->sent = sent;
	sender->user = user;
	enum error error = make_client(sender, failure);
	if (error)
		dead_letter_sender_close(sender);
	else
		*ret_sender = sender;
	return error;
}

static void fail(struct dead_letter_sender *sender, const char *topic, const char *why)
{
	if (!sender->first.error)
		(void)failure_set(&sender->first, E_KAFKA_AWAY, "topic %s: %s", topic, why);
}

/* Takes: headers - taken; value - base NULL: none. partition - RD_KAFKA_PARTITION_UA: by the key. */
static void produce(struct dead_letter_sender *sender, const char *topic, int32_t partition,
	const struct record *record, rd_kafka_headers_t *headers, struct ticket *ticket)
{
	const rd_kafka_vu_t arguments[] = {
		{.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = topic},
		{.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = partition},
		{.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
		{.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {(void *)record->key.base, record->key.len}},
		{.vtype = RD_KAFKA_VTYPE_VALUE,
			.u.mem = {(void *)record->value.base, record->value.len}},
		{.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = ticket},
		{.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
	};
	rd_kafka_error_t *refused = rd_kafka_produceva(
		sender->client, arguments, sizeof(arguments) / sizeof(*arguments));
	if (!refused) {
		sender->on_their_way++;
		return;
	}
	/* As a list of ours they stay ours where the message is refused. */
	rd_kafka_headers_destroy(headers);
	free(ticket);
	fail(sender, topic, rd_kafka_error_string(refused));
	rd_kafka_error_destroy(refused);
}

static void add_number(rd_kafka_headers_t *headers, const char *name, int64_t number)
{
	char text[NUMBER_BYTES];
	(void)snprintf(text, sizeof(text), "%lld", (long long)number);
	ensure(rd_kafka_header_add(headers, name, -1, text, -1) == RD_KAFKA_RESP_ERR_NO_ERROR);
}

static void note(struct dead_letter_sender *sender, const struct dead_letter_ticket *letter)
{
	static const struct record nothing = {.offset = 0};
	struct ticket *ticket = memory_zeroed(1, sizeof(*ticket));
	rd_kafka_headers_t *headers = rd_kafka_headers_new(1);
	*ticket = (struct ticket){.ticket = *letter, .is_note = true};
	add_number(headers, DEAD_LETTER_REDRIVEN, letter->offset);
	produce(sender, kafka_dead_letter_topic(sender->kafka), letter->partition, &nothing,
		headers, ticket);
}

static void take_report(struct dead_letter_sender *sender, const rd_kafka_message_t *message)
{
	struct ticket *ticket = message->_private;
	sender->on_their_way--;
	if (message->err)
		fail(sender, rd_kafka_topic_name(message->rkt), rd_kafka_err2str(message->err));
	else if (ticket->is_note)
		sender->sent(sender->user, &ticket->ticket);
	else
		note(sender, &ticket->ticket);
	free(ticket);
}

static void serve(struct dead_letter_sender *sender, int wait_ms)
{
	const rd_kafka_message_t *message;
	rd_kafka_event_t *event = rd_kafka_queue_poll(sender->reports, wait_ms);
	while (event) {
		while ((message = rd_kafka_event_message_next(event)) != NULL)
			take_report(sender, message);
		rd_kafka_event_destroy(event);
		event = rd_kafka_queue_poll(sender->reports, 0);
	}
}

static enum error outcome(const struct dead_letter_sender *sender, struct failure *failure)
{
	if (sender->first.error)
		*failure = sender->first;
	return sender->first.error;
}

/* Until no more than `most` are on their way. Every message is reported within its time-out. */
static enum error wait_for_room(
	struct dead_letter_sender *sender, size_t most, struct failure *failure)
{
	int64_t deadline_ms = clock_steady_ms() + FINISH_MS;
	serve(sender, 0);
	while (sender->on_their_way > most && clock_steady_ms() < deadline_ms)
		serve(sender, WAIT_MS);
	if (sender->on_their_way > most)
		fail(sender, sender->kafka->topic, "no delivery report in time");
	return outcome(sender, failure);
}

enum error dead_letter_sender_serve(struct dead_letter_sender *sender, struct failure *failure)
{
	serve(sender, 0);
	return outcome(sender, failure);
}

enum error dead_letter_sender_finish(struct dead_letter_sender *sender, struct failure *failure)
{
	return wait_for_room(sender, 0, failure);
}

static bool is_header_of_dead_letter(const char *name)
{
	return strncmp(name, DEAD_LETTER_PREFIX, strlen(DEAD_LETTER_PREFIX)) == 0;
}

enum error dead_letter_sender_send(struct dead_letter_sender *sender, const struct record *record,
	const struct dead_letter_view *view, struct failure *failure)
{
	enum error error = wait_for_room(sender, ON_THEIR_WAY_MOST - 1, failure);
	if (error)
		return error;
	struct ticket *ticket = memory_zeroed(1, sizeof(*ticket));
	rd_kafka_headers_t *headers = rd_kafka_headers_new(record->header_count);
	ticket->ticket = (struct dead_letter_ticket){view->id, record->partition, record->offset};
	for (size_t i = 0; i < record->header_count; i++) {
		const struct record_header *header = &record->headers[i];
		if (!is_header_of_dead_letter(header->name))
			ensure(rd_kafka_header_add(headers, header->name, -1, header->value.base,
				       (ssize_t)header->value.len) == RD_KAFKA_RESP_ERR_NO_ERROR);
	}
	add_number(headers, DEAD_LETTER_ATTEMPTS, view->attempts);
	produce(sender, sender->kafka->topic, RD_KAFKA_PARTITION_UA, record, headers, ticket);
	return outcome(sender, failure);
}

void dead_letter_sender_close(struct dead_letter_sender *sender)
{
	if (!sender)
		return;
	if (sender->client) {
		(void)rd_kafka_purge(
			sender->client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
		rd_kafka_queue_destroy(sender->reports);
		rd_kafka_destroy(sender->client);
	}
	free(sender);
}
