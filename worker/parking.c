/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parking - partitions that are parked in their lanes are not read.
 *
 * Design notes. Else what comes for a partition that is full of another producer's records would fill its
 * lane, and the lane's other partitions would stand still with it. librdkafka throws away what it has
 * prefetched of a partition that is paused, and goes on behind the last record that it gave us: nothing is
 * read twice by us, and nothing left out.
 *
 * Thread: the Kafka thread.
 */
#include "worker/consumer.h"

static void set_paused(struct consumer *consumer, int32_t partition, bool paused)
{
	struct consumer_partition *state = &consumer->partitions[partition];
	if (state->paused == paused)
		return;
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_t *one =
		rd_kafka_topic_partition_list_add(list, consumer->config->kafka.topic, partition);
	(void)(paused ? rd_kafka_pause_partitions(consumer->client, list)
		      : rd_kafka_resume_partitions(consumer->client, list));
	if (one->err) { /* tried again in the next turn */
		log_warn("partition.not_paused", log_int("partition", partition),
			log_text("reason", rd_kafka_err2str(one->err)));
	} else {
		state->paused = paused;
		consumer->paused_count += paused ? 1 : (size_t)-1;
		log_info(paused ? "partition.paused" : "partition.resumed",
			log_int("partition", partition));
	}
	rd_kafka_topic_partition_list_destroy(list);
}

void parking_serve(struct consumer *consumer)
{
	if (consumer->paused_count == 0 && feed_parked_partitions(consumer->feed) == 0)
		return;
	for (int32_t i = 0; i < progress_partition_count(consumer->progress); i++) {
		if (progress_is_assigned(consumer->progress, i))
			set_paused(consumer, i, feed_has_parked(consumer->feed, i));
	}
}

void parking_end(struct consumer *consumer, int32_t partition)
{
	set_paused(consumer, partition, false);
}
