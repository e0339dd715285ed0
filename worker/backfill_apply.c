/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_apply - a batch of a backfill: its rows, counts and offset in one transaction. */
#include "worker/backfill_apply.h"

#include <poll.h>

enum { CONTENTION_TRIES = 8, CONTENTION_MS = 100 };

struct work {
	struct upsert *upsert;
	struct backfill_counts counts;
	struct failure *failure;
};

static enum error settle(struct work *work, const struct batch_row *rows, size_t count);

static enum error settle_halves(struct work *work, const struct batch_row *rows, size_t count)
{
	size_t half = count / 2;
	enum error error = settle(work, rows, half);
	return error ? error : settle(work, rows + half, count - half);
}

/* A row that was folded is taken apart: only the events that are bad are left out. */
static enum error take_apart(struct work *work, const struct batch_row *row)
{
	enum error error = OK;
	for (size_t i = 0; i < row->event_count && !error; i++) {
		struct batch_row alone = batch_row_of(&row->events[i]);
		error = settle(work, &alone, 1);
	}
	return error;
}

/* Rows of which some may be bad. The depth is that of halving a batch: 12 for 4,000 rows. */
static enum error settle(struct work *work, const struct batch_row *rows, size_t count)
{
	struct batch_outcome outcome = {0};
	enum error error = upsert_rows(work->upsert, rows, count, &outcome, work->failure);
	if (!error) {
		work->counts.inserted += (int64_t)outcome.inserted;
		work->counts.updated += (int64_t)outcome.updated;
		work->counts.unchanged += (int64_t)(count - outcome.inserted - outcome.updated);
		return OK;
	}
	if (error_blame(error) != BLAME_POISON)
		return error;
	if (count > 1)
		return settle_halves(work, rows, count);
	if (rows->event_count > 1)
		return take_apart(work, rows);
	if (error == E_BUSINESS_GONE)
		work->counts.gone++;
	else
		work->counts.bad++;
	return OK;
}

static enum error apply_once(
	struct work *work, struct backfill_lease *lease, const struct batch *batch, int64_t next)
{
	enum error error = upsert_begin(work->upsert, work->failure);
	if (error)
		return error;
	error = backfill_job_hold(work->upsert, lease, work->failure);
	if (!error && batch->row_count)
		error = settle(work, batch->rows, batch->row_count);
	if (!error)
		error = backfill_job_advance(
			work->upsert, lease, next, &work->counts, work->failure);
	if (!error)
		error = upsert_command(work->upsert, "commit", NULL, 0, NULL, work->failure);
	if (error)
		upsert_rollback(work->upsert);
	else
		lease->next = next;
	return error;
}

enum error backfill_apply(struct upsert *upsert, struct backfill_lease *lease, struct batch *batch,
	int64_t next, const struct backfill_counts *counts, struct failure *failure)
{
	enum error error = E_POSTGRES_CONTENTION;
	batch_fold(batch);
	for (int tries = 0; error == E_POSTGRES_CONTENTION && tries < CONTENTION_TRIES; tries++) {
		struct work work = {.upsert = upsert, .counts = *counts, .failure = failure};
		if (tries)
			(void)poll(NULL, 0, CONTENTION_MS * tries);
		error = apply_once(&work, lease, batch, next);
	}
	return error;
}
