/* SPDX-License-Identifier: Apache-2.0 */
/*
 * progress - how far each partition has come: the contiguous prefix of what is durable.
 *
 * Design notes. Before a batch is handed to a lane, each partition in it gets a mark: "when this
 * batch is done, all up to next_offset is durable, provided that what was marked before is". Marks
 * may be settled in any order; the position moves only over a settled prefix. A mark carries the epoch
 * of the assignment it was made in: settled after a revoke, it moves nothing.
 *
 * Thread: the Kafka thread only.
 */
#ifndef INTAKE_WORKER_PROGRESS_H
#define INTAKE_WORKER_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress;

/* No offset: nothing is known, or nothing has changed. */
#define PROGRESS_NONE INT64_C(-1)

struct progress_mark {
	int32_t partition;
	uint32_t epoch;
	uint64_t sequence;
	int64_t next_offset; /* the one behind the last */
	int64_t oldest_ms;   /* when the oldest of its events was accepted, by the wall clock */
};

/* Returned owned, free with progress_free. */
struct progress *progress_new(void);
void progress_free(struct progress *progress);

/* A new epoch for the partition; start_offset: where it begins, or PROGRESS_NONE. */
void progress_assign(struct progress *progress, int32_t partition, int64_t start_offset);

/* Forget the partition; what is settled later is stale. */
void progress_revoke(struct progress *progress, int32_t partition);

bool progress_is_assigned(const struct progress *progress, int32_t partition);

/* One more than the greatest partition ever assigned. */
int32_t progress_partition_count(const struct progress *progress);

/* Takes: partition - assigned; next_offset, oldest_ms - what the mark is to say. */
struct progress_mark progress_mark(
	struct progress *progress, int32_t partition, int64_t next_offset, int64_t oldest_ms);

/* The mark's batch is durable. Returns: false where the mark is of an earlier assignment. */
bool progress_settle(struct progress *progress, const struct progress_mark *mark);

/*
 * Take back a mark whose batch will not be applied: nothing waits for it.
 *
 * Takes:   mark - the partition's newest; one of an earlier assignment is none any more.
 */
void progress_withdraw(struct progress *progress, const struct progress_mark *mark);

/* How many marks are not settled. */
size_t progress_pending(const struct progress *progress, int32_t partition);

/* When the oldest event of all marks that are not settled was accepted; PROGRESS_NONE: there is none. */
int64_t progress_oldest_ms(const struct progress *progress);

/* Where reading would have to go on after a crash now; PROGRESS_NONE: not known yet. */
int64_t progress_position(const struct progress *progress, int32_t partition);

/* The offset to commit; PROGRESS_NONE where the committed one is as good. */
int64_t progress_to_commit(const struct progress *progress, int32_t partition);

/* How many offsets are durable and not committed: what would be read again after a crash now, at least. */
int64_t progress_uncommitted(const struct progress *progress, int32_t partition);

/* Kafka has taken the offset. */
void progress_committed(struct progress *progress, int32_t partition, int64_t offset);

#endif
