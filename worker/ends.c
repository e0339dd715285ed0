/* SPDX-License-Identifier: Apache-2.0 */
/* ends - where the partitions of a worker end. */
#include "worker/ends.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "shared/clock.h"
#include "shared/ensure.h"
#include "shared/log.h"
#include "shared/memory.h"
#include "worker/metrics.h"
#include "worker/progress.h"
#include "worker/ticker.h"
#include "worker/topic_look.h"

enum { LOOK_MS = 5000, LINE_EVERY_MS = 60 * 1000 };

struct end {
	bool is_wanted; /* since the last look */
	int64_t offset; /* or PROGRESS_NONE */
};

struct ends {
	rd_kafka_t *client;
	const char *topic;
	struct ticker *ticker;
	struct log_limit line; /* the ticker's */
	int64_t answered_ms;   /* when Kafka said it last; the ticker's */
	pthread_mutex_t mutex;
	struct end *partitions; /* owned; by number; under mutex, as count is */
	int32_t count;
};

/* What was asked about since the last time; the rest is forgotten. Of nothing: a partition, for Kafka to answer. */
static rd_kafka_topic_partition_list_t *take_wanted(struct ends *ends)
{
	(void)pthread_mutex_lock(&ends->mutex);
	rd_kafka_topic_partition_list_t *wanted = rd_kafka_topic_partition_list_new(ends->count);
	for (int32_t i = 0; i < ends->count; i++) {
		if (ends->partitions[i].is_wanted)
			rd_kafka_topic_partition_list_add(wanted, ends->topic, i);
		else
			ends->partitions[i].offset = PROGRESS_NONE;
		ends->partitions[i].is_wanted = false;
	}
	(void)pthread_mutex_unlock(&ends->mutex);
	if (wanted->cnt == 0)
		rd_kafka_topic_partition_list_add(wanted, ends->topic, 0);
	return wanted;
}

/* Under the mutex. */
static void make_room(struct ends *ends, int32_t partition)
{
	if (partition < ends->count)
		return;
	ends->partitions = memory_resize(
		ends->partitions, ((size_t)partition + 1) * sizeof(*ends->partitions));
	for (; ends->count <= partition; ends->count++)
		ends->partitions[ends->count] = (struct end){.offset = PROGRESS_NONE};
}

static void keep(struct ends *ends, const rd_kafka_topic_partition_list_t *found)
{
	(void)pthread_mutex_lock(&ends->mutex);
	for (int i = 0; i < found->cnt; i++) {
		make_room(ends, found->elems[i].partition);
		ends->partitions[found->elems[i].partition].offset = found->elems[i].offset;
	}
	(void)pthread_mutex_unlock(&ends->mutex);
}

static void tell(struct ends *ends, const struct failure *failure)
{
	int64_t suppressed = log_limit_take(&ends->line, clock_steady_ms());
	if (suppressed >= 0)
		log_warn("lag.unknown", log_text("reason", failure->detail),
			log_int("suppressed", suppressed));
}

static void look(void *user)
{
	struct ends *ends = user;
	struct failure failure;
	rd_kafka_topic_partition_list_t *wanted = take_wanted(ends);
	if (topic_offsets(ends->client, wanted, RD_KAFKA_OFFSET_END, &failure) == OK) {
		keep(ends, wanted);
		ends->answered_ms = clock_steady_ms();
	} else {
		tell(ends, &failure);
	}
	metric_set(METRIC_LAG_AGE, (double)(clock_steady_ms() - ends->answered_ms) / 1000);
	rd_kafka_topic_partition_list_destroy(wanted);
}

struct ends *ends_start(rd_kafka_t *client, const char *topic)
{
	struct ends *ends = memory_zeroed(1, sizeof(*ends));
	ends->client = client;
	ends->topic = topic;
	ends->line.every_ms = LINE_EVERY_MS;
	ends->answered_ms = clock_steady_ms();
	ensure(pthread_mutex_init(&ends->mutex, NULL) == 0);
	ends->ticker = ticker_start(LOOK_MS, look, ends);
	return ends;
}

void ends_stop(struct ends *ends)
{
	if (!ends)
		return;
	ticker_stop(ends->ticker);
	(void)pthread_mutex_destroy(&ends->mutex);
	free(ends->partitions);
	free(ends);
}

int64_t ends_of(struct ends *ends, int32_t partition)
{
	(void)pthread_mutex_lock(&ends->mutex);
	make_room(ends, partition);
	ends->partitions[partition].is_wanted = true;
	int64_t offset = ends->partitions[partition].offset;
	(void)pthread_mutex_unlock(&ends->mutex);
	return offset;
}
