/* SPDX-License-Identifier: Apache-2.0 */
/* apply - a whole batch: every event ends in Postgres or in the dead letters, whatever it takes. */
#include "worker/apply.h"

#include <sodium.h>
#include <stdlib.h>

#include "shared/clock.h"
#include "shared/memory.h"
#include "shared/sqlstate.h"
#include "worker/metrics.h"

enum {
	PUT_OFF_FIRST = 8,
	/* What a batch may wait for locks, once it has met one, before the rest of it is held. */
	LOCKED_MOST_MS = 2000,
	/* So many rows that are refused tell what the others of a parked partition are like. */
	PARKED_SAMPLE = 100,
};

/* A batch on its way. */
struct work {
	struct applier *applier;
	struct circuit *circuit;
	struct batch *batch;
	size_t begin; /* of the rows that are gone through */
	size_t at;    /* those before it are settled, or put off */
	size_t end;
	size_t step;     /* rows to send at once */
	size_t bad_rows; /* found so far */
	int64_t locked_ms;
	struct failure failure;
	struct failure locked;     /* what was in the way of those that are put off */
	struct failure parked;     /* what opened the circuit */
	bool was_held;             /* the batch is what was held before */
	bool is_parked;            /* of partitions that are parked */
	struct batch_row *put_off; /* owned; to be held */
	size_t known_count;        /* of them, in front: of contacts that are held already */
	size_t put_off_count;
	size_t put_off_capacity;
};

/* What ends the work on a batch before all is settled. */
static bool is_end(enum error error)
{
	return error == E_POSTGRES_AWAY || error == E_CIRCUIT_OPEN;
}

/* A batch that is tried first is made smaller where statements take too long; one that was held is put off. */
static bool is_wait(const struct work *work)
{
	return work->was_held ? sqlstate_is_timeout(work->failure.sqlstate)
			      : sqlstate_is_lock(work->failure.sqlstate);
}

/* Who has waited for one lock does not wait as long for the next. */
static enum error try_rows(struct work *work, const struct batch_row *rows, size_t count)
{
	struct session *session = work->applier->session;
	int64_t began_ms = clock_steady_ms();
	enum error error =
		session_apply(session, rows, count, &work->batch->outcome, &work->failure);
	if (error == E_POSTGRES_CONTENTION && is_wait(work)) {
		if (session->hasty)
			work->locked_ms += clock_steady_ms() - began_ms;
		session->hasty = true;
	}
	return error;
}

/* Takes: bad, count - records, the bad ones among them and all; record, why - the last bad one. */
static enum error say_circuit_opens(struct work *work, size_t bad, size_t count,
	const struct record *record, const struct failure *why)
{
	const struct failure last = *why; /* which may be the one that is written to */
	return failure_set(&work->failure, E_CIRCUIT_OPEN,
		"%zu of %zu records are bad, more than WORKER_MAX_DEAD_SHARE; the last one "
		"(partition:offset %d:%lld): %s",
		bad, count, record->partition, (long long)record->offset, last.detail);
}

static enum error bury(struct work *work, const struct record *record, const struct failure *why)
{
	struct batch *batch = work->batch;
	batch_add_letter(batch, record, why);
	struct circuit circuit = *work->circuit;
	if (!held_is_empty(&work->applier->held[HELD_PARKED]))
		circuit.least = 1; /* the same cause is likely: a few of each partition are many */
	if (circuit_opens(&circuit, batch->letter_count, batch_left(batch)))
		return say_circuit_opens(work, batch->letter_count + circuit.dead,
			batch_left(batch) + circuit.seen, record, why);
	return OK;
}

static enum error bury_row(
	struct work *work, const struct batch_row *row, const struct failure *why)
{
	enum error error = OK;
	for (size_t i = 0; i < row->event_count && !error; i++)
		error = bury(work, row->events[i]->record, why);
	return error;
}

static void put_off(struct work *work, const struct batch_row *row)
{
	if (work->put_off_count == work->put_off_capacity) {
		work->put_off_capacity =
			work->put_off_capacity ? 2 * work->put_off_capacity : PUT_OFF_FIRST;
		work->put_off = memory_resize(
			work->put_off, work->put_off_capacity * sizeof(*work->put_off));
	}
	work->put_off[work->put_off_count++] = *row;
	if (work->failure.error)
		work->locked = work->failure;
}

