/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_report - what came of a backfill, part by part: lines for people, or events as JSON. On stdout. */
#ifndef INTAKE_WORKER_BACKFILL_REPORT_H
#define INTAKE_WORKER_BACKFILL_REPORT_H

#include "worker/backfill_bounds.h"
#include "worker/backfill_notes.h"
#include "worker/backfill_tally.h"
#include "worker/backfill_tell.h"

/* Takes: counts - one a range. Returns: their sum. */
struct backfill_counts backfill_report_partitions(const struct backfill_tell *tell,
	const struct backfill_bounds *bounds, const struct backfill_counts *counts);

/* People see the first of many businesses only, and not one alone. */
void backfill_report_businesses(const struct backfill_tell *tell, struct backfill_tally *tally);

/* Takes: title - for people, "Left out"; nothing where there are no notes. */
void backfill_report_notes(
	const struct backfill_tell *tell, const char *title, const struct backfill_notes *notes);

#endif
