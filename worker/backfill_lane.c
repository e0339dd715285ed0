/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_lane - reads ranges of partitions, judges their events, and applies them or says what it saw. */
#include "worker/backfill_lane.h"

#include <poll.h>

#include "shared/clock.h"
#include "worker/take.h"
#include "worker/topic_look.h"

enum {
	WAIT_MS = 100, /* for a record, before looking at the signals */
	NEW_WANTED_MOST = 1024,
};

enum error backfill_lane_open(struct backfill_lane *lane, const struct backfill_plan *plan,
	const struct backfill_lane_hooks *hooks, const char *name, struct failure *failure)
{
	const struct upsert_options options = {
		.url = plan->config->postgres.url,
		.name = name,
		.timeout_ms = (int)plan->config->worker.statement_timeout_ms,
		.stop_fd = -1, /* the batch under way is ended */
	};
	*lane = (struct backfill_lane){
		.plan = plan,
		.hooks = *hooks,
		.kafka = plan->config->kafka,
		.new_wanted = 1,
	};
	lane->kafka.topic = (char *)plan->topic;
	for (size_t i = 0; i < BACKFILL_SLICES; i++)
		backfill_slice_init(&lane->slices[i]);
	enum error error = backfill_reader_open(&lane->kafka, plan->topic, &lane->reader, failure);
	if (!error)
		error = backfill_link_open(&options, &lane->link, failure);
	if (!error)
		error = backfill_look_new(
			&lane->link, &plan->mistakes, plan->values, &lane->look, failure);
	lane->target = (struct backfill_target){
		.link = &lane->link,
		.mistakes = plan->mistakes,
		.dead_letters = plan->dead_letters ? dead_letters_new(&lane->kafka) : NULL,
	};
	return error;
}

void backfill_lane_close(struct backfill_lane *lane)
{
	dead_letters_free(lane->target.dead_letters);
	backfill_look_free(lane->look);
	backfill_link_close(&lane->link);
	backfill_reader_close(lane->reader);
	for (size_t i = 0; i < BACKFILL_SLICES; i++)
		backfill_slice_fini(&lane->slices[i]);
}

bool backfill_plan_is_stopped(const struct backfill_plan *plan, int64_t wait_ms)
{
	struct pollfd signals = {.fd = plan->signal_fd, .events = POLLIN};
	return poll(&signals, 1, (int)wait_ms) > 0;
}

/* ---- reading */

static bool takes(const struct backfill_lane *lane, const struct event *event)
{
	return !lane->hooks.takes || lane->hooks.takes(lane->hooks.user, event);
}

static void take(
	struct backfill_lane *lane, struct backfill_slice *slice, const struct record *record)
{
	struct event event;
	struct failure why = {.error = OK};
	bool is_bad = take_decode(record, &slice->batch->arena, &event, &why) != OK;
	bool is_other = !is_bad && !business_set_has(lane->plan->businesses, &event.business_id);
	slice->next = record->offset + 1;
	slice->bytes += record->bytes;
	if (!takes(lane, is_bad || is_other ? NULL : &event))
		return;
	slice->read++;
	if (is_bad)
		batch_add_bad(slice->batch, record, &why);
	else if (is_other)
		slice->others++;
	else
		batch_add(slice->batch, &event, record);
}

/*
 * Read a slice, as much as there is in a batch's time.
 *
 * Returns: OK; E_NOT_FOUND: the same, and the range has been read; E_OFFSET_GONE: the same, and no more
 *          can be; E_KAFKA_AWAY.
 */
static enum error fill(struct backfill_lane *lane, struct backfill_slice *slice,
	const struct backfill_lease *lease, struct failure *failure)
{
	const struct worker_settings *settings = &lane->plan->config->worker;
	enum error error = OK;
	int64_t until_ms = clock_steady_ms() + settings->batch_ms;
	size_t most = backfill_pace_batch(lane->plan->pace, (size_t)settings->batch_rows);
	for (size_t count = 0; count < most && slice->bytes < (size_t)settings->batch_bytes &&
			       clock_steady_ms() < until_ms;) {
		const struct record *record = NULL;
		error = backfill_reader_next(
			lane->reader, WAIT_MS, &slice->batch->arena, &record, failure);
		if (error && error != E_PENDING)
			break;
		if (error)
			continue;
		take(lane, slice, record);
		count++;
	}
	if (error == E_NOT_FOUND)
		slice->next = lease->to;
	backfill_slice_fold(slice);
	return error == E_PENDING ? OK : error;
}

static struct backfill_slice *next_slice(struct backfill_lane *lane, int64_t first)
{
	struct backfill_slice *slice = &lane->slices[lane->slice_at++ % BACKFILL_SLICES];
	backfill_slice_begin(slice, first);
	return slice;
}