/* Only the events that are bad go; what they are refused for is asked anew. */
static enum error take_apart(struct work *work, const struct batch_row *row)
{
	for (size_t i = 0; i < row->event_count; i++) {
		struct batch_row one = batch_row_of(&row->events[i]);
		enum error error = try_rows(work, &one, 1);
		if (error == E_POSTGRES_CONTENTION) {
			put_off(work, &one);
			error = OK;
		} else if (error_blame(error) == BLAME_POISON) {
			error = bury_row(work, &one, &work->failure);
		}
		if (error)
			return error;
	}
	return OK;
}

static enum error settle_bad_row(
	struct work *work, const struct batch_row *row, const struct failure *why)
{
	if (why->error == E_BUSINESS_GONE || row->event_count == 1)
		return bury_row(work, row, why);
	return take_apart(work, row);
}

static bool is_same_business(const struct batch_row *a, const struct batch_row *b)
{
	return uuid_compare(&a->newest->business_id, &b->newest->business_id) == 0;
}

/* A business that does not exist has no other rows either: they stand behind this one. */
static enum error bury_business(struct work *work, const struct failure *why)
{
	const struct batch *batch = work->batch;
	const struct batch_row *first = &batch->rows[work->at];
	enum error error = OK;
	while (!error && work->at < work->end && is_same_business(first, &batch->rows[work->at]))
		error = bury_row(work, &batch->rows[work->at++], why);
	return error;
}

/* As many as were good in a row on average; one bad row alone says nothing of the others. */
static size_t step_after_bad(const struct work *work)
{
	size_t average = (work->at - work->begin) / work->bad_rows;
	return work->bad_rows == 1 ? work->batch->row_count : average ? average : 1;
}

/*
 * Narrow a range that holds a bad row down to it; the rows before it are written.
 *
 * A row is bad when it was refused alone: what the range was refused for may be no row's fault, or mended
 * meanwhile.
 *
 * Takes:   count - rows from work->at, more than one; why - what the range was refused for.
 * Returns: OK, work->at is the bad row and ret_why what it is refused for, or all were written and
 *          ret_why is OK; E_POSTGRES_CONTENTION: not found yet, send fewer rows; E_POSTGRES_AWAY.
 */
static enum error find_bad_row(struct work *work, size_t count, struct failure *why)
{
	while (count > 0) {
		size_t part = (count + 1) / 2;
		enum error error = try_rows(work, &work->batch->rows[work->at], part);
		if (error_blame(error) == BLAME_POISON) {
			*why = work->failure;
			if (part == 1)
				return OK;
			count = part;
		} else if (error) {
			work->step = part;
			return error;
		} else {
			work->at += part;
			count -= part;
		}
	}
	why->error = OK;
	return OK;
}

/*
 * What is parked is tried again and again: a part of it has to do to judge the rest by. It begins
 * anywhere each time, so that what is bad in one place alone opens nothing for ever.
 */
static enum error judge_sample(struct work *work, const struct failure *why)
{
	struct circuit circuit = *work->circuit;
	size_t count = work->at - work->begin;
	circuit.least = PARKED_SAMPLE;
	if (!work->is_parked || !circuit_opens(&circuit, work->bad_rows, count))
		return OK;
	return say_circuit_opens(work, work->bad_rows, count,
		work->batch->rows[work->at - 1].events[0]->record, why);
}

static enum error settle_refused(struct work *work, size_t count)
{
	struct failure why = work->failure;
	enum error error = count > 1 ? find_bad_row(work, count, &why) : OK;
	if (error)
		return error == E_POSTGRES_CONTENTION ? OK : error;
	if (!why.error)
		return OK;
	work->bad_rows++;
	if (why.error == E_BUSINESS_GONE) {
		error = bury_business(work, &why);
	} else {
		error = settle_bad_row(work, &work->batch->rows[work->at], &why);
		work->at++;
	}
	work->step = step_after_bad(work);
	return error ? error : judge_sample(work, &why);
}

/* Others are in the way: fewer rows meet fewer others, and one is left for later; so are all if it takes long. */
static void make_way(struct work *work, size_t count)
{
	bool too_long = work->locked_ms > LOCKED_MOST_MS;
	if (count > 1 && !too_long) {
		work->step = (count + 1) / 2;
		return;
	}
	size_t end = too_long ? work->end : work->at + 1;
	while (work->at < end)
		put_off(work, &work->batch->rows[work->at++]);
}

