/* SPDX-License-Identifier: Apache-2.0 */
/* batch - events on their way to Postgres in one statement, folded to one row a contact. */
#include "worker/batch.h"

#include <stdlib.h>
#include <string.h>

#include "shared/memory.h"

/* A batch of the usual size fits one block, which batch_clear keeps. */
enum { BATCH_ARENA_BYTES = 512 * 1024, BATCH_EVENTS_FIRST = 256 };

struct batch *batch_new(void)
{
	struct batch *batch = memory_zeroed(1, sizeof(*batch));
	batch->arena.block_bytes = BATCH_ARENA_BYTES;
	return batch;
}

void batch_free(struct batch *batch)
{
	if (!batch)
		return;
	arena_fini(&batch->arena);
	free(batch->events);
	free(batch->rows);
	free(batch->marks);
	free(batch);
}

void batch_clear(struct batch *batch)
{
	arena_clear(&batch->arena);
	batch->next = NULL;
	batch->event_count = 0;
	batch->bytes = 0;
	batch->row_count = 0;
	batch->mark_count = 0;
	batch->error = OK;
	batch->failure = (struct failure){0};
	batch->outcome = (struct batch_outcome){0};
}

static size_t event_bytes(const struct event *event)
{
	return sizeof(struct batch_event) + event->contact.name.len + event->contact.email.len +
	       event->contact.phone.len + event->traceparent.len;
}

void batch_add(struct batch *batch, const struct event *event, int32_t partition, int64_t offset)
{
	if (batch->event_count == batch->event_capacity) {
		batch->event_capacity =
			batch->event_capacity ? 2 * batch->event_capacity : BATCH_EVENTS_FIRST;
		batch->events = memory_resize(
			batch->events, batch->event_capacity * sizeof(*batch->events));
	}
	batch->events[batch->event_count++] =
		(struct batch_event){.event = *event, .partition = partition, .offset = offset};
	batch->bytes += event_bytes(event);
}

void batch_drop(struct batch *batch, int32_t partition)
{
	size_t kept = 0;
	batch->bytes = 0;
	for (size_t i = 0; i < batch->event_count; i++) {
		if (batch->events[i].partition == partition)
			continue;
		batch->events[kept++] = batch->events[i];
		batch->bytes += event_bytes(&batch->events[i].event);
	}
	batch->event_count = kept;
	batch->row_count = 0;
}

static int compare_contact(const struct event *a, const struct event *b)
{
	int order = uuid_compare(&a->business_id, &b->business_id);
	return order ? order : span_compare(a->contact.email, b->contact.email);
}

struct sortable {
	const struct event *event;
};

/* By contact, and by version within one. */
static int compare_event(const void *left, const void *right)
{
	const struct event *a = ((const struct sortable *)left)->event;
	const struct event *b = ((const struct sortable *)right)->event;
	int order = compare_contact(a, b);
	return order ? order : uuid_compare(&a->id, &b->id);
}

void batch_fold(struct batch *batch)
{
	size_t count = batch->event_count;
	struct sortable *sorted = memory_alloc(count * sizeof(*sorted));
	for (size_t i = 0; i < count; i++)
		sorted[i].event = &batch->events[i].event;
	qsort(sorted, count, sizeof(*sorted), compare_event);

	batch->rows = memory_resize(batch->rows, count * sizeof(*batch->rows));
	struct batch_row *row = batch->rows;
	batch->row_count = 0;
	for (size_t i = 0; i < count; i++) {
		const struct event *event = sorted[i].event;
		if (i == 0 || compare_contact(sorted[i - 1].event, event) != 0) {
			row = &batch->rows[batch->row_count++];
			*row = (struct batch_row){.oldest = event};
		}
		row->newest = event;
		if (event->contact.phone.base)
			row->phone = event;
	}
	free(sorted);
}
