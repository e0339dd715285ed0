/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_work - what a process does for a job: lease a partition, read it, apply it, until all is done. */
#include "worker/backfill_work.h"

#include <poll.h>

#include "shared/clock.h"
#include "worker/backfill_apply.h"
#include "worker/take.h"

enum {
	WAIT_MS = 100,   /* for a record, before looking at the signals */
	OTHERS_MS = 500, /* between looks whether others have left something */
	TICK_MS = 500,   /* between ticks, in a pause */
};

/* Wait, but not when told to stop. */
static bool is_stopped(const struct backfill_work *work, int64_t wait_ms)
{
	struct pollfd signals = {.fd = work->signal_fd, .events = POLLIN};
	return poll(&signals, 1, (int)wait_ms) > 0;
}

/* Wait as long as the pace says; what is told goes on meanwhile. */
static void keep_pace(struct backfill_work *work, int64_t records, int64_t busy_us)
{
	int64_t until_ms = clock_steady_ms();
	until_ms += backfill_pace_next(work->pace, records, busy_us, until_ms).ms;
	for (int64_t left_ms = until_ms - clock_steady_ms(); left_ms > 0;
		left_ms = until_ms - clock_steady_ms()) {
		if (is_stopped(work, left_ms < TICK_MS ? left_ms : TICK_MS))
			return;
		work->tick(work->user);
	}
}

static void take(struct backfill_work *work, const struct record *record)
{
	struct event event;
	struct failure failure = {.error = OK};
	work->counts.read++;
	if (take_decode(record, &work->batch->arena, &event, &failure))
		work->counts.bad++;
	else if (!business_set_has(work->businesses, &event.business_id))
		work->counts.others++;
	else
		batch_add(work->batch, &event, record);
}

/* Read a batch. Returns: OK, ret_next behind it; E_NOT_FOUND: the same, and the range has been read. */
static enum error fill(struct backfill_work *work, const struct backfill_lease *lease,
	int64_t *ret_next, struct failure *failure)
{
	enum error error = OK;
	int64_t until_ms = clock_steady_ms() + work->settings->batch_ms;
	int64_t most = (int64_t)backfill_pace_batch(work->pace, (size_t)work->settings->batch_rows);
	*ret_next = lease->next;
	batch_clear(work->batch);
	while (work->counts.read < most && clock_steady_ms() < until_ms &&
		work->batch->bytes < (size_t)work->settings->batch_bytes) {
		const struct record *record = NULL;
		error = backfill_reader_next(
			work->reader, WAIT_MS, &work->batch->arena, &record, failure);
		if (error && error != E_PENDING)
			break;
		if (error)
			continue;
		*ret_next = record->offset + 1;
		take(work, record);
	}
	if (error == E_NOT_FOUND)
		*ret_next = lease->to;
	return error == E_PENDING ? OK : error;
}

static enum error apply_next(
	struct backfill_work *work, struct backfill_lease *lease, struct failure *failure)
{
	int64_t next;
	int64_t began_us = clock_steady_us();
	work->counts = (struct backfill_counts){0};
	enum error error = fill(work, lease, &next, failure);
	if (error && error != E_NOT_FOUND)
		return error;
	int64_t filled_us = clock_steady_us();
	backfill_pace_spent(work->pace, BACKFILL_HELD_KAFKA, filled_us - began_us);
	if (next == lease->next)
		return OK;
	error = backfill_apply(work->upsert, lease, work->batch, next, &work->counts, failure);
	if (error)
		return error;
	int64_t busy_us = clock_steady_us() - filled_us;
	backfill_pace_spent(work->pace, BACKFILL_HELD_POSTGRES, busy_us);
	work->tick(work->user);
	keep_pace(work, work->counts.read, busy_us);
	return OK;
}

/* What retention has taken is an error, or counted. */
static enum error pass_gap(
	struct backfill_work *work, struct backfill_lease *lease, struct failure *failure)
{
	int64_t start = 0;
	enum error error = backfill_reader_start(work->reader, lease->partition, &start, failure);
	if (error || start <= lease->next)
		return error;
	if (!work->accept_gaps)
		return failure_set(failure, E_NOT_FOUND,
			"retention has taken offsets %lld to %lld of partition %d: --accept-gaps "
			"goes on without them",
			(long long)lease->next,
			(long long)(start < lease->to ? start : lease->to) - 1, lease->partition);
	if (start > lease->to)
		start = lease->to;
	const struct backfill_counts counts = {.missing = start - lease->next};
	batch_clear(work->batch);
	return backfill_apply(work->upsert, lease, work->batch, start, &counts, failure);
}

static enum error work_partition(
	struct backfill_work *work, struct backfill_lease *lease, struct failure *failure)
{
	enum error error = pass_gap(work, lease, failure);
	const struct backfill_range range = {lease->partition, lease->next, lease->to};
	if (!error)
		error = backfill_reader_seek(work->reader, &range, failure);
	while (!error && lease->next < lease->to && !is_stopped(work, 0))
		error = apply_next(work, lease, failure);
	if (lease->next < lease->to)
		backfill_job_release(work->store, lease);
	return error == E_PENDING ? OK : error; /* another process has it now */
}

enum error backfill_work_run(struct backfill_work *work, struct failure *failure)
{
	enum error error = OK;
	work->batch = batch_new();
	while (!error && !work->finished && !is_stopped(work, 0)) {
		struct backfill_lease lease;
		error = backfill_job_lease(work->store, work->job, &work->owner, &lease, failure);
		if (!error) {
			error = work_partition(work, &lease, failure);
		} else if (error == E_NOT_FOUND) {
			work->finished = true;
			error = OK;
		} else if (error == E_PENDING) {
			work->tick(work->user);
			error = OK;
			(void)is_stopped(work, OTHERS_MS);
		} else if (error == E_CANCELLED) {
			work->cancelled = true;
		}
	}
	batch_free(work->batch);
	work->batch = NULL;
	return error == E_CANCELLED ? OK : error;
}
