/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backfill_dry_run - what a backfill would do, counted exactly, and nothing written.
 *
 * Design notes. What it would have written so far it keeps in an overlay of bounded size; a range whose
 * contacts do not fit is read in several passes, each of which takes a share of the contacts. It takes the
 * partitions one after the other, as one lane does.
 *
 * Thread: one.
 */
#ifndef INTAKE_WORKER_BACKFILL_DRY_RUN_H
#define INTAKE_WORKER_BACKFILL_DRY_RUN_H

#include <stddef.h>
#include <stdint.h>

#include "shared/error.h"
#include "worker/backfill_overlay.h"
#include "worker/backfill_rehearsal.h"
#include "worker/backfill_tally.h"

struct backfill_dry_run {
	struct backfill_rehearsal rehearsal; /* set before */
	size_t memory_bytes;                 /* of the overlay, at most; set before */

	/* What it has found. Owned: backfill_dry_run_fini. */
	struct backfill_counts *partitions; /* one a range of the bounds */
	struct backfill_tally tally;
	struct backfill_notes differences; /* a sample */
	struct backfill_notes bad;
	uint64_t passes;

	/* Its own. */
	struct backfill_overlay *overlay;
	uint64_t pass;
	size_t range;
	bool is_full;
	bool is_fresh; /* of the contact at hand nothing would have been written so far */
};

/*
 * Returns: OK; E_CANCELLED: told to stop; as backfill_lane_run. Either way backfill_dry_run_fini it.
 */
MUST_CHECK enum error backfill_dry_run(struct backfill_dry_run *run, struct failure *failure);

void backfill_dry_run_fini(struct backfill_dry_run *run);

#endif
