/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_notes - the first lines of a list that may be long, and how long it is. */
#include "worker/backfill_notes.h"

#include "worker/dead_reason.h"

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

static void note_bad(struct buf *out, const struct batch_event *event, const char *job, bool json)
{
	const char *reason = dead_reason_name(dead_reason_of(event->bad->error));
	if (!json) {
		buf_printf(out, "partition %d, offset %lld: %s\n", event->partition,
			(long long)event->offset, reason);
		return;
	}
	buf_add_text(out, "{\"event\":\"bad\",\"job\":");
	buf_add_json(out, span_of(job));
	buf_printf(out, ",\"partition\":%d,\"offset\":%lld,\"reason\":\"%s\"}\n", event->partition,
		(long long)event->offset, reason);
}

void backfill_notes_bad(
	struct backfill_notes *notes, const struct batch *batch, const char *job, bool json)
{
	for (size_t i = 0; i < batch->event_count; i++) {
		const struct batch_event *event = &batch->events[i];
		struct buf *out = event->bad ? backfill_notes_add(notes) : NULL;
		if (out)
			note_bad(out, event, job, json);
	}
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
