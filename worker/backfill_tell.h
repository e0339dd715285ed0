/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_tell - what a backfill tells while it runs: lines for people, or events as JSON. */
#ifndef INTAKE_WORKER_BACKFILL_TELL_H
#define INTAKE_WORKER_BACKFILL_TELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "worker/backfill_bounds.h"
#include "worker/backfill_job.h"
#include "worker/backfill_screen.h"
#include "worker/backfill_view.h"

struct backfill_tell {
	const char *job; /* its name; borrowed */
	bool json;       /* events on stdout; else progress on stderr, figures on stdout */
	bool is_drawn;   /* progress is drawn at a terminal; set by backfill_tell_begin */

	/* Its own. */
	int64_t told_ms; /* when progress was told last, steady clock */
	struct backfill_screen screen;
};

/* What a job that is made now will replay. */
void backfill_tell_ranges(
	const struct backfill_tell *tell, const struct backfill_range *ranges, size_t count);

/* What is no longer there of what was asked for; on stderr, or as events. */
void backfill_tell_gaps(
	const struct backfill_tell *tell, const struct backfill_gap *gaps, size_t count);

/* From here on progress is told. Takes: now_ms - steady clock. */
void backfill_tell_begin(struct backfill_tell *tell, int64_t now_ms);

/* Whether it is time to tell progress. */
bool backfill_tell_is_due(const struct backfill_tell *tell, int64_t now_ms);

/* Tell progress: draw it, or a line, or an event. */
void backfill_tell_progress(
	struct backfill_tell *tell, const struct backfill_view *view, int64_t now_ms);

/* What is drawn goes away, so that text can follow. */
void backfill_tell_clear(struct backfill_tell *tell);

/* Takes: event - what has happened, for programs: "finished". */
void backfill_tell_counts(
	const struct backfill_tell *tell, const char *event, const struct backfill_totals *totals);

#endif
