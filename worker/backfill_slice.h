/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backfill_slice - a batch of a range on its way: read, looked up, judged, written.
 *
 * Judging decides of each event, in the order of the log, what becomes of it, and which contacts have to be
 * written.
 */
#ifndef INTAKE_WORKER_BACKFILL_SLICE_H
#define INTAKE_WORKER_BACKFILL_SLICE_H

#include <stdbool.h>
#include <stdint.h>

#include "worker/backfill_job.h"
#include "worker/backfill_look.h"
#include "worker/batch.h"

struct backfill_slice {
	struct batch *batch; /* owned; bad records are in it too */
	int64_t first;       /* offset */
	int64_t next;        /* the first offset behind it */
	int64_t read;        /* records */
	int64_t others;      /* of them, those of other businesses: not in the batch */
	int64_t missing;     /* offsets that retention had taken */
	size_t bytes;        /* of all records, also those that were passed over */

	bool is_assumed; /* its contacts are taken to be new; what nobody has looked up is not there */

	/* From backfill_slice_fold on. */
	struct backfill_seen *seen; /* owned; one a row, for backfill_look_take */

	/* From backfill_slice_judge on. */
	struct batch_row *writes; /* owned; sorted as the batch's rows */
	size_t write_count;
	size_t mistake_count;      /* of the writes: their deletion is taken back */
	enum backfill_fate *fates; /* owned; one an event of the batch that is not bad */
	struct backfill_counts counts;
};

/* Who is told what became of each event; each may be NULL. */
struct backfill_judge {
	/* Takes: seen - of its contact, in the table; fields - whose value has changed. */
	void (*on_event)(void *user, const struct batch_event *event,
		const struct backfill_seen *seen, enum backfill_fate fate, unsigned fields);
	/* What is known of a contact better than the table knows it, and what it has become. */
	bool (*recall)(void *user, const struct batch_row *row, struct backfill_state *ret_state);
	void (*remember)(
		void *user, const struct batch_row *row, const struct backfill_state *state);
	void *user;
};

void backfill_slice_init(struct backfill_slice *slice);
void backfill_slice_fini(struct backfill_slice *slice);

/* Empty it, for records from this offset on. */
void backfill_slice_begin(struct backfill_slice *slice, int64_t first);

/* All is read: make rows of the events. */
void backfill_slice_fold(struct backfill_slice *slice);

/* Take all its contacts to be new, instead of looking them up. Folded before. */
void backfill_slice_assume(struct backfill_slice *slice);

/* Whether every contact of a judged slice was new, and no deletion had to do with one. */
bool backfill_slice_is_new(const struct backfill_slice *slice);

/* May be done again, after events were refused. Events of businesses that are gone are refused here. */
void backfill_slice_judge(struct backfill_slice *slice, const struct backfill_judge *judge);

#endif
