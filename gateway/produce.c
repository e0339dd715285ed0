/* SPDX-License-Identifier: Apache-2.0 */
/* produce - last step before the answer: store the event in Kafka, and know whether it is stored. */
#include "gateway/produce.h"

#include <librdkafka/rdkafka.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "gateway/backlog.h"
#include "gateway/kafka_clock.h"
#include "gateway/metrics.h"
#include "gateway/pipeline.h"
#include "gateway/produce_errors.h"
#include "gateway/produce_probe.h"
#include "gateway/produce_sent.h"
#include "gateway/produce_ticket.h"
#include "shared/clock.h"
#include "shared/ensure.h"
#include "shared/kafka.h"
#include "shared/kafka_topic.h"
#include "shared/memory.h"

enum { PURGE_MS = 500 };

struct producer {
	struct loop *loop;
	struct loop_watch watch; /* the eventfd that librdkafka writes to */
	rd_kafka_t *client;
	rd_kafka_topic_t *topic;
	rd_kafka_queue_t *queue;
	struct produce_tickets tickets;
	struct backlog backlog;
	struct produce_sent sent;
	struct produce_error_log errors;
	struct kafka_clock clock;
	void (*on_fatal)(void *user);
	void *user;
	bool fatal;
	bool closed; /* no event is taken any more */
};

static struct producer *producer_of(struct loop_watch *watch)
{
	return (struct producer *)((char *)watch - offsetof(struct producer, watch));
}

static enum error verdict_of(const struct producer *producer, const struct produce_ticket *ticket,
	const rd_kafka_message_t *message)
{
	const struct produce_outcome outcome = {
		.code = message->err,
		.status = rd_kafka_message_status(message),
		.offset = message->offset,
		.sent = produce_sent_since(&producer->sent, ticket->produced_us),
	};
	return produce_verdict(&outcome);
}

/* All events of a body share one answer: the worst delivery decides. */
static enum error verdict_of_all(const struct submission *submission)
{
	if (submission->stored_count == submission->contact_count)
		return OK;
	return submission->not_stored_count == submission->contact_count ? E_NOT_STORED
									 : E_MAYBE_STORED;
}

static void take_verdict(struct submission *submission, enum error verdict)
{
	submission->stored_count += verdict == OK;
	submission->not_stored_count += verdict == E_NOT_STORED;
	if (!submission->tickets)
		pipeline_resume(submission, verdict_of_all(submission));
}

static void measure(struct producer *producer, const struct produce_ticket *ticket,
	const rd_kafka_message_t *message)
{
	rd_kafka_timestamp_type_t type;
	int64_t now_us = clock_steady_us();
	int64_t stamp_ms = rd_kafka_message_timestamp(message, &type);
	metric_observe(METRIC_PRODUCE_SECONDS, (double)(now_us - ticket->produced_us) / 1e6);
	if (type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME)
		kafka_clock_hear(&producer->clock, ticket->produced_us, now_us, stamp_ms);
}

static void take_report(struct producer *producer, const rd_kafka_message_t *message)
{
	struct produce_ticket *ticket = message->_private;
	struct submission *submission = ticket->submission;
	enum error verdict = verdict_of(producer, ticket, message);
	if (verdict)
		produce_error_report(
			&producer->errors, message->err, verdict, loop_now_ms(producer->loop));
	else
		measure(producer, ticket, message);
	backlog_return(&producer->backlog, ticket->produced_us, verdict == OK,
		loop_now_us(producer->loop));
	if (submission) {
		produce_ticket_leave(ticket);
		submission->kafka_partition = message->partition;
		submission->kafka_offset = message->offset;
	} else {
		metric_add(METRIC_PRODUCE_LATE, 1);
	}
	produce_ticket_give(&producer->tickets, ticket);
	if (submission)
		take_verdict(submission, verdict);
}

