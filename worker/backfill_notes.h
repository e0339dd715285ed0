/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_notes - the first lines of a list that may be long, and how long it is. */
#ifndef INTAKE_WORKER_BACKFILL_NOTES_H
#define INTAKE_WORKER_BACKFILL_NOTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/buf.h"
#include "worker/batch.h"

enum { BACKFILL_NOTES_MOST = 20 };

/* All zero is an empty one. */
struct backfill_notes {
	struct buf lines;
	size_t kept;
	int64_t count;
};

/* Leaves an empty one. */
void backfill_notes_fini(struct backfill_notes *notes);

/* Count one more. Returns: where its line goes, with the line's end; NULL: enough is kept. */
struct buf *backfill_notes_add(struct backfill_notes *notes);

/* Count the batch's bad records, each with its place and why; its values are told to nobody. */
void backfill_notes_bad(
	struct backfill_notes *notes, const struct batch *batch, const char *job, bool json);

/* Add those of another, as far as there is room. */
void backfill_notes_merge(struct backfill_notes *notes, const struct backfill_notes *more);

#endif
