/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lane - a thread that applies batches to Postgres, one at a time, in the order they were handed over.
 *
 * Design notes. The Kafka thread and the lane meet in three places, under one mutex: `waiting` holds
 * at most one batch that was handed over and not begun, `current` is in flight, `finished` is what
 * the Kafka thread has to collect. Each change that the Kafka thread may wait for is told by a write
 * to its eventfd. A lane never gives up a batch, whatever it has to wait for; only lane_stop ends that.
 *
 * Thread: all functions are for the Kafka thread.
 */
#ifndef INTAKE_WORKER_LANE_H
#define INTAKE_WORKER_LANE_H

#include <stdbool.h>
#include <stddef.h>

#include "worker/batch.h"
#include "worker/config.h"

struct lane;

enum lane_state {
	LANE_IDLE, /* nothing waits, nothing is in flight */
	LANE_BUSY, /* one is in flight, none waits */
	LANE_FULL, /* one waits */
};

/*
 * Start the thread; it connects at once, and keeps trying.
 *
 * Takes:   config - borrowed; index - from 0; wake_fd - eventfd, borrowed.
 * Returns: owned, end with lane_stop; NULL: the system gives no thread.
 */
struct lane *lane_start(const struct worker_config *config, size_t index, int wake_fd);

/* Give up what is in flight or waiting, join the thread, free all. Takes NULL too. */
void lane_stop(struct lane *lane);

enum lane_state lane_state(struct lane *lane);

/* It is connected to Postgres and waits for nothing that somebody else has to mend. */
bool lane_is_working(const struct lane *lane);

/*
 * It has been at one step for longer than any may take, or has not begun what it was handed: a fault that
 * only a restart mends. Waiting for Postgres, however long, is none.
 *
 * Takes: now_ms - steady clock.
 */
bool lane_is_stuck(const struct lane *lane, int64_t now_ms);

/* The partition has another owner: what is held of it is dropped before the next batch is begun. */
void lane_forget(struct lane *lane, int32_t partition);

/* How many partitions stand still in it because too much of them is bad. */
size_t lane_parked(const struct lane *lane);

/* Whether the partition is one of them. */
bool lane_has_parked(struct lane *lane, int32_t partition);

/* Takes: batch - taken; folded. The lane is LANE_IDLE or LANE_BUSY. */
void lane_hand(struct lane *lane, struct batch *batch);

/* Take back the batch that waits. Returned owned; NULL: none does. */
struct batch *lane_withdraw(struct lane *lane);

/* Take what is finished: durable, all of it. Returned owned, a list, oldest first; NULL: nothing. */
struct batch *lane_collect(struct lane *lane);

#endif
