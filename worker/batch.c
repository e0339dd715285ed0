/* SPDX-License-Identifier: Apache-2.0 */
/* batch - events on their way to Postgres in one statement, folded to one row a contact. */
#include "worker/batch.h"

#include <stdlib.h>
#include <string.h>

#include "shared/clock.h"
#include "shared/memory.h"

/* A batch of the usual size fits one block, which batch_clear keeps. */
enum {
	BATCH_ARENA_BYTES = 2 * 1024 * 1024,
	BATCH_EVENTS_FIRST = 256,
	BATCH_LETTERS_FIRST = 16,
	SORTABLE_EMAIL_BYTES = 16,
};

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
	arena_fini(&batch->letter_arena);
	free(batch->events);
	free(batch->sortables);
	free(batch->order);
	free(batch->rows);
	free(batch->letters);
	free(batch->marks);
	free(batch);
}

void batch_clear(struct batch *batch)
{
	arena_clear(&batch->arena);
	batch->next = NULL;
	batch->event_count = 0;
	batch->moved_count = 0;
	batch->bytes = 0;
	batch->row_count = 0;
	batch->folded = 0;
	batch->mark_count = 0;
	batch_undo(batch);
}

void batch_undo(struct batch *batch)
{
	arena_clear(&batch->letter_arena);
	batch->letter_count = 0;
	batch->outcome = (struct batch_outcome){0};
}

static size_t event_bytes(const struct batch_event *event)
{
	const struct contact *contact = &event->event.contact;
	return sizeof(*event) + event->record->bytes + contact->name.len + contact->email.len +
	       contact->phone.len + event->event.traceparent.len;
}

static struct batch_event *next_event(struct batch *batch, const struct record *record)
{
	if (batch->event_count == batch->event_capacity) {
		batch->event_capacity =
			batch->event_capacity ? 2 * batch->event_capacity : BATCH_EVENTS_FIRST;
		batch->events = memory_resize(
			batch->events, batch->event_capacity * sizeof(*batch->events));
	}
	struct batch_event *event = &batch->events[batch->event_count++];
	*event = (struct batch_event){
		.record = record, .partition = record->partition, .offset = record->offset};
	return event;
}

void batch_add(struct batch *batch, const struct event *event, const struct record *record)
{
	struct batch_event *added = next_event(batch, record);
	added->event = *event;
	batch->bytes += event_bytes(added);
}

void batch_add_bad(struct batch *batch, const struct record *record, const struct failure *why)
{
	struct batch_event *added = next_event(batch, record);
	struct failure *kept = arena_alloc(&batch->arena, sizeof(*kept));
	*kept = *why;
	added->bad = kept;
	/* For how far behind the worker is. */
	added->event.accepted_ms =
		record->timestamp_ms > 0 ? record->timestamp_ms : clock_wall_ms();
	batch->bytes += event_bytes(added) + sizeof(*kept);
}

void batch_refuse(struct batch *batch, const struct batch_event *event, const struct failure *why)
{
	struct failure *kept = arena_alloc(&batch->arena, sizeof(*kept));
	*kept = *why;
	batch->events[event - batch->events].bad = kept;
}

void batch_drop(struct batch *batch, int32_t partition)
{
	size_t kept = 0;
	for (size_t i = 0; i < batch->event_count; i++) {
		if (batch->events[i].partition != partition)
			batch->events[kept++] = batch->events[i];
	}
	batch->event_count = kept;
	batch->row_count = 0;
}

static int compare_contact(const struct event *a, const struct event *b)
{
	int order = uuid_compare(&a->business_id, &b->business_id);
	return order ? order : span_compare(a->contact.email, b->contact.email);
}

/* What decides nearly always stands side by side: events themselves are all over the memory. */
struct batch_sortable {
	struct uuid business_id;
	char email[SORTABLE_EMAIL_BYTES]; /* its beginning, and zeros */
	const struct batch_event *event;
};

static void sortable_set(struct batch_sortable *sortable, const struct batch_event *event)
{
	struct span email = event->event.contact.email;
	*sortable = (struct batch_sortable){
		.business_id = event->event.business_id,
		.event = event,
	};
	memcpy(sortable->email, email.base,
		email.len < SORTABLE_EMAIL_BYTES ? email.len : SORTABLE_EMAIL_BYTES);
}

/* By contact, and by version within one. */
static int compare_event(const void *left, const void *right)
{
	const struct batch_sortable *a = left;
	const struct batch_sortable *b = right;
	int order = memcmp(a, b, offsetof(struct batch_sortable, event));
	if (!order)
		order = compare_contact(&a->event->event, &b->event->event);
	return order ? order : uuid_compare(&a->event->event.id, &b->event->event.id);
}

/* Returns: how many are events. */
static size_t sort(struct batch *batch)
{
	size_t count = 0;
	batch->sortables =
		memory_resize(batch->sortables, batch->event_count * sizeof(*batch->sortables));
	for (size_t i = 0; i < batch->event_count; i++) {
		if (!batch->events[i].bad && !batch->events[i].moved)
			sortable_set(&batch->sortables[count++], &batch->events[i]);
	}
	qsort(batch->sortables, count, sizeof(*batch->sortables), compare_event);
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): pointers is what the array holds. */
	batch->order = memory_resize(batch->order, batch->event_count * sizeof(*batch->order));
	for (size_t i = 0; i < count; i++)
		batch->order[i] = batch->sortables[i].event;
	return count;
}

