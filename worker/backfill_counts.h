/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_counts - what a backfill counts: each record it reads is in one of these. */
#ifndef INTAKE_WORKER_BACKFILL_COUNTS_H
#define INTAKE_WORKER_BACKFILL_COUNTS_H

#include <stdint.h>

#include "shared/error.h"
#include "worker/backfill_state.h"

/* Name and columns: what is counted, in this order everywhere. Sentences are for people. */
#define BACKFILL_COUNTS(X)                                                                         \
	X(read, "events read")                                                                     \
	X(inserted, "made a contact")                                                              \
	X(updated, "changed a contact's values")                                                   \
	X(unchanged, "are newer, with the values that were there")                                 \
	X(stale, "are not newer than the contact, or older than its deletion")                     \
	X(others, "are of other businesses")                                                       \
	X(bad, "are no valid events, or Postgres refuses them")                                    \
	X(gone, "are of businesses that are gone")                                                 \
	X(missing, "offsets that retention had taken")                                             \
	X(undeleted, "contacts whose deletion was taken back")

/* What became of it. */
struct backfill_counts {
#define X(name, sentence) int64_t name;
	BACKFILL_COUNTS(X)
#undef X
};

void backfill_counts_add(struct backfill_counts *counts, const struct backfill_counts *more);

void backfill_count_fate(struct backfill_counts *counts, enum backfill_fate fate);

/* Takes: error - why an event is not applied. */
void backfill_count_bad(struct backfill_counts *counts, enum error error);

#endif
