/* SPDX-License-Identifier: Apache-2.0 */
/* assignment - partitions come from the group and go back to it (cooperative rebalancing, KIP-429). */
#include <stdlib.h>

#include "shared/clock.h"
#include "shared/ensure.h"
#include "shared/memory.h"
#include "worker/consumer.h"
#include "worker/metrics.h"

enum {
	COMMITTED_WAIT_MS = 5000,
	REVOKE_WAIT_MS = 10 * 1000, /* for statements in flight; others wait for the partitions */
};

static void set_expected(struct consumer *consumer, int32_t partition, int64_t offset)
{
	if (partition >= consumer->partition_count) {
		consumer->partitions = memory_resize(consumer->partitions,
			((size_t)partition + 1) * sizeof(*consumer->partitions));
		while (consumer->partition_count <= partition)
			consumer->partitions[consumer->partition_count++] =
				(struct consumer_partition){.expected = PROGRESS_NONE};
	}
	consumer->partitions[partition].expected = offset;
}

/*
 * Where the group's commits say to go on. They are asked for here, not left to librdkafka, because the
 * first record has to be compared with them: an offset that Kafka has no more is skipped in silence.
 * Where the group has committed nothing, it has to begin with the first record that there ever was.
 *
 * Returns: how many partitions that is so of.
 */
static int find_starts(struct consumer *consumer, rd_kafka_topic_partition_list_t *partitions)
{
	rd_kafka_resp_err_t error =
		rd_kafka_committed(consumer->client, partitions, COMMITTED_WAIT_MS);
	if (error)
		log_warn("assignment.offsets_unknown", log_text("reason", rd_kafka_err2str(error)));
	int news = 0;
	for (int i = 0; i < partitions->cnt; i++) {
		rd_kafka_topic_partition_t *partition = &partitions->elems[i];
		int64_t expected = partition->offset;
		if (error || partition->err) {
			partition->offset = RD_KAFKA_OFFSET_INVALID; /* librdkafka asks again */
			expected = PROGRESS_NONE;
		} else if (partition->offset < 0) {
			partition->offset = RD_KAFKA_OFFSET_BEGINNING;
			expected = 0;
			news++;
		}
		set_expected(consumer, partition->partition, expected);
		partition->err = RD_KAFKA_RESP_ERR_NO_ERROR;
	}
	return news;
}

static void forward(struct consumer *consumer, int32_t partition, rd_kafka_queue_t *to)
{
	rd_kafka_queue_t *queue = rd_kafka_queue_get_partition(
		consumer->client, consumer->config->kafka.topic, partition);
	ensure(queue);
	rd_kafka_queue_forward(queue, to);
	rd_kafka_queue_destroy(queue);
}

static void assign(struct consumer *consumer, rd_kafka_topic_partition_list_t *partitions)
{
	consumer->joining = false;
	int news = partitions->cnt ? find_starts(consumer, partitions) : 0;
	for (int i = 0; i < partitions->cnt; i++) {
		int32_t partition = partitions->elems[i].partition;
		size_t lane = feed_assign(consumer->feed, partition);
		progress_assign(
			consumer->progress, partition, consumer->partitions[partition].expected);
		/* Before it is fetched from: no record goes past its lane. */
		forward(consumer, partition, consumer->lane_queues[lane]);
		log_debug("assignment.partition", log_int("partition", partition),
			log_int("lane", (int64_t)lane + 1),
			log_int("offset", partitions->elems[i].offset));
	}
	log_info("assignment.assigned", log_int("partitions", partitions->cnt),
		log_int("never_committed", news));
	if (news > 0)
		log_warn("assignment.from_the_beginning", log_int("partitions", news),
			log_text("meaning", "a new group or new partitions, or Kafka has "
					    "forgotten the group's offsets: what is in the "
					    "topic is read again, which changes no row twice"));
	metric_gauge_add(METRIC_PARTITIONS, partitions->cnt);
	metric_add(METRIC_REBALANCES_ASSIGNED, 1);
	metric_set(METRIC_GROUP_JOINED, 1);
}

static bool any_pending(
	const struct consumer *consumer, const rd_kafka_topic_partition_list_t *partitions)
{
	for (int i = 0; i < partitions->cnt; i++) {
		if (progress_pending(consumer->progress, partitions->elems[i].partition))
			return true;
	}
	return false;
}

/* Wait for the statements that have these partitions' events in them. False: not in time. */
static bool finish_in_flight(
	struct consumer *consumer, const rd_kafka_topic_partition_list_t *partitions)
{
	int64_t deadline_ms = clock_steady_ms() + REVOKE_WAIT_MS;
	for (;;) {
		consumer_collect(consumer);
		if (!any_pending(consumer, partitions))
			return true;
		int64_t left_ms = deadline_ms - clock_steady_ms();
		if (left_ms <= 0 || consumer->leaving || consumer->error ||
			!feed_is_applying(consumer->feed))
			return false;
		consumer_wait(consumer, left_ms, -1);
	}
}

static void forget(struct consumer *consumer, int32_t partition)
{
	parking_end(consumer, partition); /* librdkafka keeps a pause for the next assignment */
	progress_revoke(consumer->progress, partition);
	forward(consumer, partition, NULL);
	metric_gauge_add(METRIC_PARTITIONS, -1);
}

static void revoke(struct consumer *consumer, const rd_kafka_topic_partition_list_t *partitions)
{
	bool lost = rd_kafka_assignment_lost(consumer->client);
	for (int i = 0; i < partitions->cnt; i++)
		feed_revoke(consumer->feed, partitions->elems[i].partition);
	const char *outcome = "lost";
	/* Lost ones have another owner already, whose commits are newer than ours. */
	if (!lost) {
		bool finished = finish_in_flight(consumer, partitions);
		bool committed = commit_and_wait(consumer);
		outcome = !finished    ? "statements in flight left to the next"
			  : !committed ? "last commit left out, some is read again"
				       : "committed";
	}
	for (int i = 0; i < partitions->cnt; i++)
		forget(consumer, partitions->elems[i].partition);
	metric_add(lost ? METRIC_REBALANCES_LOST : METRIC_REBALANCES_REVOKED, 1);
	if (lost)
		metric_set(METRIC_GROUP_JOINED, 0);
	log_info("assignment.revoked", log_int("partitions", partitions->cnt),
		log_text("outcome", outcome));
}

static void forget_all(struct consumer *consumer)
{
	for (int32_t i = 0; i < progress_partition_count(consumer->progress); i++) {
		if (!progress_is_assigned(consumer->progress, i))
			continue;
		feed_revoke(consumer->feed, i);
		forget(consumer, i);
	}
}

static void report(rd_kafka_error_t *error)
{
	if (!error)
		return;
	log_error("assignment.failed", log_text("reason", rd_kafka_error_string(error)));
	rd_kafka_error_destroy(error);
}

void assignment_changed(rd_kafka_t *client, rd_kafka_resp_err_t why,
	rd_kafka_topic_partition_list_t *partitions, void *opaque)
{
	struct consumer *consumer = opaque;
	switch (why) {
	case RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS:
		assign(consumer, partitions);
		report(rd_kafka_incremental_assign(client, partitions));
		break;
	case RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS:
		revoke(consumer, partitions);
		report(rd_kafka_incremental_unassign(client, partitions));
		break;
	default:
		log_error("assignment.failed", log_text("reason", rd_kafka_err2str(why)));
		forget_all(consumer);
		(void)rd_kafka_assign(client, NULL);
		break;
	}
}
