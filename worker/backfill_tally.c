/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_tally - what became of events, by business. */
#include "worker/backfill_tally.h"

#include <stdlib.h>
#include <uthash.h>

#include "shared/memory.h"

struct backfill_tally_row {
	struct uuid business_id;
	struct backfill_counts counts;
	UT_hash_handle hh;
};

void backfill_tally_fini(struct backfill_tally *tally)
{
	struct backfill_tally_row *row = tally->rows;
	HASH_CLEAR(hh, tally->rows);
	while (row) {
		struct backfill_tally_row *next = row->hh.next;
		free(row);
		row = next;
	}
	*tally = (struct backfill_tally){0};
}

static struct backfill_counts *counts_of(
	struct backfill_tally *tally, const struct uuid *business_id)
{
	struct backfill_tally_row *row = tally->last;
	if (row && uuid_compare(&row->business_id, business_id) == 0)
		return &row->counts;
	HASH_FIND(hh, tally->rows, business_id, sizeof(*business_id), row);
	if (!row && HASH_COUNT(tally->rows) >= BACKFILL_TALLY_MOST)
		return &tally->rest;
	if (!row) {
		row = memory_zeroed(1, sizeof(*row));
		row->business_id = *business_id;
		HASH_ADD(hh, tally->rows, business_id, sizeof(row->business_id), row);
	}
	tally->last = row;
	return &row->counts;
}

static bool is_of_business(const struct batch_event *event)
{
	enum error bad = event->bad ? event->bad->error : OK;
	return !bad || bad == E_BUSINESS_GONE || bad == E_POSTGRES_DATA;
}

void backfill_tally_add(struct backfill_tally *tally, const struct backfill_slice *slice)
{
	const struct batch *batch = slice->batch;
	for (size_t i = 0; i < batch->event_count; i++) {
		const struct batch_event *event = &batch->events[i];
		if (!is_of_business(event))
			continue;
		struct backfill_counts *counts = counts_of(tally, &event->event.business_id);
		counts->read++;
		if (event->bad)
			backfill_count_bad(counts, event->bad->error);
		else
			backfill_count_fate(counts, slice->fates[i]);
	}
}

void backfill_tally_merge(struct backfill_tally *tally, const struct backfill_tally *more)
{
	for (const struct backfill_tally_row *row = more->rows; row; row = row->hh.next)
		backfill_counts_add(counts_of(tally, &row->business_id), &row->counts);
	backfill_counts_add(&tally->rest, &more->rest);
}

static int compare_business(const struct backfill_tally_row *a, const struct backfill_tally_row *b)
{
	return uuid_compare(&a->business_id, &b->business_id);
}

void backfill_tally_each(struct backfill_tally *tally,
	void (*visit)(
		void *user, const struct uuid *business_id, const struct backfill_counts *counts),
	void *user)
{
	HASH_SORT(tally->rows, compare_business);
	for (const struct backfill_tally_row *row = tally->rows; row; row = row->hh.next)
		visit(user, &row->business_id, &row->counts);
	if (tally->rest.read)
		visit(user, NULL, &tally->rest);
}
