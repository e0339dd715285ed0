/* SPDX-License-Identifier: Apache-2.0 */
/* consumer - what the files that read from Kafka share. */
#include "worker/consumer.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "shared/clock.h"
#include "shared/kafka.h"
#include "shared/memory.h"
#include "worker/consume.h"

enum { LINE_EVERY_MS = 10 * 1000, NUMBER_BYTES = 24, KIB = 1024 };

static enum error make_conf(
	const struct worker_config *config, rd_kafka_conf_t **ret_conf, struct failure *failure)
{
	const struct worker_settings *settings = &config->worker;
	char lane_kbytes[NUMBER_BYTES];
	char lane_rows[NUMBER_BYTES];
	bool named = settings->instance_id && *settings->instance_id;
	/* A shorter pause where librdkafka has the property (2.2): it looks whether a queue that was full
	 * has room again. Before, it was a second, which is why much is prefetched. */
	bool has_queue_backoff = rd_kafka_version() >= 0x02020000;
	const struct kafka_property ours[] = {
		{"group.id", settings->group},
		{"partition.assignment.strategy", "cooperative-sticky"},
		{"enable.auto.commit", "false"},
		{"enable.auto.offset.store", "false"},
		{"auto.offset.reset", "earliest"},
		{"queued.max.messages.kbytes", lane_kbytes},
		{"queued.min.messages", lane_rows}, /* not fetched for beyond them */
		{"statistics.interval.ms", "1000"}, /* watch_tick */
		{named ? "group.instance.id" : NULL, settings->instance_id},
		{NULL, NULL},
	};
	const struct kafka_property defaults[] = {
		{"client.id", "intake-worker"},
		{"check.crcs", "true"},
		/* As much more than the prefetch may be on its way. */
		{"fetch.max.bytes", "4194304"},
		/* How long a worker's partitions lie idle when it dies without a word. */
		{"session.timeout.ms", "15000"},
		/* How long the first events of a partition that is added wait. */
		{"topic.metadata.refresh.interval.ms", "30000"},
		{has_queue_backoff ? "fetch.queue.backoff.ms" : NULL, "50"},
		{NULL, NULL},
	};
	/* For librdkafka the queues of a lane's partitions are one. */
	(void)snprintf(lane_kbytes, sizeof(lane_kbytes), "%lld",
		(long long)(settings->prefetch_bytes / KIB / settings->lanes));
	(void)snprintf(lane_rows, sizeof(lane_rows), "%lld",
		(long long)(settings->prefetch_rows / settings->lanes));
	return kafka_conf_new(&config->kafka, ours, defaults, ret_conf, failure);
}

/* Takes: conf - taken, whatever comes of it. */
static enum error client_of(rd_kafka_conf_t *conf, rd_kafka_t **ret_client, struct failure *failure)
{
	char reason[256];
	rd_kafka_t *client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof(reason));
	if (!client) {
		rd_kafka_conf_destroy(conf);
		return failure_set(failure, E_CONFIG, "librdkafka: %s", reason);
	}
	*ret_client = client;
	return OK;
}

static enum error make_client(struct consumer *consumer, struct failure *failure)
{
	rd_kafka_conf_t *conf = NULL;
	enum error error = make_conf(consumer->config, &conf, failure);
	if (error)
		return error;
	rd_kafka_conf_set_opaque(conf, consumer);
	rd_kafka_conf_set_rebalance_cb(conf, assignment_changed);
	rd_kafka_conf_set_error_cb(conf, consume_error);
	rd_kafka_conf_set_stats_cb(conf, watch_tick);
	return client_of(conf, &consumer->client, failure);
}