static void take_error(struct producer *producer, rd_kafka_event_t *event)
{
	char reason[256];
	rd_kafka_resp_err_t code = rd_kafka_event_error(event);
	if (!rd_kafka_event_error_is_fatal(event)) {
		produce_error_event(&producer->errors, code, rd_kafka_event_error_string(event),
			loop_now_ms(producer->loop));
		return;
	}
	code = rd_kafka_fatal_error(producer->client, reason, sizeof(reason));
	produce_error_fatal(code, reason);
	if (!producer->fatal) {
		producer->fatal = true;
		producer->on_fatal(producer->user);
	}
}

static void take_event(struct producer *producer, rd_kafka_event_t *event)
{
	const rd_kafka_message_t *message;
	switch (rd_kafka_event_type(event)) {
	case RD_KAFKA_EVENT_DR:
		while ((message = rd_kafka_event_message_next(event)))
			take_report(producer, message);
		break;
	case RD_KAFKA_EVENT_ERROR:
		take_error(producer, event);
		break;
	default:
		break;
	}
}

static void take_events(struct producer *producer)
{
	rd_kafka_event_t *event;
	while ((event = rd_kafka_queue_poll(producer->queue, 0))) {
		take_event(producer, event);
		rd_kafka_event_destroy(event);
	}
}

static void on_ready(struct loop_watch *watch, uint32_t events)
{
	uint64_t count;
	(void)events;
	ssize_t got = read(watch->fd, &count, sizeof(count));
	(void)got;
	take_events(producer_of(watch));
}

static enum error make_conf(
	const struct gateway_config *config, rd_kafka_conf_t **ret_conf, struct failure *failure)
{
	char linger_ms[32];
	char timeout_ms[32];
	(void)snprintf(
		linger_ms, sizeof(linger_ms), "%g", (double)config->gateway.linger_us / 1000);
	(void)snprintf(timeout_ms, sizeof(timeout_ms), "%lld",
		(long long)config->gateway.kafka_timeout_ms);
	const struct kafka_property ours[] = {
		{"acks", "all"},
		{"enable.idempotence", "true"},
		{"delivery.report.only.error", "false"},
		{"linger.ms", linger_ms},
		{"message.timeout.ms", timeout_ms},
		{NULL, NULL},
	};
	const struct kafka_property defaults[] = {
		{"client.id", "intake-gateway"},
		{"compression.type", "lz4"},
		{"partitioner", "murmur2_random"}, /* as Java clients place keys */
		{"queue.buffering.max.messages", "100000"},
		{"reconnect.backoff.max.ms", "1000"}, /* time-outs wait for it */
		{"queue.buffering.max.kbytes", "65536"},
		{"socket.keepalive.enable", "true"},
		{"socket.nagle.disable", "true"},
		{NULL, NULL},
	};
	enum error error = kafka_conf_new(&config->kafka, ours, defaults, ret_conf, failure);
	if (!error)
		rd_kafka_conf_set_events(*ret_conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
	return error;
}

/* Takes: sent - NULL: the client is for a look only. */
static enum error make_client(const struct gateway_config *config, struct produce_sent *sent,
	rd_kafka_t **ret_client, struct failure *failure)
{
	char reason[256];
	rd_kafka_conf_t *conf = NULL;
	enum error error = make_conf(config, &conf, failure);
	if (error)
		return error;
	if (sent)
		produce_sent_watch(conf, sent);
	*ret_client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof(reason));
	if (*ret_client)
		return OK;
	/* With an interceptor librdkafka before 2.13 has freed part of it (its issue 4142): left for the exit. */
	if (!sent)
		rd_kafka_conf_destroy(conf);
	return failure_set(failure, E_CONFIG, "Kafka: %s", reason);
}

/* Properties that contradict each other show only when a client is made. */
enum error producer_check(const struct gateway_config *config, struct failure *failure)
{
	rd_kafka_t *client = NULL;
	enum error error = make_client(config, NULL, &client, failure);
	if (!error)
		rd_kafka_destroy(client);
	return error;
}

/*
 * librdkafka writes to the descriptor when an event comes to the empty queue. One that came before this
 * was set up is told by nobody, nor is any behind it: the first look is our own.
 */