static enum error apply_range(struct work *work, size_t begin, size_t end)
{
	const struct batch *batch = work->batch;
	work->begin = work->at = begin;
	work->end = end;
	work->step = end - begin;
	work->bad_rows = 0;
	while (work->at < end) {
		size_t left = end - work->at;
		size_t count = work->step < left ? work->step : left;
		enum error error = try_rows(work, &batch->rows[work->at], count);
		if (error_blame(error) == BLAME_POISON)
			error = settle_refused(work, count);
		else if (error == E_POSTGRES_CONTENTION)
			make_way(work, count);
		else if (!error) {
			work->at += count;
			work->step *= 2;
		}
		if (is_end(error))
			return error;
	}
	return OK;
}

static enum error bury_undecodable(struct work *work)
{
	const struct batch *batch = work->batch;
	enum error error = OK;
	for (size_t i = 0; i < batch->event_count && !error; i++) {
		const struct batch_event *event = &batch->events[i];
		if (event->bad && !event->moved)
			error = bury(work, event->record, event->bad);
	}
	return error;
}

/* Rows of contacts that are held already are put off untried. */
static void put_off_known(struct work *work)
{
	const struct held *held = &work->applier->held[HELD_LOCKED];
	struct batch *batch = work->batch;
	size_t kept = 0;
	work->put_off_count = 0;
	for (size_t i = 0; i < batch->row_count; i++) {
		if (held_has(held, &batch->rows[i]))
			put_off(work, &batch->rows[i]);
		else
			batch->rows[kept++] = batch->rows[i];
	}
	batch->row_count = kept;
	work->known_count = work->put_off_count;
}

/* The same for partitions. */
static void park_known(struct work *work)
{
	struct held *parked = &work->applier->held[HELD_PARKED];
	const struct batch *batch = work->batch;
	size_t i = 0;
	while (i < batch->mark_count) {
		int32_t partition = batch->marks[i].partition;
		if (held_has_partition(parked, partition))
			held_add_partition(parked, work->batch, partition);
		else
			i++;
	}
}

static size_t count_bad(const struct batch *batch, int32_t partition)
{
	size_t count = 0;
	for (size_t i = 0; i < batch->letter_count; i++)
		count += batch->letters[i].record->partition == partition;
	return count;
}

/* The circuit is open: the partition that has most of what is bad is to blame. */
static void park_worst(struct work *work)
{
	struct batch *batch = work->batch;
	int32_t worst = batch->letters[batch->letter_count - 1].record->partition;
	for (size_t i = 0; i < batch->mark_count; i++) {
		int32_t partition = batch->marks[i].partition;
		if (count_bad(batch, partition) > count_bad(batch, worst))
			worst = partition;
	}
	held_add_partition(&work->applier->held[HELD_PARKED], batch, worst);
	circuit_forget(work->circuit);
	work->parked = work->failure;
}

/*
 * Every event is in Postgres, has a letter or is put off. From the start each time: what was mended is
 * found so. Rows that were held begin anywhere: who is locked for long is not in the others' way.
 */
static enum error settle(struct work *work)
{
	struct batch *batch = work->batch;
	size_t first = work->was_held ? randombytes_uniform((uint32_t)batch->row_count) : 0;
	batch_undo(batch);
	work->put_off_count = work->known_count;
	work->locked_ms = 0;
	work->applier->session->hasty = work->was_held;
	enum error error = bury_undecodable(work);
	if (!error)
		error = apply_range(work, first, batch->row_count);
	if (!error)
		error = apply_range(work, 0, first);
	return error;
}

static const unsigned letter_metrics[DEAD_REASON_COUNT] = {
	[DEAD_TOMBSTONE] = METRIC_DEAD_LETTERS_TOMBSTONE,
	[DEAD_UNKNOWN_TYPE] = METRIC_DEAD_LETTERS_UNKNOWN_TYPE,
	[DEAD_UNDECODABLE] = METRIC_DEAD_LETTERS_UNDECODABLE,
	[DEAD_INVALID] = METRIC_DEAD_LETTERS_INVALID,
	[DEAD_BUSINESS_GONE] = METRIC_DEAD_LETTERS_BUSINESS_GONE,
	[DEAD_REFUSED] = METRIC_DEAD_LETTERS_REFUSED,
};

