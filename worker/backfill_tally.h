/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backfill_tally - what became of events, by business.
 *
 * Businesses beyond BACKFILL_TALLY_MOST are counted together: a tally does not grow with its topic.
 */
#ifndef INTAKE_WORKER_BACKFILL_TALLY_H
#define INTAKE_WORKER_BACKFILL_TALLY_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/uuid.h"
#include "worker/backfill_job.h"
#include "worker/backfill_slice.h"

enum { BACKFILL_TALLY_MOST = 10000 };

struct backfill_tally_row;

/* All zero is an empty one. */
struct backfill_tally {
	struct backfill_tally_row *rows; /* owned; by business */
	struct backfill_tally_row *last; /* of these: events of a business come in runs */
	struct backfill_counts rest;     /* of all that found no place */
};

/* Leaves an empty one. */
void backfill_tally_fini(struct backfill_tally *tally);

/* Add what a judged slice has come to; of records that are no events nobody knows the business. */
void backfill_tally_add(struct backfill_tally *tally, const struct backfill_slice *slice);

/* Add one tally to another. */
void backfill_tally_merge(struct backfill_tally *tally, const struct backfill_tally *more);

/* Visit each business in order of its id, and then, with NULL, the rest, where there is one. */
void backfill_tally_each(struct backfill_tally *tally,
	void (*visit)(
		void *user, const struct uuid *business_id, const struct backfill_counts *counts),
	void *user);

#endif