/* ---- what is under way */

static void tell(struct backfill_lane *lane, const struct backfill_lease *lease,
	const struct backfill_slice *slice)
{
	if (lane->hooks.on_slice)
		lane->hooks.on_slice(lane->hooks.user, lease->partition, slice);
}

/* Whether the next slice's contacts are taken to be new. */
static bool assumes_new(const struct backfill_lane *lane)
{
	const struct backfill_plan *plan = lane->plan;
	return lane->new_slices >= lane->new_wanted && !plan->is_rehearsal &&
	       uuid_compare(&plan->mistakes.from, &plan->mistakes.to) == 0;
}

/* Look the slice up, or take its contacts to be new. */
static enum error begin_look(
	struct backfill_lane *lane, struct backfill_slice *slice, struct failure *failure)
{
	if (!assumes_new(lane))
		return backfill_look_send(lane->look, slice->batch, failure);
	backfill_slice_assume(slice);
	return OK;
}

static enum error take_look(
	struct backfill_lane *lane, struct backfill_slice *slice, struct failure *failure)
{
	enum error error = slice->is_assumed ? OK
					     : backfill_look_take(lane->look, slice->batch,
						       slice->seen, failure);
	if (error)
		return error;
	lane->new_slices = backfill_slice_is_new(slice) ? lane->new_slices + 1 : 0;
	backfill_slice_judge(slice, &lane->hooks.judge);
	return OK;
}

/* The slice's contacts are not all new, or it is refused: look at last. */
static enum error look_after_all(
	struct backfill_lane *lane, struct backfill_slice *slice, struct failure *failure)
{
	lane->new_slices = 0;
	if (lane->new_wanted < NEW_WANTED_MOST)
		lane->new_wanted *= 2;
	slice->is_assumed = false;
	enum error error = backfill_look_send(lane->look, slice->batch, failure);
	return error ? error : take_look(lane, slice, failure);
}

/* What was looked up behind writes that failed says nothing: look again once they are done. */
static enum error write_again(
	struct backfill_lane *lane, struct backfill_lease *lease, struct failure *failure)
{
	struct backfill_slice *looked = lane->looked;
	struct failure unheard;
	enum error error = OK;
	lane->looked = NULL;
	if (looked && !looked->is_assumed &&
		backfill_link_await(&lane->link, &unheard) == E_POSTGRES_AWAY)
		error = failure_set(failure, E_POSTGRES_AWAY, "%s", unheard.detail);
	if (!error && lane->written->is_assumed)
		error = look_after_all(lane, lane->written, failure);
	if (!error)
		error = backfill_apply_carefully(&lane->target, lease, lane->written, failure);
	if (!error && looked) {
		looked->is_assumed = false;
		error = backfill_look_send(lane->look, looked->batch, failure);
	}
	if (!error)
		lane->looked = looked;
	return error;
}

static enum error end_writes(
	struct backfill_lane *lane, struct backfill_lease *lease, struct failure *failure)
{
	if (!lane->written)
		return OK;
	enum error error = backfill_apply_await(&lane->target, lease, lane->written, failure);
	if (error && error != E_POSTGRES_AWAY)
		error = write_again(lane, lease, failure);
	if (!error)
		tell(lane, lease, lane->written);
	lane->written = NULL;
	return error;
}

static enum error end_look(
	struct backfill_lane *lane, struct backfill_lease *lease, struct failure *failure)
{
	struct backfill_slice *slice = lane->looked;
	if (!slice)
		return OK;
	lane->looked = NULL;
	enum error error = take_look(lane, slice, failure);
	if (error)
		return error;
	if (lane->plan->is_rehearsal) {
		lease->next = slice->next;
		tell(lane, lease, slice);
		return OK;
	}
	lane->written = slice;
	return backfill_apply_send(&lane->target, lease, slice, failure);
}

/* The writes of one slice end, those of the next begin, and the contacts of a third are looked up. */
static enum error move_on(struct backfill_lane *lane, struct backfill_lease *lease,
	struct backfill_slice *filled, struct failure *failure)
{
	/* While Postgres has something to do. */
	backfill_look_prepare(lane->look, filled && !assumes_new(lane) ? filled->batch : NULL);
	enum error error = end_writes(lane, lease, failure);
	if (!error)
		error = end_look(lane, lease, failure);
	if (!error && filled)
		error = begin_look(lane, filled, failure);
	if (!error)
		lane->looked = filled;
	return error;
}

