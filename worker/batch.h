/* SPDX-License-Identifier: Apache-2.0 */
/*
 * batch - events on their way to Postgres in one statement, folded to one row a contact.
 *
 * Events are kept as events until the batch is folded, so that a partition's can be dropped without
 * touching those of another that wrote to the same contact.
 *
 * Design notes. A batch is passed around whole and has one owner at a time: the Kafka thread fills
 * and folds it, a lane applies it, the Kafka thread takes it back and clears it for the next events.
 */
#ifndef INTAKE_WORKER_BATCH_H
#define INTAKE_WORKER_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/arena.h"
#include "shared/error.h"
#include "shared/event.h"
#include "worker/dead_letter.h"
#include "worker/progress.h"
#include "worker/record.h"

struct batch_event {
	struct event event; /* strings in the batch's arena; of a bad record only accepted_ms */
	int32_t partition;
	int64_t offset;
	const struct record *record; /* as it came; in the batch's arena */
	const struct failure *bad;   /* why it is not an event; NULL: it is one. In the arena */
	bool moved;                  /* to another batch, by batch_move_row */
};

/* What the events of one contact come to. Borrowed from the batch's events. */
struct batch_row {
	const struct event *oldest;              /* whose id a new contact gets */
	const struct event *newest;              /* whose name and status are the contact's */
	const struct event *phone;               /* the newest that has a phone; NULL: none has */
	const struct batch_event *const *events; /* all of them, oldest first */
	size_t event_count;
};

/* What the statements did with the rows. */
struct batch_outcome {
	size_t inserted;
	size_t updated;
	size_t stale;       /* were there already, or are older than a deletion */
	int64_t slowest_us; /* of the statements */
};

struct batch_sortable;

struct batch {
	struct batch *next; /* its owner's list */
	struct arena arena;
	struct batch_event *events; /* owned; in the order in which they came */
	size_t event_count;
	size_t event_capacity;
	size_t moved_count; /* of the events */
	size_t bytes;       /* what the events take, strings and all, and those that were dropped */

	/* From batch_fold on. */
	struct batch_sortable *sortables; /* owned; batch.c's */
	const struct batch_event **order; /* owned; the events, sorted by contact and version */
	struct batch_row *rows;           /* owned; sorted by business_id and email, bytewise */
	size_t row_count;
	size_t folded;               /* events that share another's row */
	struct progress_mark *marks; /* owned; one a partition that has events here */
	size_t mark_count;

	/* Set by the lane. */
	struct batch_outcome outcome;
	struct arena letter_arena;
	struct dead_letter *letters; /* owned */
	size_t letter_count;
	size_t letter_capacity;
};

/* Returned owned, free with batch_free. */
struct batch *batch_new(void);

/* Takes NULL too. */
void batch_free(struct batch *batch);

/* Empty it for new events; memory of the usual size is kept. */
void batch_clear(struct batch *batch);

/* Takes: event - copied; its strings, and the record, live in batch->arena already. */
void batch_add(struct batch *batch, const struct event *event, const struct record *record);

/* A record that is no event goes with the others, so that its offset waits for its dead letter. */
void batch_add_bad(struct batch *batch, const struct record *record, const struct failure *why);

/*
 * An event of the batch has turned out to be bad.
 *
 * Takes: event - one of the batch's; why - copied.
 */
void batch_refuse(struct batch *batch, const struct batch_event *event, const struct failure *why);

/* Drop a partition's events. What was folded is stale: fold again. */
void batch_drop(struct batch *batch, int32_t partition);

/*
 * Make rows of the events: for each field the newest value wins, whatever the order they came in.
 *
 * The rows are sorted, so that all who write many contacts at once lock them in one order.
 */
void batch_fold(struct batch *batch);

/* The row that one event alone makes. */
struct batch_row batch_row_of(const struct batch_event *const *event);

/* Whether it has a row of the event's contact. */
bool batch_has_contact(const struct batch *batch, const struct event *event);

/*
 * Move a row's events, with all they point to, and the marks of their partitions.
 *
 * Takes: from - is not to be folded any more; to - to be folded.
 */
void batch_move_row(struct batch *from, const struct batch_row *row, struct batch *to);

/* The same of all events of a partition, bad ones too. Takes: from - to be folded anew. */
void batch_move_partition(struct batch *from, int32_t partition, struct batch *to);

/* Events that have not been moved. */
size_t batch_left(const struct batch *batch);

/* Forget what was done with it, to begin again. */
void batch_undo(struct batch *batch);

/* Takes: why - its sentence is copied; its code's blame is POISON. */
void batch_add_letter(struct batch *batch, const struct record *record, const struct failure *why);

#endif
