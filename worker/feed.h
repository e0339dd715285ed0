/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feed - which lane gets a partition's events, and when they are handed over.
 *
 * Design notes. Each lane has one open batch, which grows until it is full or due. It is due when the
 * lane has nothing to do and was handed nothing for batch_ms: so the first event after a quiet time goes
 * at once, a steady trickle costs Postgres a few statements a second, and in a backlog every statement
 * is full, unless statements have become slow. A lane that has a batch waiting takes no more events; they stay in librdkafka, which then
 * stops fetching. Nothing but what is parked is paused and fetched twice.
 *
 * Thread: the Kafka thread only.
 */
#ifndef INTAKE_WORKER_FEED_H
#define INTAKE_WORKER_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "worker/batch.h"
#include "worker/lane.h"
#include "worker/progress.h"

struct feed;

struct feed_limits {
	size_t batch_rows;
	size_t batch_bytes;
	int64_t batch_ms;
	int64_t statement_ms; /* one that takes longer halves the lane's batches (pace) */
};

/* Takes: lanes, progress - borrowed. Returned owned, free with feed_free. */
struct feed *feed_new(const struct feed_limits *limits, struct lane *const *lanes,
	size_t lane_count, struct progress *progress);
void feed_free(struct feed *feed);

/* The partition stays with the lane that is returned: the one with the fewest. */
size_t feed_assign(struct feed *feed, int32_t partition);

/* Drop the partition's events that no lane has begun with. */
void feed_revoke(struct feed *feed, int32_t partition);

/* The lane of an assigned partition. */
size_t feed_lane_of(const struct feed *feed, int32_t partition);

/* Whether the lane takes one more event now. */
bool feed_has_room(const struct feed *feed, size_t lane);

/* The batch that takes the lane's next events: decode into its arena, then feed_add. Borrowed. */
struct batch *feed_open_batch(struct feed *feed, size_t lane);

/* Takes: event, record - they live in the arena of the open batch of the partition's lane. */
void feed_add(struct feed *feed, const struct event *event, const struct record *record);

/* A record that is no event. */
void feed_add_bad(struct feed *feed, const struct record *record, const struct failure *why);

/*
 * Hand over the lane's open batch if it is full or due and the lane can take it.
 *
 * Takes:   hurry - it is due whatever the time.
 * Returns: whether it was handed over.
 */
bool feed_flush(struct feed *feed, size_t lane, int64_t now_ms, bool hurry);

/* Take back what the lanes have finished, and note the progress. wall_ms: for the time events took. */
void feed_collect(struct feed *feed, int64_t wall_ms);

/* How long until an open batch is due; -1: none will be before a lane has finished. */
int64_t feed_wait_ms(const struct feed *feed, int64_t now_ms);

/* When the oldest event in hand was accepted; PROGRESS_NONE: there is none. */
int64_t feed_oldest_ms(const struct feed *feed);

/* How many partitions are parked in their lanes (worker/held.h). */
size_t feed_parked_partitions(const struct feed *feed);

/* Whether an assigned partition is. */
bool feed_has_parked(const struct feed *feed, int32_t partition);

/* Partitions whose lane applies nothing at the moment, because Postgres is away or refuses. */
size_t feed_paused_partitions(const struct feed *feed);

/* Events are left that a working lane will apply. */
bool feed_is_busy(const struct feed *feed);

/* A working lane has a batch. Events that are held (worker/held.h) are not waited for. */
bool feed_is_applying(const struct feed *feed);

#endif