/* What retention has taken is an error, or counted. */
static enum error pass_gap(
	struct backfill_lane *lane, struct backfill_lease *lease, struct failure *failure)
{
	int64_t start = 0;
	enum error error = backfill_reader_start(lane->reader, lease->partition, &start, failure);
	if (error || start <= lease->next)
		return error;
	if (start > lease->to)
		start = lease->to;
	if (!lane->plan->accept_gaps)
		return failure_set(failure, E_NOT_FOUND,
			"retention has taken offsets %lld to %lld of partition %d: --accept-gaps "
			"goes on without them",
			(long long)lease->next, (long long)start - 1, lease->partition);
	struct backfill_slice *slice = next_slice(lane, lease->next);
	slice->next = start;
	slice->missing = start - lease->next;
	backfill_slice_fold(slice);
	return move_on(lane, lease, slice, failure);
}

/* Returns: as fill; the slice may be empty. */
static enum error read_slice(struct backfill_lane *lane, struct backfill_slice *slice,
	const struct backfill_lease *lease, struct failure *failure)
{
	int64_t began_us = clock_steady_us();
	enum error error = fill(lane, slice, lease, failure);
	backfill_pace_spent(lane->plan->pace, BACKFILL_HELD_KAFKA, clock_steady_us() - began_us);
	return error;
}

static enum error wait_postgres(struct backfill_lane *lane, struct backfill_lease *lease,
	struct backfill_slice *filled, struct failure *failure)
{
	int64_t began_us = clock_steady_us();
	enum error error = move_on(lane, lease, filled, failure);
	int64_t waited_us = clock_steady_us() - began_us;
	backfill_pace_spent(lane->plan->pace, BACKFILL_HELD_POSTGRES, waited_us);
	lane->busy_us += waited_us;
	return error;
}

/* In a pause nothing is under way: what Postgres does meanwhile would be no pause. */
static enum error keep_pace(struct backfill_lane *lane, struct backfill_lease *lease,
	int64_t records, struct failure *failure)
{
	const struct backfill_pause pause =
		backfill_pace_next(lane->plan->pace, records, lane->busy_us, clock_steady_ms());
	int64_t began_us = clock_steady_us();
	lane->busy_us = 0;
	if (pause.ms <= 0)
		return OK;
	enum error error = end_writes(lane, lease, failure);
	lane->busy_us = clock_steady_us() - began_us;
	(void)backfill_plan_is_stopped(lane->plan, pause.ms);
	return error;
}

/*
 * Read on from `next`, until the end or a stop; then until all is done that was read.
 *
 * Returns: OK; E_OFFSET_GONE: the same, but Kafka has the next offset no more; as backfill_lane_run.
 */
static enum error run(struct backfill_lane *lane, struct backfill_lease *lease, int64_t next,
	struct failure *failure)
{
	bool is_read = false;
	bool is_gone = false;
	enum error error = OK;
	while (!error && (!is_read || lane->looked || lane->written)) {
		struct backfill_slice *filled = NULL;
		int64_t records = 0;
		if (!is_read) {
			filled = next_slice(lane, next);
			error = read_slice(lane, filled, lease, failure);
			is_gone = error == E_OFFSET_GONE;
			is_read = is_gone || error == E_NOT_FOUND || lane->is_enough ||
				  backfill_plan_is_stopped(lane->plan, 0);
			records = filled->read;
			if (filled->next == next)
				filled = NULL;
			else
				next = filled->next;
		}
		if (!error || error == E_NOT_FOUND || is_gone)
			error = wait_postgres(lane, lease, filled, failure);
		if (!error && filled)
			error = keep_pace(lane, lease, records, failure);
	}
	return error ? error : is_gone ? E_OFFSET_GONE : OK;
}

/* What retention took while it was read is a gap as any other; what is missing at the end is none. */
static enum error run_behind_gap(struct backfill_lane *lane, struct backfill_lease *lease,
	bool is_gap_wanted, struct failure *failure)
{
	enum error error = pass_gap(lane, lease, failure);
	if (error)
		return error;
	if (is_gap_wanted && !lane->looked)
		return topic_away(lane->plan->topic, "it was cut or made anew", failure);
	int64_t next = lane->looked ? lane->looked->next : lease->next;
	const struct backfill_range range = {lease->partition, next, lease->to};
	error = backfill_reader_seek(lane->reader, &range, failure);
	return error ? error : run(lane, lease, next, failure);
}

enum error backfill_lane_run(
	struct backfill_lane *lane, struct backfill_lease *lease, struct failure *failure)
{
	lane->looked = NULL;
	lane->written = NULL;
	lane->is_enough = false;
	enum error error = run_behind_gap(lane, lease, false, failure);
	while (error == E_OFFSET_GONE)
		error = run_behind_gap(lane, lease, true, failure);
	return error;
}
