/* SPDX-License-Identifier: Apache-2.0 */
/* feed - which lane gets a partition's events, and when they are handed over. */
#include "worker/feed.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "shared/buf.h"
#include "shared/ensure.h"
#include "shared/memory.h"
#include "worker/metrics.h"
#include "worker/pace.h"

enum {
	JITTER_SHARE = 4,  /* a batch is due up to a quarter earlier: workers fall out of step */
	SPARES_A_LANE = 3, /* one is open, one waits, one is in flight */
};

struct feed_lane {
	struct lane *lane;  /* borrowed */
	struct batch *open; /* owned */
	struct pace pace;
	size_t partition_count;
	int64_t due_ms;
};

struct feed_partition {
	size_t lane;
	bool assigned;
};

struct feed {
	struct feed_limits limits;
	struct progress *progress; /* borrowed */
	struct feed_lane *lanes;   /* owned */
	size_t lane_count;
	struct feed_partition *partitions; /* owned; by number */
	int32_t partition_count;
	struct batch *spare; /* owned list, cleared */
	size_t spare_count;
};

struct feed *feed_new(const struct feed_limits *limits, struct lane *const *lanes,
	size_t lane_count, struct progress *progress)
{
	struct feed *feed = memory_zeroed(1, sizeof(*feed));
	feed->limits = *limits;
	feed->progress = progress;
	feed->lanes = memory_zeroed(lane_count, sizeof(*feed->lanes));
	feed->lane_count = lane_count;
	for (size_t i = 0; i < lane_count; i++) {
		feed->lanes[i].lane = lanes[i];
		feed->lanes[i].open = batch_new();
		feed->lanes[i].pace = pace_start(limits->batch_rows, limits->statement_ms);
	}
	return feed;
}

void feed_free(struct feed *feed)
{
	if (!feed)
		return;
	for (size_t i = 0; i < feed->lane_count; i++)
		batch_free(feed->lanes[i].open);
	while (feed->spare) {
		struct batch *batch = feed->spare;
		feed->spare = batch->next;
		batch_free(batch);
	}
	free(feed->lanes);
	free(feed->partitions);
	free(feed);
}

static struct batch *spare_take(struct feed *feed)
{
	struct batch *batch = feed->spare;
	if (!batch)
		return batch_new();
	feed->spare = batch->next;
	feed->spare_count--;
	batch->next = NULL;
	return batch;
}

static void spare_give(struct feed *feed, struct batch *batch)
{
	/* Each try of what a lane holds brings one more. */
	if (feed->spare_count >= SPARES_A_LANE * feed->lane_count) {
		batch_free(batch);
		return;
	}
	feed->spare_count++;
	batch_clear(batch);
	batch->next = feed->spare;
	feed->spare = batch;
}

static struct feed_partition *partition_at(struct feed *feed, int32_t partition)
{
	ensure(partition >= 0);
	if (partition >= feed->partition_count) {
		size_t count = (size_t)partition + 1;
		feed->partitions =
			memory_resize(feed->partitions, count * sizeof(*feed->partitions));
		memset(feed->partitions + feed->partition_count, 0,
			(count - (size_t)feed->partition_count) * sizeof(*feed->partitions));
		feed->partition_count = partition + 1;
	}
	return &feed->partitions[partition];
}

size_t feed_assign(struct feed *feed, int32_t partition)
{
	struct feed_partition *assigned = partition_at(feed, partition);
	size_t least = 0;
	ensure(!assigned->assigned);
	for (size_t i = 1; i < feed->lane_count; i++) {
		if (feed->lanes[i].partition_count < feed->lanes[least].partition_count)
			least = i;
	}
	feed->lanes[least].partition_count++;
	*assigned = (struct feed_partition){.lane = least, .assigned = true};
	return least;
}

size_t feed_lane_of(const struct feed *feed, int32_t partition)
{
	ensure(partition >= 0 && partition < feed->partition_count);
	ensure(feed->partitions[partition].assigned);
	return feed->partitions[partition].lane;
}

static void drop_events(struct batch *batch, int32_t partition)
{
	size_t before = batch->event_count;
	batch_drop(batch, partition);
	metric_add(METRIC_EVENTS_DROPPED, before - batch->event_count);
}

