/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_produce - in the place of gateway/produce: keeps what goes to Kafka, checks it as a worker
 * would, and tells what the trial wants to be told.
 */
#include "gateway/pipeline.h"
#include "gateway/produce.h"
#include "tests/fuzz/pipeline/trial.h"
#include "tests/fuzz/reference.h"

static struct contact_value value_of(struct span text)
{
	return (struct contact_value){
		.type = text.base ? CONTACT_VALUE_TEXT : CONTACT_VALUE_ABSENT, .text = text};
}

/* The contract's promise to whoever reads the topic: every event is a valid contact's. */
static void check_contact(const struct contact *contact, struct arena *arena)
{
	struct contact again;
	struct contact_issues issues;
	const struct contact_value values[CONTACT_FIELD_COUNT] = {
		[CONTACT_NAME] = value_of(contact->name),
		[CONTACT_EMAIL] = value_of(contact->email),
		[CONTACT_PHONE] = value_of(contact->phone),
	};
	ensure(contact_check(values, arena, &again, &issues) == OK);
	ensure(span_equal(again.name, contact->name));
	ensure(span_equal(again.email, contact->email));
	ensure(span_equal(again.phone, contact->phone));
	ensure(reference_is_email(contact->email) && contact->email.len <= CONTACT_EMAIL_BYTES);
}

static void check_record(const struct event_record *record, const struct contact *contact)
{
	ensure(record->key.len == UUID_TEXT_LEN + 1 + contact->email.len);
	ensure(memcmp(record->key.base, TRIAL_BUSINESS ":", UUID_TEXT_LEN + 1) == 0);
	ensure(memcmp(record->key.base + UUID_TEXT_LEN + 1, contact->email.base,
		       contact->email.len) == 0);
	for (size_t i = 0; i < record->header_count; i++) {
		ensure(!reference_holds(record->headers[i].value, contact->email));
		ensure(!reference_holds(record->headers[i].value, SPAN(TRIAL_MARKER)));
		ensure(!reference_holds(record->headers[i].value, SPAN("sk_")));
	}
}

static void take_event(
	struct producer *producer, const struct event_record *record, struct trial_event *ret_event)
{
	struct arena *arena = &producer->trial->arena;
	struct event_record kept = *record; /* the request's goes before its answer is looked at */
	struct event event;
	struct failure failure;
	kept.value = arena_copy(arena, record->value);
	ensure(event_decode(&kept, arena, &event, &failure) == OK);
	check_contact(&event.contact, arena);
	check_record(record, &event.contact);
	ensure(uuid_compare(&event.id, &producer->newest) > 0);
	producer->newest = event.id;
	uuid_format(ret_event->id, &event.id);
	ret_event->contact = event.contact;
}

static void take_events(struct producer *producer, const struct submission *submission)
{
	struct exchange *exchange = trial_last(producer->trial);
	size_t count = submission->contact_count;
	ensure(exchange->key_verdict == OK && exchange->is_key_asked && !exchange->is_produced);
	ensure(count >= 1 && count <= SUBMISSION_CONTACTS_MOST);
	exchange->is_produced = true;
	exchange->event_count = count;
	exchange->events = arena_alloc(&producer->trial->arena, count * sizeof(*exchange->events));
	for (size_t i = 0; i < count; i++)
		take_event(producer, &submission->contacts[i].record, &exchange->events[i]);
}

static enum error verdict_of(enum trial_kafka kafka)
{
	switch (kafka) {
	case TRIAL_STORED:
	case TRIAL_STORED_LATER:
		return OK;
	case TRIAL_NOT_STORED:
	case TRIAL_NOT_STORED_LATER:
		return E_NOT_STORED;
	case TRIAL_MAYBE_STORED_LATER:
	case TRIAL_SILENT:
		return E_MAYBE_STORED;
	default:
		return E_OVERLOADED;
	}
}

static void report(struct loop_task *task)
{
	struct producer *producer =
		(struct producer *)((char *)task - offsetof(struct producer, report));
	struct submission *submission = producer->waiting;
	ensure(submission);
	producer->waiting = NULL;
	submission->tickets = NULL;
	pipeline_resume(submission, verdict_of(producer->trial->kafka));
}

enum error produce_step(struct submission *submission)
{
	struct producer *producer = submission->pipeline->producer;
	enum trial_kafka kafka = producer->trial->kafka;
	enum error verdict = verdict_of(kafka);
	take_events(producer, submission);
	trial_last(producer->trial)->kafka_verdict = verdict;
	if (kafka == TRIAL_STORED || kafka == TRIAL_NOT_STORED || kafka == TRIAL_FULL)
		return verdict;
	ensure(!producer->waiting);
	producer->waiting = submission;
	submission->tickets = &producer->ticket;
	loop_arm(&submission->pipeline->answers, &submission->deadline);
	producer->report = (struct loop_task){.run = report};
	if (kafka != TRIAL_SILENT)
		loop_post(producer->loop, &producer->report);
	return E_PENDING;
}

void produce_abandon(struct submission *submission)
{
	struct producer *producer = submission->pipeline->producer;
	if (producer->waiting == submission)
		producer->waiting = NULL;
	submission->tickets = NULL;
}

bool producer_is_behind(const struct producer *producer)
{
	return producer->trial->kafka == TRIAL_BEHIND;
}
