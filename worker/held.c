/* SPDX-License-Identifier: Apache-2.0 */
/* held - rows that wait for somebody else's lock, so that the others of their lane need not. */
#include "worker/held.h"

#include "shared/clock.h"
#include "worker/metrics.h"

enum { LINE_EVERY_MS = 30 * 1000 };

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
}

bool held_is_full(const struct held *held)
{
	return held->batch &&
	       (held->batch->event_count >= HELD_EVENTS_MOST ||
		       held->batch->bytes >= HELD_BYTES_MOST || held->behind >= HELD_BEHIND_MOST);
}

bool held_has(const struct held *held, const struct batch_row *row)
{
	return held->batch && batch_has_contact(held->batch, row->newest);
}

void held_add(struct held *held, struct batch *from, const struct batch_row *rows, size_t count)
{
	if (count == 0)
		return;
	if (!held->batch)
		held->batch = batch_new();
	size_t before = held_count(held);
	for (size_t i = 0; i < count; i++)
		batch_move_row(from, &rows[i], held->batch);
	batch_fold(held->batch);
	metric_gauge_add(METRIC_HELD, (int64_t)(held_count(held) - before));
}

struct batch *held_take(struct held *held)
{
	struct batch *batch = held->batch;
	metric_gauge_add(METRIC_HELD, -(int64_t)held_count(held));
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
	int64_t suppressed = log_limit_take(&held->line, now_ms);
	if (suppressed >= 0)
		log_warn("lane.holding", log_text("lane", held->lane),
			log_int("events", (int64_t)held_count(held)),
			log_int("ms", now_ms - held->since_ms),
			log_text("reason", held->why.detail), log_int("suppressed", suppressed));
}

void held_plan(struct held *held, size_t before, const struct failure *why)
{
	int64_t now_ms = clock_steady_ms();
	size_t count = held_count(held);
	if (before == 0) {
		held->since_ms = now_ms;
		held->line = (struct log_limit){.every_ms = LINE_EVERY_MS};
	}
	if (count < before || before == 0)
		held->pause_ms = HELD_FIRST_MS;
	else
		held->pause_ms =
			2 * held->pause_ms < HELD_MOST_MS ? 2 * held->pause_ms : HELD_MOST_MS;
	held->due_ms = now_ms + held->pause_ms;
	held->why = *why;
	if (count > 0)
		say(held, now_ms);
	else if (before > 0)
		log_info("lane.holds_none", log_text("lane", held->lane),
			log_int("ms", now_ms - held->since_ms));
}
