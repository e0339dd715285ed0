/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_apply - a judged slice: its rows, counts and offset in one transaction. */
#include "worker/backfill_apply.h"

#include <poll.h>

#include "worker/backfill_cursor.h"
#include "worker/backfill_undelete.h"

enum { CONTENTION_TRIES = 8, CONTENTION_MS = 100 };

/* When it is done again, after more events were refused, the letters that are written stay. */
static enum error write_letters(
	struct backfill_target *target, struct backfill_slice *slice, struct failure *failure)
{
	struct batch *batch = slice->batch;
	size_t written = batch->letter_count;
	size_t at = 0;
	if (!target->dead_letters)
		return OK;
	for (size_t i = 0; i < batch->event_count; i++) {
		const struct batch_event *event = &batch->events[i];
		if (event->bad && at < written && batch->letters[at].record == event->record)
			at++;
		else if (event->bad)
			batch_add_letter(batch, event->record, event->bad);
	}
	if (batch->letter_count == written)
		return OK;
	return dead_letters_write(
		target->dead_letters, batch->letters, batch->letter_count, -1, failure);
}

enum error backfill_apply_send(struct backfill_target *target, const struct backfill_lease *lease,
	struct backfill_slice *slice, struct failure *failure)
{
	struct backfill_link *link = target->link;
	enum error error = write_letters(target, slice, failure);
	if (error)
		return error;
	/* The cursor first: its row is what keeps others off. */
	bool sent = backfill_cursor_send(link->connection, lease, slice->next, &slice->counts);
	if (slice->mistake_count)
		sent = sent && backfill_undelete_send(link->connection, &target->mistakes, slice);
	if (slice->write_count && slice->is_assumed)
		sent = sent && upsert_send_new(link->upsert, slice->writes, slice->write_count);
	else if (slice->write_count)
		sent = sent && upsert_send_rows(link->upsert, slice->writes, slice->write_count);
	return backfill_link_end_group(link, sent, failure);
}

enum error backfill_apply_await(struct backfill_target *target, struct backfill_lease *lease,
	const struct backfill_slice *slice, struct failure *failure)
{
	enum error error = backfill_link_await(target->link, failure);
	if (!error)
		lease->next = slice->next;
	return error;
}

/* ---- step by step */

struct careful {
	struct upsert *upsert;
	struct batch *batch;
	struct failure *failure;
};

static enum error settle(struct careful *careful, const struct batch_row *rows, size_t count);

static enum error settle_halves(struct careful *careful, const struct batch_row *rows, size_t count)
{
	size_t half = count / 2;
	enum error error = settle(careful, rows, half);
	return error ? error : settle(careful, rows + half, count - half);
}

/* A row that was folded is taken apart: only the events that are bad are left out. */
static enum error take_apart(struct careful *careful, const struct batch_row *row)
{
	enum error error = OK;
	for (size_t i = 0; i < row->event_count && !error; i++) {
		struct batch_row alone = batch_row_of(&row->events[i]);
		error = settle(careful, &alone, 1);
	}
	return error;
}

/* Rows of which some may be bad. The depth is that of halving a batch: 12 for 4,000 rows. */
static enum error settle(struct careful *careful, const struct batch_row *rows, size_t count)
{
	struct batch_outcome outcome = {0};
	enum error error =
		count ? upsert_rows(careful->upsert, rows, count, &outcome, careful->failure) : OK;
	if (error_blame(error) != BLAME_POISON)
		return error;
	if (count > 1)
		return settle_halves(careful, rows, count);
	if (rows->event_count > 1)
		return take_apart(careful, rows);
	batch_refuse(careful->batch, rows->events[0], careful->failure);
	return OK;
}

static enum error write_slice(
	struct backfill_target *target, struct backfill_slice *slice, struct failure *failure)
{
	struct careful careful = {target->link->upsert, slice->batch, failure};
	const struct backfill_judge judge = {.user = NULL};
	enum error error = OK;
	if (slice->mistake_count)
		error = backfill_undelete(target->link, &target->mistakes, slice, failure);
	if (!error)
		error = settle(&careful, slice->writes, slice->write_count);
	if (error)
		return error;
	/* What was refused has changed nothing, and others count for more. */
	backfill_slice_judge(slice, &judge);
	return write_letters(target, slice, failure);
}

static enum error apply_once(struct backfill_target *target, struct backfill_lease *lease,
	struct backfill_slice *slice, struct failure *failure)
{
	struct upsert *upsert = target->link->upsert;
	enum error error = upsert_begin(upsert, failure);
	if (error)
		return error;
	error = backfill_cursor_hold(upsert, lease, failure);
	if (!error)
		error = write_slice(target, slice, failure);
	if (!error)
		error = backfill_cursor_advance(
			upsert, lease, slice->next, &slice->counts, failure);
	if (!error)
		error = upsert_command(upsert, "commit", NULL, 0, NULL, failure);
	if (error)
		upsert_rollback(upsert);
	else
		lease->next = slice->next;
	return error;
}

enum error backfill_apply_carefully(struct backfill_target *target, struct backfill_lease *lease,
	struct backfill_slice *slice, struct failure *failure)
{
	enum error error = backfill_link_pause(target->link, failure);
	if (error)
		return error;
	error = E_POSTGRES_CONTENTION;
	for (int tries = 0; error == E_POSTGRES_CONTENTION && tries < CONTENTION_TRIES; tries++) {
		if (tries)
			(void)poll(NULL, 0, CONTENTION_MS * tries);
		error = apply_once(target, lease, slice, failure);
	}
	if (error && error != E_PENDING)
		return error;
	enum error resumed = backfill_link_resume(target->link, failure);
	return resumed ? resumed : error;
}
