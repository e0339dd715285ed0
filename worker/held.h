/* SPDX-License-Identifier: Apache-2.0 */
/*
 * held - events that wait for somebody to act, so that the others of their lane need not.
 *
 * Two kinds: rows that another transaction has locked, and all of a partition that an absurd share of is
 * bad (worker/circuit.h).
 *
 * Design notes. The events move from their batch to one that the lane keeps, together with their
 * partitions' marks: rows go on being written, while the offsets of those partitions stay before the
 * oldest event that is held. What comes later for a contact or a partition that is held is held too,
 * untried. The lane tries the batch anew every now and then; what is in the way still moves to the next
 * one. Versions decide what is newer, so that the order of all this does not matter.
 *
 * A partition of which events are parked is paused in Kafka (worker/parking.c), so that what is parked
 * does not grow with what comes. What a crash would have read again grows meanwhile. Where that, or what
 * is held, gets too much, the lane waits and takes no more.
 *
 * Thread: the lane's.
 */
#ifndef INTAKE_WORKER_HELD_H
#define INTAKE_WORKER_HELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/error.h"
#include "shared/log.h"
#include "worker/batch.h"

enum {
	HELD_EVENTS_MOST = 10000,
	HELD_BYTES_MOST = 16 * 1024 * 1024,
	HELD_PARKED_SHARE =
		4, /* so many times as much may be parked: what was read when Kafka was told */
	HELD_BEHIND_MOST = 1000000, /* events finished while rows were held */
	HELD_TRY_SHARE = 4,         /* so many times what a try took, others have the lane */
};

enum held_kind {
	HELD_LOCKED, /* rows */
	HELD_PARKED, /* partitions */
	HELD_KINDS
};

/* All zero but for kind and name holds nothing. */
struct held {
	enum held_kind kind;
	const char *lane;    /* borrowed; for the log */
	struct batch *batch; /* owned; folded; NULL: nothing is held */
	size_t behind;
	int64_t pause_ms;
	int64_t due_ms; /* by the steady clock */
	int64_t since_ms;
	size_t shown; /* in the gauges */
	bool shown_waiting;
	struct failure why; /* what is in their way */
	struct log_limit line;
};

/* Free what is held; it is read again. */
void held_fini(struct held *held);

bool held_is_empty(const struct held *held);

/* Events. */
size_t held_count(const struct held *held);

/* A batch more might be too much. */
bool held_is_full(const struct held *held);

/* Whether the row's contact has events here. */
bool held_has(const struct held *held, const struct batch_row *row);

/* Whether events of the partition are here. */
bool held_has_partition(const struct held *held, int32_t partition);

/*
 * Which partitions have events here, each once.
 *
 * Takes:   ret_partitions - room for `most`; may be NULL with 0.
 * Returns: how many there are, even where it is more than `most`.
 */
size_t held_partitions(const struct held *held, int32_t *ret_partitions, size_t most);

/*
 * Keep rows of a batch that goes on without them.
 *
 * Takes: from - loses their events and the marks of their partitions; rows - of `from`.
 */
void held_add(struct held *held, struct batch *from, const struct batch_row *rows, size_t count);

/* Keep all events of a partition. Takes: from - loses them, and is folded anew. */
void held_add_partition(struct held *held, struct batch *from, int32_t partition);

/* Forget what is held of a partition that another worker has. */
void held_drop(struct held *held, int32_t partition);

/* Take all to try it anew. Returned owned; NULL: there is nothing. */
struct batch *held_take(struct held *held);

/* Events of the lane are durable. */
void held_pass(struct held *held, size_t events);

/* Until it is time to try again; 0: it is; -1: nothing is held. */
int64_t held_wait_ms(const struct held *held, int64_t now_ms);

/* Bring the gauges up to date. */
void held_show(struct held *held);

/*
 * It was tried, or is new: when to try it again. What happens is logged.
 *
 * Takes: before - how many events were held before; why - what is in their way, for the log; took_ms - the
 *        try.
 */
void held_plan(struct held *held, size_t before, const struct failure *why, int64_t took_ms);

#endif