static void make_queues(struct consumer *consumer)
{
	static const uint64_t one = 1;
	(void)rd_kafka_poll_set_consumer(consumer->client);
	consumer->group_queue = rd_kafka_queue_get_consumer(consumer->client);
	rd_kafka_queue_io_event_enable(consumer->group_queue, consumer->wake_fd, &one, sizeof(one));
	consumer->commit_queue = rd_kafka_queue_new(consumer->client);
	consumer->lane_count = (size_t)consumer->config->worker.lanes;
	/* NOLINTBEGIN(bugprone-sizeof-expression): pointers is what the arrays hold. */
	consumer->lanes = memory_zeroed(consumer->lane_count, sizeof(*consumer->lanes));
	consumer->lane_queues = memory_zeroed(consumer->lane_count, sizeof(*consumer->lane_queues));
	/* NOLINTEND(bugprone-sizeof-expression) */
	for (size_t i = 0; i < consumer->lane_count; i++) {
		consumer->lane_queues[i] = rd_kafka_queue_new(consumer->client);
		rd_kafka_queue_io_event_enable(
			consumer->lane_queues[i], consumer->wake_fd, &one, sizeof(one));
	}
}

enum error consumer_new(
	const struct worker_config *config, struct consumer **ret_consumer, struct failure *failure)
{
	struct consumer *consumer = memory_zeroed(1, sizeof(*consumer));
	consumer->config = config;
	consumer->jump_line.every_ms = LINE_EVERY_MS;
	for (int i = 0; i < 2; i++)
		consumer->kafka_lines[i].every_ms = LINE_EVERY_MS;
	consumer->summary = summary_start(isatty(STDERR_FILENO) == 1, clock_steady_ms());
	consumer->progress = progress_new();
	consumer->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	enum error error = consumer->wake_fd < 0 ? failure_set(failure, E_SYSTEM, "no eventfd: %m")
						 : make_client(consumer, failure);
	if (error) {
		consumer_free(consumer);
		return error;
	}
	make_queues(consumer);
	consumer->ends = ends_start(consumer->client, config->kafka.topic);
	*ret_consumer = consumer;
	return OK;
}

static void free_client(struct consumer *consumer)
{
	for (size_t i = 0; i < consumer->lane_count; i++)
		rd_kafka_queue_destroy(consumer->lane_queues[i]);
	if (consumer->commit_queue)
		rd_kafka_queue_destroy(consumer->commit_queue);
	if (consumer->group_queue)
		rd_kafka_queue_destroy(consumer->group_queue);
	if (consumer->client)
		rd_kafka_destroy(consumer->client);
	if (consumer->wake_fd >= 0)
		(void)close(consumer->wake_fd);
	free(consumer->lane_queues);
}

void consumer_free(struct consumer *consumer)
{
	if (!consumer)
		return;
	ends_stop(consumer->ends);
	feed_free(consumer->feed);
	for (size_t i = 0; i < consumer->lane_count; i++)
		lane_stop(consumer->lanes[i]);
	free(consumer->lanes);
	progress_free(consumer->progress);
	free(consumer->partitions);
	/*
	 * Before 2.3, librdkafka aborts when a client is destroyed between joining and its first assignment
	 * (confluentinc/librdkafka#4312). It has left the group by now; the process ends with it.
	 */
	if (consumer->joining && rd_kafka_version() < 0x02030000)
		return;
	free_client(consumer);
	free(consumer);
}

void consumer_fail(struct consumer *consumer, const struct failure *failure)
{
	if (consumer->error)
		return;
	consumer->error = failure->error;
	consumer->failure = *failure;
}

void consumer_wait(struct consumer *consumer, int64_t wait_ms, int other_fd)
{
	struct pollfd fds[] = {
		{.fd = consumer->wake_fd, .events = POLLIN},
		{.fd = other_fd, .events = POLLIN},
	};
	uint64_t wakes;
	(void)poll(fds, 2, wait_ms > 0 ? (int)wait_ms : 0);
	/* Non-blocking: nothing to read is as good. */
	ssize_t got = read(consumer->wake_fd, &wakes, sizeof(wakes));
	(void)got;
}

void consumer_collect(struct consumer *consumer)
{
	feed_collect(consumer->feed, clock_wall_ms());
}

/* Properties that contradict each other show only when a client is made. */
enum error consume_check(const struct worker_config *config, struct failure *failure)
{
	rd_kafka_conf_t *conf = NULL;
	rd_kafka_t *client = NULL;
	enum error error = make_conf(config, &conf, failure);
	if (!error)
		error = client_of(conf, &client, failure);
	if (error)
		return error;
	rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	return dead_letters_check(&config->kafka, failure);
}
