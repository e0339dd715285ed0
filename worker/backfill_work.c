/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_work - what a process does for a job: lease a partition, read it, apply it, until all is done. */
#include "worker/backfill_work.h"

#include <poll.h>

#include "shared/clock.h"
#include "worker/backfill_apply.h"
#include "worker/take.h"

enum {
	WAIT_MS = 100,    /* for a record, before looking at the signals */
	OTHERS_MS = 500,  /* between looks whether others have left something */
	RATE_BATCHES = 4, /* a second, at least, where the rate bounds it */
	MS_PER_S = 1000,
};

/* Wait, but not when told to stop. */
static bool is_stopped(const struct backfill_work *work, int64_t wait_ms)
{
	struct pollfd signals = {.fd = work->signal_fd, .events = POLLIN};
	return poll(&signals, 1, (int)wait_ms) > 0;
}

static size_t batch_most(const struct backfill_work *work)
{
	int64_t most = work->settings->batch_rows;
	int64_t share = work->rate / RATE_BATCHES;
	if (work->rate && share < most)
		most = share ? share : 1;
	return (size_t)most;
}

/* Sleep off what is too fast. Later batches make up for no time that was lost. */
static void hold_rate(struct backfill_work *work)
{
	int64_t rate = work->rate;
	if (!rate)
		return;
	int64_t due_ms = work->rate_began_ms + work->read_count * MS_PER_S / rate;
	int64_t early_ms = due_ms - clock_steady_ms();
	if (early_ms > 0) {
		(void)is_stopped(work, early_ms);
	} else {
		work->rate_began_ms = clock_steady_ms();
		work->read_count = 0;
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
	int64_t most = (int64_t)batch_most(work);
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
	work->counts = (struct backfill_counts){0};
	enum error error = fill(work, lease, &next, failure);
	if (error && error != E_NOT_FOUND)
		return error;
	if (next == lease->next)
		return OK;
	error = backfill_apply(work->upsert, lease, work->batch, next, &work->counts, failure);
	if (error)
		return error;
	work->read_count += work->counts.read;
	work->tick(work->user);
	hold_rate(work);
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
	work->rate_began_ms = clock_steady_ms();
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