static enum error watch_queue(struct producer *producer)
{
	static const uint64_t one = 1;
	int fd = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
	producer->watch = (struct loop_watch){.fd = fd, .ready = on_ready};
	if (fd < 0 || loop_add(producer->loop, &producer->watch, EPOLLIN))
		return E_SYSTEM;
	producer->queue = rd_kafka_queue_get_main(producer->client);
	rd_kafka_queue_io_event_enable(producer->queue, fd, &one, sizeof(one));
	return OK;
}

static enum error open_producer(
	struct producer *producer, const struct gateway_config *config, struct failure *failure)
{
	enum error error = make_client(config, &producer->sent, &producer->client, failure);
	if (error)
		return error;
	producer->topic = rd_kafka_topic_new(producer->client, config->kafka.topic, NULL);
	if (!producer->topic)
		return failure_set(failure, E_CONFIG, "CONTACTS_TOPIC: not a name for a topic");
	if (watch_queue(producer))
		return failure_set(failure, E_SYSTEM, "no descriptor for Kafka's reports: %m");
	return OK;
}

enum error producer_new(struct loop *loop, const struct gateway_config *config,
	void (*on_fatal)(void *user), void *user, struct producer **ret_producer,
	struct failure *failure)
{
	struct producer *producer = memory_zeroed(1, sizeof(*producer));
	*producer = (struct producer){
		.loop = loop,
		.watch = {.fd = -1},
		.on_fatal = on_fatal,
		.user = user,
	};
	produce_error_log_init(&producer->errors);
	backlog_init(&producer->backlog, config->gateway.shed_ms * CLOCK_US_PER_MS);
	enum error error = open_producer(producer, config, failure);
	if (error)
		producer_free(producer);
	else
		*ret_producer = producer;
	return error;
}

