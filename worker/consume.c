/* SPDX-License-Identifier: Apache-2.0 */
/* consume - the Kafka thread: reads events, feeds the lanes, commits what is durable. */
#include "worker/consume.h"

#include <poll.h>

#include "shared/clock.h"
#include "worker/consumer.h"
#include "worker/metrics.h"
#include "worker/topic_look.h"

enum {
	SLEEP_MOST_MS = 1000,
	STOP_WAIT_MS = 10 * 1000, /* for the lanes to finish what has been read */
};

/* Put out by a worker of the same name (KIP-345): to start again would put that one out in turn. */
static void fail_for_ever(struct consumer *consumer, rd_kafka_t *client)
{
	struct failure failure = {.error = E_KAFKA_FATAL};
	rd_kafka_resp_err_t code =
		rd_kafka_fatal_error(client, failure.detail, sizeof(failure.detail));
	if (code == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID)
		(void)failure_set(&failure, E_CONFIG,
			"another worker has begun with the same WORKER_INSTANCE_ID, %s: each needs "
			"its own",
			consumer->config->worker.instance_id);
	consumer_fail(consumer, &failure);
}

/* What does not pass by itself: a login, its rights, a certificate. */
static bool is_for_somebody(rd_kafka_resp_err_t code)
{
	switch (code) {
	case RD_KAFKA_RESP_ERR__AUTHENTICATION:
	case RD_KAFKA_RESP_ERR__SSL:
	case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
	case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
		return true;
	default:
		return topic_is_forbidden(code);
	}
}

void consume_error(rd_kafka_t *client, int code, const char *reason, void *opaque)
{
	struct consumer *consumer = opaque;
	if (code == RD_KAFKA_RESP_ERR__FATAL) {
		fail_for_ever(consumer, client);
		return;
	}
	bool for_somebody = is_for_somebody((rd_kafka_resp_err_t)code);
	int64_t suppressed =
		log_limit_take(&consumer->kafka_lines[for_somebody], clock_steady_ms());
	if (suppressed < 0)
		return;
	log_write(for_somebody ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN, "consume.error",
		LOG_FIELDS(log_text("code", rd_kafka_err2name((rd_kafka_resp_err_t)code)),
			log_text("reason", reason), log_int("suppressed", suppressed)));
}

static void take_message(struct consumer *consumer, size_t lane, rd_kafka_message_t *message)
{
	if (message->err)
		consume_error(
			consumer->client, message->err, rd_kafka_message_errstr(message), consumer);
	else
		take_record(consumer, lane, message);
	rd_kafka_message_destroy(message);
}

/* Rebalances and errors. Records never come this way: their partitions are forwarded. */
static void serve_group(struct consumer *consumer)
{
	rd_kafka_message_t *message;
	while (!consumer->error &&
		(message = rd_kafka_consumer_poll(consumer->client, 0)) != NULL) {
		size_t lane = 0;
		if (!message->err && progress_is_assigned(consumer->progress, message->partition))
			lane = feed_lane_of(consumer->feed, message->partition);
		take_message(consumer, lane, message);
	}
}

static void feed_lane(struct consumer *consumer, size_t lane)
{
	int64_t now_ms = clock_steady_ms();
	do {
		rd_kafka_message_t *message;
		while (!consumer->error && feed_has_room(consumer->feed, lane) &&
			(message = rd_kafka_consume_queue(consumer->lane_queues[lane], 0)) != NULL)
			take_message(consumer, lane, message);
	} while (feed_flush(consumer->feed, lane, now_ms, false) && !consumer->error);
}

static int64_t wait_ms(const struct consumer *consumer)
{
	int64_t batch_ms = feed_wait_ms(consumer->feed, clock_steady_ms());
	return batch_ms >= 0 ? batch_ms : SLEEP_MOST_MS;
}

static bool is_readable(int fd)
{
	struct pollfd readable = {.fd = fd, .events = POLLIN};
	return poll(&readable, 1, 0) > 0;
}

