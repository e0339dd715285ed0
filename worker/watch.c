/* SPDX-License-Identifier: Apache-2.0 */
/* watch - once a second: how far behind the worker is, for /metrics and for whoever looks on. */
#include "shared/clock.h"
#include "worker/consumer.h"
#include "worker/metrics.h"

/*
 * Records of a partition that are not applied yet. What retention has taken is no lag any more. Its end is the
 * newer of what the last fetch and the last look said.
 */
static int64_t lag_of(const struct consumer *consumer, int32_t partition)
{
	int64_t low = PROGRESS_NONE;
	int64_t high = PROGRESS_NONE;
	int64_t position = progress_position(consumer->progress, partition);
	if (position == PROGRESS_NONE)
		return 0;
	(void)rd_kafka_get_watermark_offsets(
		consumer->client, consumer->config->kafka.topic, partition, &low, &high);
	int64_t end = ends_of(consumer->ends, partition);
	int64_t next = low > position ? low : position;
	end = high > end ? high : end;
	return end > next ? end - next : 0;
}

static void measure(const struct consumer *consumer)
{
	int64_t lag = 0;
	int64_t uncommitted = 0;
	int64_t oldest_ms = feed_oldest_ms(consumer->feed);
	int64_t age_ms = oldest_ms == PROGRESS_NONE ? 0 : clock_wall_ms() - oldest_ms;
	for (int32_t i = 0; i < progress_partition_count(consumer->progress); i++) {
		lag += lag_of(consumer, i);
		uncommitted += progress_uncommitted(consumer->progress, i);
	}
	metric_set(METRIC_LAG, (double)lag);
	/* Below 0 where a gateway's clock is ahead of ours. */
	metric_set(METRIC_LAG_SECONDS, age_ms > 0 ? (double)age_ms / 1000 : 0);
	metric_set(METRIC_UNCOMMITTED, (double)uncommitted);
	metric_set(METRIC_PARTITIONS_PAUSED, (double)feed_paused_partitions(consumer->feed));
}

int watch_tick(rd_kafka_t *client, char *statistics, size_t len, void *opaque)
{
	struct consumer *consumer = opaque;
	(void)client;
	(void)len;
	commit_tick(consumer, statistics);
	measure(consumer);
	summary_tick(&consumer->summary, clock_steady_ms());
	return 0;
}