/* Of a batch that no lane has begun with, so that a revoke does not wait for it. */
static void drop_marks(struct progress *progress, struct batch *batch, int32_t partition)
{
	size_t kept = 0;
	for (size_t i = 0; i < batch->mark_count; i++) {
		if (batch->marks[i].partition != partition)
			batch->marks[kept++] = batch->marks[i];
		else
			progress_withdraw(progress, &batch->marks[i]);
	}
	batch->mark_count = kept;
}

void feed_revoke(struct feed *feed, int32_t partition)
{
	struct feed_lane *lane = &feed->lanes[feed_lane_of(feed, partition)];
	feed->partitions[partition].assigned = false;
	lane->partition_count--;
	lane_forget(lane->lane, partition);
	drop_events(lane->open, partition);
	if (lane->open->event_count == 0)
		batch_clear(lane->open);

	struct batch *waiting = lane_withdraw(lane->lane);
	if (!waiting)
		return;
	drop_events(waiting, partition);
	drop_marks(feed->progress, waiting, partition);
	if (waiting->event_count == 0) {
		spare_give(feed, waiting);
		return;
	}
	batch_fold(waiting);
	lane_hand(lane->lane, waiting);
}

static bool is_full(const struct feed *feed, const struct feed_lane *lane)
{
	return lane->open->event_count >= lane->pace.rows ||
	       lane->open->bytes >= feed->limits.batch_bytes;
}

bool feed_has_room(const struct feed *feed, size_t lane)
{
	return !is_full(feed, &feed->lanes[lane]);
}

struct batch *feed_open_batch(struct feed *feed, size_t lane)
{
	return feed->lanes[lane].open;
}

static struct batch *open_batch_of(struct feed *feed, int32_t partition)
{
	return feed->lanes[feed_lane_of(feed, partition)].open;
}

void feed_add(struct feed *feed, const struct event *event, const struct record *record)
{
	batch_add(open_batch_of(feed, record->partition), event, record);
}

void feed_add_bad(struct feed *feed, const struct record *record, const struct failure *why)
{
	batch_add_bad(open_batch_of(feed, record->partition), record, why);
}

static struct progress_mark *mark_of(struct batch *batch, int32_t partition)
{
	for (size_t i = 0; i < batch->mark_count; i++) {
		if (batch->marks[i].partition == partition)
			return &batch->marks[i];
	}
	batch->marks = memory_resize(batch->marks, (batch->mark_count + 1) * sizeof(*batch->marks));
	batch->marks[batch->mark_count] =
		(struct progress_mark){.partition = partition, .oldest_ms = INT64_MAX};
	return &batch->marks[batch->mark_count++];
}

/* A mark for each partition in the batch. Its events are in the order in which they were read. */
static void make_marks(struct progress *progress, struct batch *batch)
{
	struct progress_mark *mark = NULL;
	batch->mark_count = 0;
	for (size_t i = 0; i < batch->event_count; i++) {
		const struct batch_event *event = &batch->events[i];
		if (i == 0 || event->partition != batch->events[i - 1].partition)
			mark = mark_of(batch, event->partition);
		mark->next_offset = event->offset + 1;
		if (event->event.accepted_ms < mark->oldest_ms)
			mark->oldest_ms = event->event.accepted_ms;
	}
	for (size_t i = 0; i < batch->mark_count; i++) {
		mark = &batch->marks[i];
		*mark = progress_mark(
			progress, mark->partition, mark->next_offset, mark->oldest_ms);
	}
}

static int64_t next_due_ms(const struct feed *feed, int64_t now_ms)
{
	int64_t jitter_ms = feed->limits.batch_ms / JITTER_SHARE;
	return now_ms + feed->limits.batch_ms - randombytes_uniform((uint32_t)jitter_ms + 1);
}

bool feed_flush(struct feed *feed, size_t index, int64_t now_ms, bool hurry)
{
	struct feed_lane *lane = &feed->lanes[index];
	struct batch *batch = lane->open;
	bool full = is_full(feed, lane);
	if (batch->event_count == 0 || (!full && !hurry && now_ms < lane->due_ms))
		return false;
	enum lane_state state = lane_state(lane->lane);
	if (state != LANE_IDLE && !(full && state == LANE_BUSY))
		return false;
	lane->open = spare_take(feed);
	lane->due_ms = next_due_ms(feed, now_ms);
	make_marks(feed->progress, batch);
	batch_fold(batch);
	metric_observe(METRIC_BATCH_ROWS, (double)batch->row_count);
	lane_hand(lane->lane, batch);
	return true;
}

