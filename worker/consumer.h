/* SPDX-License-Identifier: Apache-2.0 */
/*
 * consumer - what the files that read from Kafka share: consume, assignment, commit, watch.
 *
 * Design notes. Each lane has a queue of librdkafka's, to which the queues of its partitions are
 * forwarded. A lane that is behind is simply not read from: its queue fills up, librdkafka stops
 * fetching for it, and the other lanes go on. (Pausing partitions instead throws away what was
 * prefetched and fetches it again, in both directions; only what is parked is worth that, see
 * worker/parking.c.) The group's own queue is served in every turn,
 * so that the group keeps us however long Postgres is away.
 *
 * Whatever may have work for the Kafka thread writes to one eventfd: librdkafka's queues when they
 * become non-empty, the lanes when they take or finish a batch.
 */
#ifndef INTAKE_WORKER_CONSUMER_H
#define INTAKE_WORKER_CONSUMER_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/log.h"
#include "worker/config.h"
#include "worker/ends.h"
#include "worker/feed.h"
#include "worker/progress.h"
#include "worker/summary.h"

struct consumer_partition {
	int64_t expected; /* the offset that has to come next, or PROGRESS_NONE */
	bool paused;
};

struct consumer {
	const struct worker_config *config;
	rd_kafka_t *client;
	rd_kafka_queue_t *group_queue;  /* rebalances, errors */
	rd_kafka_queue_t *commit_queue; /* results of commits */
	rd_kafka_queue_t **lane_queues; /* owned; one a lane */
	struct lane **lanes;            /* owned */
	size_t lane_count;
	int wake_fd;

	bool leaving; /* the wait for the lanes is over */
	bool joining; /* subscribed, and no assignment has come so far */

	struct feed *feed;
	struct progress *progress;
	struct ends *ends;
	struct consumer_partition *partitions; /* owned; by number */
	int32_t partition_count;
	size_t paused_count;

	bool commit_in_flight;
	struct log_limit jump_line;
	struct log_limit kafka_lines[2]; /* what passes by itself, what does not: each its own */
	struct summary summary;

	enum error error; /* other than OK: stop */
	struct failure failure;
};

/*
 * Make the client and its queues; nothing is read yet, no lane has begun.
 *
 * Takes:   config - borrowed, as long as the consumer lives.
 * Returns: OK, ret_consumer owned, free with consumer_free; E_CONFIG, E_SYSTEM.
 */
MUST_CHECK enum error consumer_new(const struct worker_config *config,
	struct consumer **ret_consumer, struct failure *failure);

/* Stops the lanes too. Takes half-built ones and NULL. */
void consumer_free(struct consumer *consumer);

/* The consumer stops with what is in `failure`; the first reason counts. */
void consumer_fail(struct consumer *consumer, const struct failure *failure);

/* Sleep until something is to be done or wait_ms are over; other_fd readable counts too (-1: none). */
void consumer_wait(struct consumer *consumer, int64_t wait_ms, int other_fd);

/* Take back what the lanes have finished. */
void consumer_collect(struct consumer *consumer);

/*
 * A record becomes an event of its lane's open batch, or a dead letter of it; one of a partition that
 * went away is nobody's.
 */
void take_record(struct consumer *consumer, size_t lane, const rd_kafka_message_t *message);

/* librdkafka's error callback; its opaque is the consumer. Errors that come as messages too. */
void consume_error(rd_kafka_t *client, int code, const char *reason, void *opaque);

/* librdkafka's rebalance callback; its opaque is the consumer. */
void assignment_changed(rd_kafka_t *client, rd_kafka_resp_err_t why,
	rd_kafka_topic_partition_list_t *partitions, void *opaque);

/* Pause in Kafka the partitions that are parked in their lanes, and go on with those that are no more. */
void parking_serve(struct consumer *consumer);

/* Go on with a partition, if it is paused. */
void parking_end(struct consumer *consumer, int32_t partition);

/* librdkafka's statistics callback, once a second; its opaque is the consumer. */
int watch_tick(rd_kafka_t *client, char *statistics, size_t len, void *opaque);

/*
 * Commit what is durable, without waiting, where the group is not just changing.
 *
 * Takes: statistics - librdkafka's, just made.
 */
void commit_tick(struct consumer *consumer, const char *statistics);

/* Take results of commits, waiting up to wait_ms for one. */
void commit_serve(struct consumer *consumer, int wait_ms);

/* Commit what is durable and wait for the answer, a bounded time. False: some is not committed. */
bool commit_and_wait(struct consumer *consumer);

#endif
