/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backfill_verify - reads a range again and proves, field by field, that no contact is older than the log says.
 *
 * Thread: one.
 */
#ifndef INTAKE_WORKER_BACKFILL_VERIFY_H
#define INTAKE_WORKER_BACKFILL_VERIFY_H

#include <stdint.h>

#include "shared/error.h"
#include "worker/backfill_notes.h"
#include "worker/backfill_rehearsal.h"

/* Name: what is counted, each event once. Sentences are for people. */
#define BACKFILL_VERDICTS(X)                                                                       \
	X(read, "events read")                                                                     \
	X(applied, "are in the table, or something newer is")                                      \
	X(deleted, "are older than their contact's deletion")                                      \
	X(others, "are of other businesses")                                                       \
	X(bad, "are no valid events")                                                              \
	X(gone, "are of businesses that are gone")                                                 \
	X(missing, "offsets that retention had taken")                                             \
	X(behind, "are newer than the table: it is behind the log")

struct backfill_verdicts {
#define X(name, sentence) int64_t name;
	BACKFILL_VERDICTS(X)
#undef X
};

struct backfill_verify {
	struct backfill_rehearsal rehearsal; /* set before; its plan wants values */

	/* What it has found. Owned: backfill_verify_fini. */
	struct backfill_verdicts verdicts;
	struct backfill_notes behind;
	struct backfill_notes bad;
};

/*
 * Returns: OK: all was read, `behind` says what is not as it should be; E_CANCELLED: told to stop; as
 *          backfill_lane_run. Either way backfill_verify_fini it.
 */
MUST_CHECK enum error backfill_verify(struct backfill_verify *verify, struct failure *failure);

void backfill_verify_fini(struct backfill_verify *verify);

#endif
