/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_rehearsal - reads a range without writing: what a dry run and a verification have in common. */
#include "worker/backfill_rehearsal.h"

enum error backfill_rehearsal_open(struct backfill_rehearsal *rehearsal,
	const struct backfill_lane_hooks *hooks, struct failure *failure)
{
	for (size_t i = 0; i < rehearsal->bounds->count; i++)
		rehearsal->offsets +=
			rehearsal->bounds->ranges[i].to - rehearsal->bounds->ranges[i].from;
	return backfill_lane_open(&rehearsal->lane, rehearsal->plan, hooks,
		"intake-worker backfill rehearsal", failure);
}

void backfill_rehearsal_close(struct backfill_rehearsal *rehearsal)
{
	backfill_lane_close(&rehearsal->lane);
}

enum error backfill_rehearsal_pass(struct backfill_rehearsal *rehearsal,
	void (*on_range)(void *user, size_t range), void *user, struct failure *failure)
{
	const struct backfill_bounds *bounds = rehearsal->bounds;
	enum error error = OK;
	for (size_t i = 0; i < bounds->count && !error; i++) {
		const struct backfill_range *range = &bounds->ranges[i];
		struct backfill_lease lease = {
			.partition = range->partition, .next = range->from, .to = range->to};
		if (range->from >= range->to)
			continue;
		if (on_range)
			on_range(user, i);
		error = backfill_lane_run(&rehearsal->lane, &lease, failure);
		if (!error && rehearsal->lane.is_enough)
			return OK;
		if (!error && lease.next < lease.to)
			error = failure_set(failure, E_CANCELLED, "stopped");
	}
	return error;
}

void backfill_rehearsal_tick(
	struct backfill_rehearsal *rehearsal, const struct backfill_slice *slice)
{
	rehearsal->done += slice->next - slice->first;
	rehearsal->tick(rehearsal->user, rehearsal->offsets, rehearsal->done);
}

void backfill_note_begin(struct buf *out, const struct backfill_rehearsal *rehearsal,
	const char *kind, const struct batch_event *event)
{
	char business_id[UUID_TEXT_LEN + 1];
	char event_id[UUID_TEXT_LEN + 1];
	uuid_format(business_id, &event->event.business_id);
	uuid_format(event_id, &event->event.id);
	if (!rehearsal->json) {
		buf_printf(out, "partition %d, offset %lld, event %s of business %s",
			event->partition, (long long)event->offset, event_id, business_id);
		if (rehearsal->show_values) {
			buf_add_text(out, ", contact ");
			buf_add_json(out, event->event.contact.email);
		}
		buf_printf(out, ": %s", kind);
		return;
	}
	buf_printf(out, "{\"event\":\"%s\",\"job\":", kind);
	buf_add_json(out, span_of(rehearsal->job));
	buf_printf(out,
		",\"partition\":%d,\"offset\":%lld,\"event_id\":\"%s\",\"business_id\":\"%s\"",
		event->partition, (long long)event->offset, event_id, business_id);
	if (rehearsal->show_values) {
		buf_add_text(out, ",\"email\":");
		buf_add_json(out, event->event.contact.email);
	}
}

static const struct field {
	unsigned flag;
	const char *name;
} fields_known[] = {
	{BACKFILL_NAME, "name"},
	{BACKFILL_PHONE, "phone"},
	{BACKFILL_STATUS, "status"},
};

enum { FIELD_COUNT = sizeof(fields_known) / sizeof(*fields_known) };

void backfill_note_fields(
	struct buf *out, const struct backfill_rehearsal *rehearsal, unsigned fields)
{
	const char *quote = rehearsal->json ? "\"" : "";
	const char *between = "";
	buf_add_text(out, rehearsal->json ? ",\"fields\":[" : " ");
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		if (!(fields & fields_known[i].flag))
			continue;
		buf_printf(out, "%s%s%s%s", between, quote, fields_known[i].name, quote);
		between = rehearsal->json ? "," : ", ";
	}
	if (rehearsal->json)
		buf_add_char(out, ']');
}

static void add_value(struct buf *out, struct span value)
{
	if (value.base)
		buf_add_json(out, value);
	else
		buf_add_text(out, "null");
}

static void add_change(struct buf *out, const struct backfill_rehearsal *rehearsal,
	const char *name, struct span before, struct span after)
{
	buf_printf(out, rehearsal->json ? ",\"%s\":[" : "; %s ", name);
	add_value(out, before);
	buf_add_text(out, rehearsal->json ? "," : " -> ");
	add_value(out, after);
	if (rehearsal->json)
		buf_add_char(out, ']');
}

void backfill_note_values(struct buf *out, const struct backfill_rehearsal *rehearsal,
	const struct batch_event *event, const struct backfill_seen *seen, unsigned fields)
{
	const struct contact *contact = &event->event.contact;
	if (!rehearsal->show_values)
		return;
	if (fields & BACKFILL_NAME)
		add_change(out, rehearsal, "name", seen->name, contact->name);
	if (fields & BACKFILL_PHONE)
		add_change(out, rehearsal, "phone", seen->phone, contact->phone);
}

void backfill_note_end(struct buf *out, const struct backfill_rehearsal *rehearsal)
{
	buf_add_text(out, rehearsal->json ? "}\n" : "\n");
}