void producer_free(struct producer *producer)
{
	if (!producer)
		return;
	if (producer->queue) {
		/* What is left gives its tickets back. */
		(void)rd_kafka_purge(
			producer->client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
		(void)producer_flush(producer, PURGE_MS);
		rd_kafka_queue_io_event_enable(producer->queue, -1, NULL, 0);
		rd_kafka_queue_destroy(producer->queue);
		loop_remove(producer->loop, &producer->watch);
	}
	if (producer->watch.fd >= 0)
		(void)close(producer->watch.fd);
	if (producer->topic)
		rd_kafka_topic_destroy(producer->topic);
	if (producer->client)
		rd_kafka_destroy(producer->client);
	produce_tickets_fini(&producer->tickets);
	free(producer);
}

int producer_flush(struct producer *producer, int timeout_ms)
{
	int64_t until_ms = clock_steady_ms() + timeout_ms;
	producer->closed = true;
	while (rd_kafka_outq_len(producer->client) > 0 && clock_steady_ms() < until_ms) {
		rd_kafka_event_t *event = rd_kafka_queue_poll(producer->queue, 100);
		if (event)
			take_event(producer, event);
		rd_kafka_event_destroy(event);
	}
	return rd_kafka_outq_len(producer->client);
}

enum error producer_probe(
	struct producer *producer, int timeout_ms, int *ret_replicas, struct failure *failure)
{
	enum error error = produce_probe(producer->client, producer->topic, timeout_ms,
		atomic_load(&producer->errors.trouble), ret_replicas, failure);
	if (!error)
		atomic_store(&producer->errors.trouble, NULL);
	return error;
}

enum error producer_topic_settings(struct producer *producer, int timeout_ms,
	struct kafka_topic_settings **ret_settings, struct failure *failure)
{
	return kafka_topic_settings_read(producer->client, rd_kafka_topic_name(producer->topic),
		timeout_ms, ret_settings, failure);
}

bool producer_has_trouble(const struct producer *producer)
{
	return atomic_load(&producer->errors.trouble) != NULL;
}

bool producer_clock_offset(
	const struct producer *producer, int64_t wall_us, int64_t steady_us, int64_t *ret_offset_us)
{
	return kafka_clock_offset(&producer->clock, wall_us, steady_us, ret_offset_us);
}

int producer_in_flight(const struct producer *producer)
{
	return rd_kafka_outq_len(producer->client);
}

/* What rd_kafka_produceva refused was never queued. */
static enum error refuse(
	struct producer *producer, rd_kafka_resp_err_t code, struct failure *failure)
{
	enum error error = code == RD_KAFKA_RESP_ERR__QUEUE_FULL ? E_OVERLOADED : E_NOT_STORED;
	produce_error_report(&producer->errors, code, error, loop_now_ms(producer->loop));
	if (error == E_OVERLOADED) {
		metric_add(METRIC_SHED_QUEUE, 1);
		return error;
	}
	return failure_set(failure, error, "The contact could not be queued for storage.");
}

static rd_kafka_headers_t *make_headers(const struct event_record *record)
{
	rd_kafka_headers_t *headers = rd_kafka_headers_new(record->header_count);
	for (size_t i = 0; i < record->header_count; i++) {
		const struct event_header *header = &record->headers[i];
		ensure(rd_kafka_header_add(headers, header->name, -1, header->value.base,
			       (ssize_t)header->value.len) == RD_KAFKA_RESP_ERR_NO_ERROR);
	}
	return headers;
}

/*
 * The headers go as one list of ours: where rd_kafka_produceva refuses a message (its topic is gone),
 * librdkafka 2.0.2 frees a list that it made of single headers twice; one of ours it leaves to us.
 */
static enum error produce(struct producer *producer, const struct event_record *record,
	struct produce_ticket *ticket, struct failure *failure)
{
	rd_kafka_headers_t *headers = make_headers(record);
	const rd_kafka_vu_t arguments[] = {
		{.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = producer->topic},
		{.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
		{.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {(void *)record->key.base, record->key.len}},
		{.vtype = RD_KAFKA_VTYPE_VALUE,
			.u.mem = {(void *)record->value.base, record->value.len}},
		{.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = ticket},
		{.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
	};
	rd_kafka_error_t *refused = rd_kafka_produceva(
		producer->client, arguments, sizeof(arguments) / sizeof(*arguments));
	if (!refused)
		return OK;
	rd_kafka_headers_destroy(headers);
	enum error error = refuse(producer, rd_kafka_error_code(refused), failure);
	rd_kafka_error_destroy(refused);
	return error;
}

int64_t producer_oldest_us(const struct producer *producer)
{
	return produce_tickets_oldest_us(&producer->tickets);
}

bool producer_is_behind(const struct producer *producer)
{
	return backlog_is_too_long(&producer->backlog, loop_now_us(producer->loop));
}

static enum error produce_contact(
	struct submission *submission, const struct submission_contact *contact)
{
	struct producer *producer = submission->pipeline->producer;
	struct produce_ticket *ticket =
		produce_ticket_take(&producer->tickets, loop_now_us(producer->loop));
	enum error error = produce(producer, &contact->record, ticket, &submission->failure);
	if (error) {
		produce_ticket_give(&producer->tickets, ticket);
		return error;
	}
	backlog_send(&producer->backlog, ticket->produced_us);
	produce_ticket_join(ticket, submission);
	return OK;
}

enum error produce_step(struct submission *submission)
{
	enum error error = submission->pipeline->producer->closed ? E_NOT_STORED : OK;
	size_t count = 0;
	while (!error && count < submission->contact_count)
		error = produce_contact(submission, &submission->contacts[count++]);
	if (error && !submission->tickets)
		return error;
	if (error) {
		/* Some are on their way: those behind them are certainly not stored. */
		submission->not_stored_count = submission->contact_count - count + 1;
		submission->failure.detail[0] = '\0';
	}
	loop_arm(&submission->pipeline->answers, &submission->deadline);
	return E_PENDING;
}

void produce_abandon(struct submission *submission)
{
	for (struct produce_ticket *ticket = submission->tickets; ticket; ticket = ticket->sibling)
		ticket->submission = NULL;
	submission->tickets = NULL;
}
