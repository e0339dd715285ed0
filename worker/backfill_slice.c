/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_slice - a batch of a range on its way: read, looked up, judged, written. */
#include "worker/backfill_slice.h"

#include <stdlib.h>

#include "shared/clock.h"
#include "shared/memory.h"

void backfill_slice_init(struct backfill_slice *slice)
{
	*slice = (struct backfill_slice){.batch = batch_new()};
}

void backfill_slice_fini(struct backfill_slice *slice)
{
	batch_free(slice->batch);
	free(slice->seen);
	free(slice->writes);
	free(slice->fates);
	*slice = (struct backfill_slice){0};
}

void backfill_slice_begin(struct backfill_slice *slice, int64_t first)
{
	batch_clear(slice->batch);
	slice->first = first;
	slice->next = first;
	slice->read = 0;
	slice->others = 0;
	slice->missing = 0;
	slice->bytes = 0;
	slice->is_assumed = false;
}

void backfill_slice_fold(struct backfill_slice *slice)
{
	batch_fold(slice->batch);
	size_t count = slice->batch->row_count;
	slice->seen = memory_resize(slice->seen, count * sizeof(*slice->seen));
	slice->writes = memory_resize(slice->writes, count * sizeof(*slice->writes));
	slice->fates =
		memory_resize(slice->fates, slice->batch->event_count * sizeof(*slice->fates));
}

void backfill_slice_assume(struct backfill_slice *slice)
{
	slice->is_assumed = true;
	for (size_t i = 0; i < slice->batch->row_count; i++)
		slice->seen[i] = (struct backfill_seen){.is_gone = false};
}

bool backfill_slice_is_new(const struct backfill_slice *slice)
{
	const struct uuid never = {{0}};
	for (size_t i = 0; i < slice->batch->row_count; i++) {
		const struct backfill_seen *seen = &slice->seen[i];
		if (seen->state.exists || seen->is_gone || seen->is_mistake ||
			uuid_compare(&seen->state.deleted, &never) != 0)
			return false;
	}
	return slice->batch->row_count > 0;
}

/* The id that upsert.sql is given as that of the row's oldest event. */
static void set_oldest(struct batch *batch, struct batch_row *row, struct uuid id)
{
	struct event *renamed = arena_alloc(&batch->arena, sizeof(*renamed));
	*renamed = *row->oldest;
	renamed->id = id;
	row->oldest = renamed;
}

static void add_write(
	struct backfill_slice *slice, const struct batch_row *row, const struct backfill_seen *seen)
{
	const struct uuid never = {{0}};
	struct batch_row *write = &slice->writes[slice->write_count++];
	*write = *row;
	slice->mistake_count += seen->is_mistake;
	/* The contact had its id before its deletion, and lives on under another address. */
	if (seen->is_id_taken && !seen->state.exists)
		set_oldest(slice->batch, write, uuid7_new(clock_wall_ns()));
	/*
	 * A row older than its own deletion, as a copy that was restored has: the statement asks about deletions
	 * only where one is newer than its oldest event. The row is there and keeps its id.
	 */
	else if (seen->state.exists && uuid_compare(&seen->state.deleted, &never) != 0)
		set_oldest(slice->batch, write, never);
}

/* A row's events are in the order of their versions; a batch has them in that of the log. */
static int compare_place(const void *left, const void *right)
{
	const struct batch_event *a = *(const struct batch_event *const *)left;
	const struct batch_event *b = *(const struct batch_event *const *)right;
	return (a > b) - (a < b);
}

static const struct batch_event *const *in_log_order(
	struct batch *batch, const struct batch_row *row)
{
	if (row->event_count == 1)
		return row->events;
	/* NOLINTBEGIN(bugprone-sizeof-expression): pointers is what the array holds. */
	size_t size = row->event_count * sizeof(*row->events);
	const struct batch_event **events = arena_alloc(&batch->arena, size);
	memcpy(events, row->events, size);
	qsort(events, row->event_count, sizeof(*events), compare_place);
	/* NOLINTEND(bugprone-sizeof-expression) */
	return events;
}

static void refuse_gone(struct batch *batch, const struct batch_row *row)
{
	struct failure why = {.error = OK};
	(void)failure_set(&why, E_BUSINESS_GONE, "the business does not exist");
	for (size_t i = 0; i < row->event_count; i++)
		batch_refuse(batch, row->events[i], &why);
}

static void judge_row(struct backfill_slice *slice, const struct backfill_judge *judge,
	const struct batch_row *row, const struct backfill_seen *seen)
{
	struct backfill_state state = seen->state;
	bool is_known = judge->recall && judge->recall(judge->user, row, &state);
	const struct batch_event *const *events = in_log_order(slice->batch, row);
	bool is_write = seen->is_mistake && !is_known;
	slice->counts.undeleted += is_write;
	for (size_t i = 0; i < row->event_count; i++) {
		unsigned fields;
		if (events[i]->bad)
			continue;
		enum backfill_fate fate = backfill_state_apply(&state, &events[i]->event, &fields);
		is_write = is_write || fate != BACKFILL_STALE;
		backfill_count_fate(&slice->counts, fate);
		slice->fates[events[i] - slice->batch->events] = fate;
		if (judge->on_event)
			judge->on_event(judge->user, events[i], seen, fate, fields);
	}
	if (!is_write)
		return;
	add_write(slice, row, seen);
	if (judge->remember)
		judge->remember(judge->user, row, &state);
}

static void count_bad(struct backfill_slice *slice)
{
	const struct batch *batch = slice->batch;
	for (size_t i = 0; i < batch->event_count; i++) {
		if (batch->events[i].bad)
			backfill_count_bad(&slice->counts, batch->events[i].bad->error);
	}
}

void backfill_slice_judge(struct backfill_slice *slice, const struct backfill_judge *judge)
{
	const struct batch *batch = slice->batch;
	slice->counts = (struct backfill_counts){
		.read = slice->read, .others = slice->others, .missing = slice->missing};
	slice->write_count = 0;
	slice->mistake_count = 0;
	for (size_t i = 0; i < batch->row_count; i++) {
		if (slice->seen[i].is_gone)
			refuse_gone(slice->batch, &batch->rows[i]);
		else
			judge_row(slice, judge, &batch->rows[i], &slice->seen[i]);
	}
	count_bad(slice);
}