static void count_applied(const struct batch *batch, int64_t wall_ms)
{
	const struct batch_outcome *outcome = &batch->outcome;
	metric_add(METRIC_EVENTS_FOLDED, batch->folded);
	metric_add(METRIC_ROWS_INSERTED, outcome->inserted);
	metric_add(METRIC_ROWS_UPDATED, outcome->updated);
	metric_add(METRIC_ROWS_STALE, outcome->stale);
	for (size_t i = 0; i < batch->event_count; i++) {
		const struct batch_event *event = &batch->events[i];
		if (!event->bad && !event->moved)
			metric_observe(METRIC_END_TO_END_SECONDS,
				(double)(wall_ms - event->event.accepted_ms) / 1000);
	}
}

static void settle(struct feed *feed, const struct batch *batch, int64_t wall_ms)
{
	for (size_t i = 0; i < batch->mark_count; i++)
		(void)progress_settle(feed->progress, &batch->marks[i]);
	count_applied(batch, wall_ms);
}

void feed_collect(struct feed *feed, int64_t wall_ms)
{
	for (size_t i = 0; i < feed->lane_count; i++) {
		struct batch *batch = lane_collect(feed->lanes[i].lane);
		while (batch) {
			struct batch *next = batch->next;
			pace_note(
				&feed->lanes[i].pace, batch_left(batch), batch->outcome.slowest_us);
			settle(feed, batch, wall_ms);
			spare_give(feed, batch);
			batch = next;
		}
	}
}

int64_t feed_wait_ms(const struct feed *feed, int64_t now_ms)
{
	int64_t wait_ms = -1;
	for (size_t i = 0; i < feed->lane_count; i++) {
		const struct feed_lane *lane = &feed->lanes[i];
		if (lane->open->event_count == 0 || lane_state(lane->lane) != LANE_IDLE)
			continue;
		int64_t left_ms = lane->due_ms > now_ms ? lane->due_ms - now_ms : 0;
		if (wait_ms < 0 || left_ms < wait_ms)
			wait_ms = left_ms;
	}
	return wait_ms;
}

int64_t feed_oldest_ms(const struct feed *feed)
{
	int64_t oldest_ms = progress_oldest_ms(feed->progress);
	for (size_t i = 0; i < feed->lane_count; i++) {
		const struct batch *open = feed->lanes[i].open;
		for (size_t j = 0; j < open->event_count; j++) {
			int64_t accepted_ms = open->events[j].event.accepted_ms;
			if (oldest_ms == PROGRESS_NONE || accepted_ms < oldest_ms)
				oldest_ms = accepted_ms;
		}
	}
	return oldest_ms;
}

size_t feed_parked_partitions(const struct feed *feed)
{
	size_t count = 0;
	for (size_t i = 0; i < feed->lane_count; i++)
		count += lane_parked(feed->lanes[i].lane);
	return count;
}

bool feed_has_parked(const struct feed *feed, int32_t partition)
{
	return lane_has_parked(feed->lanes[feed_lane_of(feed, partition)].lane, partition);
}

size_t feed_paused_partitions(const struct feed *feed)
{
	size_t count = 0;
	for (size_t i = 0; i < feed->lane_count; i++) {
		const struct feed_lane *lane = &feed->lanes[i];
		count += lane_is_working(lane->lane) ? lane_parked(lane->lane)
						     : lane->partition_count;
	}
	return count;
}

static bool is_applying(const struct feed_lane *lane)
{
	return lane_is_working(lane->lane) && lane_state(lane->lane) != LANE_IDLE;
}

bool feed_is_applying(const struct feed *feed)
{
	for (size_t i = 0; i < feed->lane_count; i++) {
		if (is_applying(&feed->lanes[i]))
			return true;
	}
	return false;
}

bool feed_is_busy(const struct feed *feed)
{
	for (size_t i = 0; i < feed->lane_count; i++) {
		const struct feed_lane *lane = &feed->lanes[i];
		if (lane_is_working(lane->lane) && lane->open->event_count > 0)
			return true;
	}
	return feed_is_applying(feed);
}
