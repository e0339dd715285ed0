/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_verify - reads a range again and proves that no contact is older than the log says. */
#include "worker/backfill_verify.h"

/*
 * A field is behind where its version is older than the event, and where it is the event's and the value is
 * another: somebody has set it past the triggers.
 */
static bool is_behind(const struct uuid *version, const struct uuid *event_id, bool is_same)
{
	int order = uuid_compare(version, event_id);
	return order < 0 || (order == 0 && !is_same);
}

static unsigned fields_behind(const struct backfill_state *state, const struct event *event)
{
	const struct contact *contact = &event->contact;
	unsigned fields = 0;
	if (is_behind(
		    &state->name_version, &event->id, state->name == backfill_print(contact->name)))
		fields |= BACKFILL_NAME;
	if (contact->phone.base && is_behind(&state->phone_version, &event->id,
					   state->phone == backfill_print(contact->phone)))
		fields |= BACKFILL_PHONE;
	if (is_behind(&state->status_version, &event->id, state->is_active))
		fields |= BACKFILL_STATUS;
	return fields;
}

static void note_behind(struct backfill_verify *verify, const struct batch_event *event,
	const struct backfill_seen *seen, unsigned fields)
{
	const struct backfill_rehearsal *rehearsal = &verify->rehearsal;
	struct buf *out = backfill_notes_add(&verify->behind);
	verify->verdicts.behind++;
	if (!out)
		return;
	backfill_note_begin(out, rehearsal, seen->state.exists ? "behind" : "missing", event);
	backfill_note_fields(out, rehearsal, fields);
	backfill_note_values(out, rehearsal, event, seen, fields);
	backfill_note_end(out, rehearsal);
}

/* Takes: fate, changed - what a backfill would make of it, which is another question. */
static void judge_event(void *user, const struct batch_event *event,
	const struct backfill_seen *seen, enum backfill_fate fate, unsigned changed)
{
	struct backfill_verify *verify = user;
	const struct backfill_state *state = &seen->state;
	(void)fate;
	(void)changed;
	if (uuid_compare(&state->deleted, &event->event.id) >= 0) {
		verify->verdicts.deleted++;
		return;
	}
	unsigned fields = fields_behind(state, &event->event);
	if (fields || !state->exists)
		note_behind(verify, event, seen, fields);
	else
		verify->verdicts.applied++;
}

static void take_slice(void *user, int32_t partition, const struct backfill_slice *slice)
{
	struct backfill_verify *verify = user;
	struct backfill_verdicts *verdicts = &verify->verdicts;
	(void)partition;
	verdicts->read += slice->counts.read;
	verdicts->others += slice->counts.others;
	verdicts->bad += slice->counts.bad;
	verdicts->gone += slice->counts.gone;
	verdicts->missing += slice->counts.missing;
	backfill_notes_bad(
		&verify->bad, slice->batch, verify->rehearsal.job, verify->rehearsal.json);
	backfill_rehearsal_tick(&verify->rehearsal, slice);
}

enum error backfill_verify(struct backfill_verify *verify, struct failure *failure)
{
	const struct backfill_lane_hooks hooks = {
		.judge = {.on_event = judge_event, .user = verify},
		.on_slice = take_slice,
		.user = verify,
	};
	enum error error = backfill_rehearsal_open(&verify->rehearsal, &hooks, failure);
	if (!error)
		error = backfill_rehearsal_pass(&verify->rehearsal, NULL, NULL, failure);
	backfill_rehearsal_close(&verify->rehearsal);
	return error;
}

void backfill_verify_fini(struct backfill_verify *verify)
{
	backfill_notes_fini(&verify->behind);
	backfill_notes_fini(&verify->bad);
}