struct batch_row batch_row_of(const struct batch_event *const *event)
{
	const struct event *only = &(*event)->event;
	return (struct batch_row){
		.oldest = only,
		.newest = only,
		.phone = only->contact.phone.base ? only : NULL,
		.events = event,
		.event_count = 1,
	};
}

/* Takes: event - newer than all that are in the row. */
static void row_add(struct batch_row *row, const struct event *event)
{
	row->newest = event;
	if (event->contact.phone.base)
		row->phone = event;
	row->event_count++;
}

void batch_fold(struct batch *batch)
{
	size_t count = sort(batch);
	const struct batch_event **order = batch->order;
	batch->rows = memory_resize(batch->rows, batch->event_count * sizeof(*batch->rows));
	batch->row_count = 0;
	for (size_t i = 0; i < count; i++) {
		const struct event *event = &order[i]->event;
		if (i > 0 && compare_contact(&order[i - 1]->event, event) == 0)
			row_add(&batch->rows[batch->row_count - 1], event);
		else
			batch->rows[batch->row_count++] = batch_row_of(&order[i]);
	}
	batch->folded = count - batch->row_count;
}

static int compare_to_row(const void *event, const void *row)
{
	return compare_contact(event, ((const struct batch_row *)row)->newest);
}

bool batch_has_contact(const struct batch *batch, const struct event *event)
{
	return batch->row_count > 0 && bsearch(event, batch->rows, batch->row_count,
					       sizeof(*batch->rows), compare_to_row) != NULL;
}

static struct span copy(struct arena *arena, struct span text)
{
	return text.base ? arena_copy(arena, text) : SPAN_NONE;
}

static const struct record *copy_record(struct arena *arena, const struct record *record)
{
	struct record_header *headers = arena_alloc(arena, record->header_count * sizeof(*headers));
	struct record *copied = arena_alloc(arena, sizeof(*copied));
	for (size_t i = 0; i < record->header_count; i++)
		headers[i] = (struct record_header){
			.name = arena_copy(arena, span_of(record->headers[i].name)).base,
			.value = copy(arena, record->headers[i].value),
		};
	*copied = *record;
	copied->key = copy(arena, record->key);
	copied->value = copy(arena, record->value);
	copied->headers = headers;
	return copied;
}

static void copy_event(struct batch *batch, const struct batch_event *event)
{
	struct arena *arena = &batch->arena;
	struct event copied = event->event;
	copied.contact.name = copy(arena, copied.contact.name);
	copied.contact.email = copy(arena, copied.contact.email);
	copied.contact.phone = copy(arena, copied.contact.phone);
	copied.traceparent = copy(arena, copied.traceparent);
	batch_add(batch, &copied, copy_record(arena, event->record));
}

static void move_marks(struct batch *from, int32_t partition, struct batch *to)
{
	size_t kept = 0;
	for (size_t i = 0; i < from->mark_count; i++) {
		if (from->marks[i].partition != partition) {
			from->marks[kept++] = from->marks[i];
			continue;
		}
		to->marks = memory_resize(to->marks, (to->mark_count + 1) * sizeof(*to->marks));
		to->marks[to->mark_count++] = from->marks[i];
	}
	from->mark_count = kept;
}

void batch_move_row(struct batch *from, const struct batch_row *row, struct batch *to)
{
	for (size_t i = 0; i < row->event_count; i++) {
		struct batch_event *event = &from->events[row->events[i] - from->events];
		copy_event(to, event);
		move_marks(from, event->partition, to);
		event->moved = true;
		from->moved_count++;
	}
	from->folded -= row->event_count - 1;
}

void batch_move_partition(struct batch *from, int32_t partition, struct batch *to)
{
	for (size_t i = 0; i < from->event_count; i++) {
		struct batch_event *event = &from->events[i];
		if (event->partition != partition || event->moved)
			continue;
		if (event->bad)
			batch_add_bad(to, copy_record(&to->arena, event->record), event->bad);
		else
			copy_event(to, event);
		event->moved = true;
		from->moved_count++;
	}
	move_marks(from, partition, to);
}

size_t batch_left(const struct batch *batch)
{
	return batch->event_count - batch->moved_count;
}

static const char *keep_text(struct batch *batch, const char *text)
{
	return arena_copy(&batch->letter_arena, span_of(text)).base;
}

void batch_add_letter(struct batch *batch, const struct record *record, const struct failure *why)
{
	if (batch->letter_count == batch->letter_capacity) {
		batch->letter_capacity =
			batch->letter_capacity ? 2 * batch->letter_capacity : BATCH_LETTERS_FIRST;
		batch->letters = memory_resize(
			batch->letters, batch->letter_capacity * sizeof(*batch->letters));
	}
	batch->letters[batch->letter_count++] = (struct dead_letter){
		.record = record,
		.reason = dead_reason_of(why->error),
		.sqlstate = keep_text(batch, why->sqlstate),
		.message = keep_text(batch, why->detail),
	};
}
