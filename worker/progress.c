/* SPDX-License-Identifier: Apache-2.0 */
/* progress - how far each partition has come: the contiguous prefix of what is durable. */
#include "worker/progress.h"

#include <stdlib.h>
#include <string.h>

#include "shared/ensure.h"
#include "shared/memory.h"

/* Each lane has at most a batch in flight and one that waits; more marks than that are rare. */
enum { MARKS_FIRST = 8 };

struct pending {
	int64_t next_offset;
	int64_t oldest_ms;
	bool settled;
};

struct partition {
	bool assigned;
	uint32_t epoch;
	int64_t position;
	int64_t committed;
	struct pending *ring; /* owned; `capacity` is a power of two */
	size_t capacity;
	size_t count;
	uint64_t first; /* sequence of the oldest mark that is pending */
};

struct progress {
	struct partition *partitions; /* owned; by number */
	int32_t count;
	uint32_t epoch; /* of the newest assignment */
};

struct progress *progress_new(void)
{
	return memory_zeroed(1, sizeof(struct progress));
}

void progress_free(struct progress *progress)
{
	if (!progress)
		return;
	for (int32_t i = 0; i < progress->count; i++)
		free(progress->partitions[i].ring);
	free(progress->partitions);
	free(progress);
}

static struct partition *find(const struct progress *progress, int32_t partition)
{
	if (partition < 0 || partition >= progress->count)
		return NULL;
	struct partition *found = &progress->partitions[partition];
	return found->assigned ? found : NULL;
}

static struct pending *pending_at(const struct partition *partition, uint64_t sequence)
{
	return &partition->ring[sequence & (partition->capacity - 1)];
}

void progress_assign(struct progress *progress, int32_t partition, int64_t start_offset)
{
	ensure(partition >= 0);
	if (partition >= progress->count) {
		size_t count = (size_t)partition + 1;
		progress->partitions =
			memory_resize(progress->partitions, count * sizeof(*progress->partitions));
		memset(progress->partitions + progress->count, 0,
			(count - (size_t)progress->count) * sizeof(*progress->partitions));
		progress->count = partition + 1;
	}
	struct partition *assigned = &progress->partitions[partition];
	assigned->assigned = true;
	assigned->epoch = ++progress->epoch;
	assigned->position = start_offset;
	assigned->committed = start_offset;
	assigned->count = 0;
	assigned->first = 0;
}

void progress_revoke(struct progress *progress, int32_t partition)
{
	struct partition *revoked = find(progress, partition);
	if (revoked)
		revoked->assigned = false;
}

bool progress_is_assigned(const struct progress *progress, int32_t partition)
{
	return find(progress, partition) != NULL;
}

int32_t progress_partition_count(const struct progress *progress)
{
	return progress->count;
}

static void grow(struct partition *partition)
{
	size_t capacity = partition->capacity ? 2 * partition->capacity : MARKS_FIRST;
	struct pending *ring = memory_zeroed(capacity, sizeof(*ring));
	for (uint64_t i = partition->first; i < partition->first + partition->count; i++)
		ring[i & (capacity - 1)] = *pending_at(partition, i);
	free(partition->ring);
	partition->ring = ring;
	partition->capacity = capacity;
}

struct progress_mark progress_mark(
	struct progress *progress, int32_t partition, int64_t next_offset, int64_t oldest_ms)
{
	struct partition *marked = find(progress, partition);
	ensure(marked);
	if (marked->count == marked->capacity)
		grow(marked);
	uint64_t sequence = marked->first + marked->count++;
	*pending_at(marked, sequence) =
		(struct pending){.next_offset = next_offset, .oldest_ms = oldest_ms};
	return (struct progress_mark){partition, marked->epoch, sequence, next_offset, oldest_ms};
}

bool progress_settle(struct progress *progress, const struct progress_mark *mark)
{
	struct partition *partition = find(progress, mark->partition);
	if (!partition || partition->epoch != mark->epoch)
		return false;
	ensure(mark->sequence - partition->first < partition->count);
	pending_at(partition, mark->sequence)->settled = true;
	while (partition->count > 0 && pending_at(partition, partition->first)->settled) {
		partition->position = pending_at(partition, partition->first)->next_offset;
		partition->first++;
		partition->count--;
	}
	return true;
}

void progress_withdraw(struct progress *progress, const struct progress_mark *mark)
{
	struct partition *partition = find(progress, mark->partition);
	if (!partition || partition->epoch != mark->epoch)
		return;
	ensure(partition->count > 0 && mark->sequence == partition->first + partition->count - 1);
	partition->count--;
}

size_t progress_pending(const struct progress *progress, int32_t partition)
{
	const struct partition *found = find(progress, partition);
	return found ? found->count : 0;
}

static int64_t older(int64_t a_ms, int64_t b_ms)
{
	return a_ms != PROGRESS_NONE && a_ms < b_ms ? a_ms : b_ms;
}

int64_t progress_oldest_ms(const struct progress *progress)
{
	int64_t oldest_ms = PROGRESS_NONE;
	for (int32_t i = 0; i < progress->count; i++) {
		const struct partition *partition = find(progress, i);
		for (size_t at = 0; partition && at < partition->count; at++) {
			const struct pending *pending =
				pending_at(partition, partition->first + at);
			if (!pending->settled)
				oldest_ms = older(oldest_ms, pending->oldest_ms);
		}
	}
	return oldest_ms;
}

int64_t progress_position(const struct progress *progress, int32_t partition)
{
	const struct partition *found = find(progress, partition);
	return found ? found->position : PROGRESS_NONE;
}

int64_t progress_to_commit(const struct progress *progress, int32_t partition)
{
	const struct partition *found = find(progress, partition);
	return found && found->position != found->committed ? found->position : PROGRESS_NONE;
}

int64_t progress_uncommitted(const struct progress *progress, int32_t partition)
{
	const struct partition *found = find(progress, partition);
	return found && found->committed != PROGRESS_NONE && found->position > found->committed
		       ? found->position - found->committed
		       : 0;
}

void progress_committed(struct progress *progress, int32_t partition, int64_t offset)
{
	struct partition *found = find(progress, partition);
	if (found)
		found->committed = offset;
}
