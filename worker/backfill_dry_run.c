/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_dry_run - what a backfill would do, counted exactly, and nothing written. */
#include "worker/backfill_dry_run.h"

#include <stdlib.h>

#include "shared/memory.h"

enum {
	/* Of what a full overlay lets expect, so much more. */
	SPARE_NUMERATOR = 5,
	SPARE_DENOMINATOR = 4,
};

/* ---- hooks */

/* What belongs to no contact is counted once, in the first pass. */
static bool takes(void *user, const struct event *event)
{
	const struct backfill_dry_run *run = user;
	if (!event)
		return run->pass == 0;
	return backfill_overlay_share(run->overlay, event, run->passes) == run->pass;
}

static bool recall(void *user, const struct batch_row *row, struct backfill_state *ret_state)
{
	struct backfill_dry_run *run = user;
	run->is_fresh = !backfill_overlay_get(run->overlay, row->newest, ret_state);
	return !run->is_fresh;
}

static void remember(void *user, const struct batch_row *row, const struct backfill_state *state)
{
	struct backfill_dry_run *run = user;
	if (backfill_overlay_put(run->overlay, row->newest, state))
		return;
	run->is_full = true;
	run->rehearsal.lane.is_enough = true;
}

/* What differs from the table itself, and not from what this run would have written before. */
static void note_event(void *user, const struct batch_event *event,
	const struct backfill_seen *seen, enum backfill_fate fate, unsigned fields)
{
	struct backfill_dry_run *run = user;
	const struct backfill_rehearsal *rehearsal = &run->rehearsal;
	bool is_fresh = run->is_fresh;
	run->is_fresh = is_fresh && fate == BACKFILL_STALE;
	if (!is_fresh || (fate != BACKFILL_INSERTED && fate != BACKFILL_UPDATED))
		return;
	struct buf *out = backfill_notes_add(&run->differences);
	if (!out)
		return;
	backfill_note_begin(
		out, rehearsal, fate == BACKFILL_INSERTED ? "would_insert" : "would_update", event);
	backfill_note_fields(out, rehearsal, fields);
	backfill_note_values(out, rehearsal, event, seen, fields);
	backfill_note_end(out, rehearsal);
}

static void take_slice(void *user, int32_t partition, const struct backfill_slice *slice)
{
	struct backfill_dry_run *run = user;
	struct backfill_counts counts = slice->counts;
	(void)partition;
	if (run->pass > 0)
		counts.missing = 0;
	backfill_counts_add(&run->partitions[run->range], &counts);
	backfill_tally_add(&run->tally, slice);
	backfill_notes_bad(&run->bad, slice->batch, run->rehearsal.job, run->rehearsal.json);
	backfill_rehearsal_tick(&run->rehearsal, slice);
}

static void begin_range(void *user, size_t range)
{
	struct backfill_dry_run *run = user;
	run->range = range;
}

/* ---- passes */

static void forget(struct backfill_dry_run *run)
{
	size_t count = run->rehearsal.bounds->count;
	memset(run->partitions, 0, count * sizeof(*run->partitions));
	backfill_tally_fini(&run->tally);
	backfill_notes_fini(&run->differences);
	backfill_notes_fini(&run->bad);
	run->rehearsal.done = 0;
	run->is_full = false;
}

/* How many passes it takes, from how far the first of them came. */
static uint64_t more_passes(const struct backfill_dry_run *run, int64_t offsets)
{
	int64_t done = run->rehearsal.done - (int64_t)run->pass * offsets;
	uint64_t least = run->passes * 2;
	if (done <= 0)
		return least;
	uint64_t expected = run->passes * (uint64_t)offsets / (uint64_t)done * SPARE_NUMERATOR /
				    SPARE_DENOMINATOR +
			    1;
	return expected > least ? expected : least;
}

static enum error run_passes(struct backfill_dry_run *run, struct failure *failure)
{
	enum error error = OK;
	for (run->pass = 0; run->pass < run->passes && !error && !run->is_full; run->pass++) {
		backfill_overlay_clear(run->overlay);
		error = backfill_rehearsal_pass(&run->rehearsal, begin_range, run, failure);
	}
	return error;
}

static enum error run_all(struct backfill_dry_run *run, struct failure *failure)
{
	int64_t offsets = run->rehearsal.offsets;
	enum error error = run_passes(run, failure);
	while (!error && run->is_full) {
		run->pass--;
		run->passes = more_passes(run, offsets);
		run->rehearsal.offsets = offsets * (int64_t)run->passes;
		forget(run);
		error = run_passes(run, failure);
	}
	return error;
}

enum error backfill_dry_run(struct backfill_dry_run *run, struct failure *failure)
{
	const struct backfill_lane_hooks hooks = {
		.judge = {.on_event = note_event,
			.recall = recall,
			.remember = remember,
			.user = run},
		.takes = takes,
		.on_slice = take_slice,
		.user = run,
	};
	run->passes = 1;
	run->partitions = memory_zeroed(run->rehearsal.bounds->count, sizeof(*run->partitions));
	run->overlay = backfill_overlay_new(run->memory_bytes);
	enum error error = backfill_rehearsal_open(&run->rehearsal, &hooks, failure);
	if (!error)
		error = run_all(run, failure);
	backfill_rehearsal_close(&run->rehearsal);
	backfill_overlay_free(run->overlay);
	run->overlay = NULL;
	return error;
}

void backfill_dry_run_fini(struct backfill_dry_run *run)
{
	free(run->partitions);
	backfill_tally_fini(&run->tally);
	backfill_notes_fini(&run->differences);
	backfill_notes_fini(&run->bad);
}
