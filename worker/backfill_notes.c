/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_notes - the first lines of a list that may be long, and how long it is. */
#include "worker/backfill_notes.h"

void backfill_notes_fini(struct backfill_notes *notes)
{
	buf_fini(&notes->lines);
	*notes = (struct backfill_notes){.count = 0};
}

struct buf *backfill_notes_add(struct backfill_notes *notes)
{
	notes->count++;
	if (notes->kept == BACKFILL_NOTES_MOST)
		return NULL;
	notes->kept++;
	return &notes->lines;
}

void backfill_notes_merge(struct backfill_notes *notes, const struct backfill_notes *more)
{
	struct span left = buf_span(&more->lines);
	notes->count += more->count;
	while (left.len && notes->kept < BACKFILL_NOTES_MOST) {
		const char *end = memchr(left.base, '\n', left.len);
		size_t len = end ? (size_t)(end - left.base) + 1 : left.len;
		buf_add(&notes->lines, span_from(left.base, len));
		left = span_from(left.base + len, left.len - len);
		notes->kept++;
	}
}
