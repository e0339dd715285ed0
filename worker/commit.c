/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commit - telling Kafka how far each partition is durable in Postgres.
 *
 * Design notes. A commit that is sent while our JoinGroup waits at the broker is answered behind it, in a
 * generation that is no more (ILLEGAL_GENERATION), and librdkafka then drops the whole assignment, of which
 * cooperative rebalancing would have kept most. So the regular commit hangs on librdkafka's statistics:
 * they are made in the thread that sends both, once a second, and say whether the group is steady.
 */
#include <string.h>

#include "shared/clock.h"
#include "worker/consumer.h"
#include "worker/metrics.h"

enum { COMMIT_WAIT_MS = 5000 }; /* without an answer the next owner reads some events again */

static void offsets_free(rd_kafka_topic_partition_list_t **offsets)
{
	if (*offsets)
		rd_kafka_topic_partition_list_destroy(*offsets);
}
#define OFFSETS __attribute__((cleanup(offsets_free))) rd_kafka_topic_partition_list_t *

static void start(struct consumer *consumer)
{
	const char *topic = consumer->config->kafka.topic;
	int32_t count = progress_partition_count(consumer->progress);
	if (consumer->commit_in_flight)
		return;
	OFFSETS offsets = rd_kafka_topic_partition_list_new(count);
	for (int32_t i = 0; i < count; i++) {
		int64_t offset = progress_to_commit(consumer->progress, i);
		if (offset != PROGRESS_NONE)
			rd_kafka_topic_partition_list_add(offsets, topic, i)->offset = offset;
	}
	if (offsets->cnt == 0)
		return;
	rd_kafka_resp_err_t error = rd_kafka_commit_queue(
		consumer->client, offsets, consumer->commit_queue, NULL, NULL);
	consumer->commit_in_flight = !error;
	if (error) {
		metric_add(METRIC_COMMITS_FAILED, 1);
		log_warn("commit.failed", log_text("reason", rd_kafka_err2str(error)));
	}
}

static void take_result(struct consumer *consumer, rd_kafka_event_t *event)
{
	rd_kafka_resp_err_t error = rd_kafka_event_error(event);
	const rd_kafka_topic_partition_list_t *offsets = rd_kafka_event_topic_partition_list(event);
	for (int i = 0; !error && offsets && i < offsets->cnt; i++) {
		const rd_kafka_topic_partition_t *offset = &offsets->elems[i];
		error = offset->err;
		if (!error)
			progress_committed(consumer->progress, offset->partition, offset->offset);
	}
	consumer->commit_in_flight = false;
	metric_add(error ? METRIC_COMMITS_FAILED : METRIC_COMMITS_OK, 1);
	/* Tried again with the next; a member that the group has put out is told by a rebalance. */
	if (error)
		log_warn("commit.failed", log_text("reason", rd_kafka_err2str(error)));
}

/* STATISTICS.md, "cgrp": {"join_state": "steady"}. A library that says nothing of it: steady. */
static bool is_steady(const char *statistics)
{
	static const char steady[] = "steady";
	const char *state = strstr(statistics, "\"join_state\"");
	if (!state)
		return true;
	state += strlen("\"join_state\"");
	state += strspn(state, ": \"");
	return strncmp(state, steady, sizeof(steady) - 1) == 0;
}

void commit_tick(struct consumer *consumer, const char *statistics)
{
	commit_serve(consumer, 0);
	if (is_steady(statistics))
		start(consumer);
}

void commit_serve(struct consumer *consumer, int wait_ms)
{
	rd_kafka_event_t *event;
	while (consumer->commit_in_flight &&
		(event = rd_kafka_queue_poll(consumer->commit_queue, wait_ms)) != NULL) {
		if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_OFFSET_COMMIT)
			take_result(consumer, event);
		rd_kafka_event_destroy(event);
	}
}

bool commit_and_wait(struct consumer *consumer)
{
	int64_t deadline_ms = clock_steady_ms() + COMMIT_WAIT_MS;
	/* The one on its way first: it may hold less than there is now. */
	commit_serve(consumer, COMMIT_WAIT_MS);
	start(consumer);
	int64_t left_ms = deadline_ms - clock_steady_ms();
	commit_serve(consumer, left_ms > 0 ? (int)left_ms : 0);
	if (consumer->commit_in_flight)
		log_warn("commit.unanswered", log_int("waited_ms", COMMIT_WAIT_MS));
	for (int32_t i = 0; i < progress_partition_count(consumer->progress); i++) {
		if (progress_to_commit(consumer->progress, i) != PROGRESS_NONE)
			return false;
	}
	return true;
}
