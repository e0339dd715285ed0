/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_counts - what a backfill counts: each record it reads is in one of these. */
#include "worker/backfill_counts.h"

void backfill_counts_add(struct backfill_counts *counts, const struct backfill_counts *more)
{
#define X(name, sentence) counts->name += more->name;
	BACKFILL_COUNTS(X)
#undef X
}

void backfill_count_fate(struct backfill_counts *counts, enum backfill_fate fate)
{
	switch (fate) {
	case BACKFILL_INSERTED:
		counts->inserted++;
		break;
	case BACKFILL_UPDATED:
		counts->updated++;
		break;
	case BACKFILL_UNCHANGED:
		counts->unchanged++;
		break;
	case BACKFILL_STALE:
		counts->stale++;
		break;
	}
}

void backfill_count_bad(struct backfill_counts *counts, enum error error)
{
	if (error == E_BUSINESS_GONE)
		counts->gone++;
	else
		counts->bad++;
}
