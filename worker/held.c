/* SPDX-License-Identifier: Apache-2.0 */
/* held - events that wait for somebody to act, so that the others of their lane need not. */
#include "worker/held.h"

#include "shared/clock.h"
#include "worker/metrics.h"

enum { LINE_EVERY_MS = 30 * 1000 };

static const struct kind {
	const char *begins; /* the log's names */
	const char *ends;
	enum log_level level;
	unsigned events;  /* gauges */
	unsigned waiting; /* 0: none */
	int64_t first_ms; /* until it is tried anew, doubled each time in vain */
	int64_t most_ms;
} kinds[HELD_KINDS] = {
	[HELD_LOCKED] = {"lane.holding", "lane.holds_none", LOG_LEVEL_WARN, METRIC_HELD, 0, 200,
		5000},
	[HELD_PARKED] = {"lane.parking", "lane.parks_none", LOG_LEVEL_ERROR, METRIC_PARKED,
		METRIC_WAITING_CIRCUIT, 10000, 60000},
};

size_t held_count(const struct held *held)
{
	return held->batch ? held->batch->event_count : 0;
}

bool held_is_empty(const struct held *held)
{
	return held_count(held) == 0;
}

void held_fini(struct held *held)
{
	batch_free(held_take(held));
	held_show(held);
}

bool held_is_full(const struct held *held)
{
	size_t share = held->kind == HELD_PARKED ? HELD_PARKED_SHARE : 1;
	return held->batch &&
	       (held->batch->event_count >= share * HELD_EVENTS_MOST ||
		       held->batch->bytes >= share * HELD_BYTES_MOST ||
		       (held->kind == HELD_LOCKED && held->behind >= HELD_BEHIND_MOST));
}

bool held_has(const struct held *held, const struct batch_row *row)
{
	return held->batch && batch_has_contact(held->batch, row->newest);
}

bool held_has_partition(const struct held *held, int32_t partition)
{
	for (size_t i = 0; held->batch && i < held->batch->mark_count; i++) {
		if (held->batch->marks[i].partition == partition)
			return true;
	}
	return false;
}

static bool is_first_of_partition(const struct batch *batch, size_t mark)
{
	for (size_t i = 0; i < mark; i++) {
		if (batch->marks[i].partition == batch->marks[mark].partition)
			return false;
	}
	return true;
}

size_t held_partitions(const struct held *held, int32_t *ret_partitions, size_t most)
{
	size_t count = 0;
	for (size_t i = 0; held->batch && i < held->batch->mark_count; i++) {
		if (!is_first_of_partition(held->batch, i))
			continue;
		if (count < most)
			ret_partitions[count] = held->batch->marks[i].partition;
		count++;
	}
	return count;
}

void held_show(struct held *held)
{
	size_t count = held_count(held);
	const struct kind *kind = &kinds[held->kind];
	metric_gauge_add(kind->events, (int64_t)(count - held->shown));
	bool waits = kind->waiting && count > 0 && !held_is_full(held); /* else the lane says so */
	if (waits != held->shown_waiting)
		metric_gauge_add(kind->waiting, waits ? 1 : -1);
	held->shown = count;
	held->shown_waiting = waits;
}

static struct batch *batch_of(struct held *held)
{
	if (!held->batch)
		held->batch = batch_new();
	return held->batch;
}

void held_add(struct held *held, struct batch *from, const struct batch_row *rows, size_t count)
{
	if (count == 0)
		return;
	for (size_t i = 0; i < count; i++)
		batch_move_row(from, &rows[i], batch_of(held));
	batch_fold(held->batch);
}

void held_add_partition(struct held *held, struct batch *from, int32_t partition)
{
	batch_move_partition(from, partition, batch_of(held));
	batch_fold(held->batch);
	batch_fold(from);
}

void held_drop(struct held *held, int32_t partition)
{
	struct batch *batch = held->batch;
	size_t kept = 0;
	if (!batch)
		return;
	for (size_t i = 0; i < batch->mark_count; i++) {
		if (batch->marks[i].partition != partition)
			batch->marks[kept++] = batch->marks[i];
	}
	batch->mark_count = kept;
	batch_drop(batch, partition);
	batch_fold(batch);
	if (batch->event_count == 0)
		batch_free(held_take(held));
	held_show(held);
}

struct batch *held_take(struct held *held)
{
	struct batch *batch = held->batch;
	held->batch = NULL;
	return batch;
}

void held_pass(struct held *held, size_t events)
{
	held->behind = held_is_empty(held) ? 0 : held->behind + events;
}

int64_t held_wait_ms(const struct held *held, int64_t now_ms)
{
	if (held_is_empty(held))
		return -1;
	return held->due_ms > now_ms ? held->due_ms - now_ms : 0;
}

static void say(struct held *held, int64_t now_ms)
{
	const struct kind *kind = &kinds[held->kind];
	int64_t suppressed = log_limit_take(&held->line, now_ms);
	if (suppressed >= 0)
		log_write(kind->level, kind->begins,
			LOG_FIELDS(log_text("lane", held->lane),
				log_int("events", (int64_t)held_count(held)),
				log_int("partitions", (int64_t)held_partitions(held, NULL, 0)),
				log_int("ms", now_ms - held->since_ms),
				log_text("reason", held->why.detail),
				log_int("suppressed", suppressed)));
}

static int64_t next_pause_ms(const struct held *held, bool better)
{
	const struct kind *kind = &kinds[held->kind];
	if (better)
		return kind->first_ms;
	return 2 * held->pause_ms < kind->most_ms ? 2 * held->pause_ms : kind->most_ms;
}

void held_plan(struct held *held, size_t before, const struct failure *why, int64_t took_ms)
{
	int64_t now_ms = clock_steady_ms();
	size_t count = held_count(held);
	if (before == 0) {
		held->since_ms = now_ms;
		held->line = (struct log_limit){.every_ms = LINE_EVERY_MS};
	}
	held->pause_ms = next_pause_ms(held, count < before || before == 0);
	int64_t least_ms = took_ms * HELD_TRY_SHARE;
	held->due_ms = now_ms + (held->pause_ms > least_ms ? held->pause_ms : least_ms);
	if (count > 0 && why->error)
		held->why = *why;
	if (count > 0)
		say(held, now_ms);
	else if (before > 0)
		log_info(kinds[held->kind].ends, log_text("lane", held->lane),
			log_int("ms", now_ms - held->since_ms));
}