static bool is_any_lane_stuck(const struct consumer *consumer)
{
	int64_t now_ms = clock_steady_ms();
	for (size_t i = 0; i < consumer->lane_count; i++) {
		if (lane_is_stuck(consumer->lanes[i], now_ms))
			return true;
	}
	return false;
}

static void work(struct consumer *consumer, int signal_fd, const struct consume_hooks *hooks)
{
	while (!consumer->error && !is_readable(signal_fd)) {
		if (!is_any_lane_stuck(consumer))
			hooks->turned(hooks->user);
		consumer_collect(consumer);
		parking_serve(consumer);
		serve_group(consumer);
		for (size_t i = 0; i < consumer->lane_count; i++)
			feed_lane(consumer, i);
		commit_serve(consumer, 0);
		consumer_wait(consumer, wait_ms(consumer), signal_fd);
	}
}

/* Apply what has been read, so that it need not be read again; a bounded time. */
static void finish(struct consumer *consumer)
{
	int64_t deadline_ms = clock_steady_ms() + STOP_WAIT_MS;
	for (;;) {
		int64_t now_ms = clock_steady_ms();
		consumer_collect(consumer);
		for (size_t i = 0; i < consumer->lane_count; i++)
			(void)feed_flush(consumer->feed, i, now_ms, true);
		if (now_ms >= deadline_ms || !feed_is_busy(consumer->feed))
			return;
		consumer_wait(consumer, deadline_ms - now_ms, -1);
	}
}

/*
 * Leave the group, so that the others need not wait for our session to end. Closed without partitions,
 * librdkafka 2.0 tells the group nothing; unsubscribed before, it does.
 */
static void leave(struct consumer *consumer)
{
	if (metric_gauge(METRIC_PARTITIONS) < 1)
		(void)rd_kafka_unsubscribe(consumer->client);
	(void)rd_kafka_consumer_close(consumer->client);
}

static enum error start(struct consumer *consumer, struct failure *failure)
{
	const struct worker_settings *settings = &consumer->config->worker;
	const struct feed_limits limits = {
		.batch_rows = (size_t)settings->batch_rows,
		.batch_bytes = (size_t)settings->batch_bytes,
		.batch_ms = settings->batch_ms,
		.statement_ms = settings->statement_ms,
	};
	for (size_t i = 0; i < consumer->lane_count; i++) {
		consumer->lanes[i] = lane_start(consumer->config, i, consumer->wake_fd);
		if (!consumer->lanes[i])
			return failure_set(failure, E_SYSTEM, "no thread for lane %zu", i + 1);
	}
	consumer->feed =
		feed_new(&limits, consumer->lanes, consumer->lane_count, consumer->progress);
	rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_list_add(
		topics, consumer->config->kafka.topic, RD_KAFKA_PARTITION_UA);
	rd_kafka_resp_err_t error = rd_kafka_subscribe(consumer->client, topics);
	rd_kafka_topic_partition_list_destroy(topics);
	consumer->joining = !error;
	return error ? failure_set(failure, E_KAFKA_FATAL, "cannot subscribe: %s",
			       rd_kafka_err2str(error))
		     : OK;
}

enum error consume_run(const struct worker_config *config, int signal_fd,
	const struct consume_hooks *hooks, struct failure *failure)
{
	struct consumer *consumer = NULL;
	enum error error = consumer_new(config, &consumer, failure);
	if (error)
		return error;
	error = start(consumer, failure);
	if (error) {
		consumer_free(consumer);
		return error;
	}
	work(consumer, signal_fd, hooks);
	hooks->stopping(hooks->user);
	log_info("consume.stopping",
		log_text("reason", consumer->error ? error_name(consumer->error) : "signal"));
	finish(consumer);
	consumer->leaving = true;
	(void)commit_and_wait(consumer);
	leave(consumer);
	error = consumer->error;
	if (error)
		*failure = consumer->failure;
	consumer_free(consumer);
	return error;
}