static void report(struct applier *applier, const struct dead_letter *letter)
{
	metric_add(letter_metrics[letter->reason], 1);
	int64_t suppressed = log_limit_take(&applier->letter_line, clock_steady_ms());
	if (suppressed >= 0)
		log_warn("dead_letter.written",
			log_text("reason", dead_reason_name(letter->reason)),
			log_int("partition", letter->record->partition),
			log_int("offset", letter->record->offset),
			log_text("message", letter->message), log_int("suppressed", suppressed));
}

static enum error write_letters(struct applier *applier, struct batch *batch)
{
	struct failure failure = {.error = OK};
	pulse_step(&applier->session->pulse, clock_steady_ms());
	while (dead_letters_write(applier->dead_letters, batch->letters, batch->letter_count,
		applier->backoff->stop_fd, &failure)) {
		metric_add(METRIC_RETRIES_DEAD_LETTERS, 1);
		if (!backoff_wait(applier->backoff, WAIT_DEAD_LETTERS, &failure))
			return E_POSTGRES_AWAY;
		pulse_step(&applier->session->pulse, clock_steady_ms());
	}
	backoff_end(applier->backoff, WAIT_DEAD_LETTERS);
	for (size_t i = 0; i < batch->letter_count; i++)
		report(applier, &batch->letters[i]);
	return OK;
}

static enum error settle_and_write(struct work *work)
{
	struct applier *applier = work->applier;
	struct batch *batch = work->batch;
	enum error error;
	while ((error = settle(work)) == E_CIRCUIT_OPEN) {
		park_worst(work);
		put_off_known(work);
	}
	if (!error && batch->letter_count > 0)
		error = write_letters(applier, batch);
	return error;
}

static void count_held(const struct applier *applier, size_t ret_counts[static HELD_KINDS])
{
	for (size_t i = 0; i < HELD_KINDS; i++)
		ret_counts[i] = held_count(&applier->held[i]);
}

/* What was tried, and what is new, is to be tried next. */
static void plan(
	const struct work *work, const size_t before[static HELD_KINDS], int tried, int64_t took_ms)
{
	const struct failure *why[HELD_KINDS] = {
		[HELD_LOCKED] = &work->locked, [HELD_PARKED] = &work->parked};
	for (int i = 0; i < HELD_KINDS; i++) {
		struct held *held = &work->applier->held[i];
		held_pass(held, batch_left(work->batch));
		if (i == tried || (before[i] == 0 && !held_is_empty(held)))
			held_plan(held, before[i], why[i], i == tried ? took_ms : 0);
		held_show(held);
	}
}

/* Takes: before - what was held; tried - the kind that the batch was, HELD_KINDS: none. */
static enum error apply(struct applier *applier, struct batch *batch,
	const size_t before[static HELD_KINDS], int tried)
{
	/* What is parked is judged on its own: the others' good events say nothing for it. */
	struct circuit alone = applier->circuit;
	circuit_forget(&alone);
	alone.least = 1;
	int64_t began_ms = clock_steady_ms();
	struct work work = {
		.applier = applier,
		.circuit = tried == HELD_PARKED ? &alone : &applier->circuit,
		.batch = batch,
		.was_held = tried != HELD_KINDS,
		.is_parked = tried == HELD_PARKED,
	};
	park_known(&work);
	put_off_known(&work);
	enum error error = settle_and_write(&work);
	if (!error) {
		held_add(&applier->held[HELD_LOCKED], batch, work.put_off, work.put_off_count);
		circuit_note(work.circuit, batch->letter_count, batch_left(batch));
		plan(&work, before, tried, clock_steady_ms() - began_ms);
	}
	free(work.put_off);
	return error;
}

enum error apply_batch(struct applier *applier, struct batch *batch)
{
	size_t before[HELD_KINDS];
	count_held(applier, before);
	return apply(applier, batch, before, HELD_KINDS);
}

enum error apply_held(struct applier *applier, enum held_kind kind, struct batch **ret_batch)
{
	size_t before[HELD_KINDS];
	count_held(applier, before);
	struct batch *batch = held_take(&applier->held[kind]);
	enum error error = apply(applier, batch, before, (int)kind);
	if (error)
		batch_free(batch);
	else
		*ret_batch = batch;
	return error;
}
