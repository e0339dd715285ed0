/* SPDX-License-Identifier: Apache-2.0 */
/* test_batch - folding: the same contacts come out whatever the order, repeats and batches. */
#include <stdio.h>

#include "tests/unit/test.h"
#include "tests/unit/worker/fake_record.h"
#include "worker/batch.h"

enum {
	HISTORIES = 2000,
	EVENTS_MOST = 40,
	CONTACTS = 4,
	BATCHES_MOST = 5,
};

/* A contact as the table has it: each field with the version that set it. */
struct contact_state {
	struct uuid name_version;
	struct uuid phone_version; /* all zero: never set */
	struct span name;
	struct span phone;
};

static const char *const emails[CONTACTS] = {"a@x.io", "ab@x.io", "b@x.io", "b@x.ioo"};

static const struct record anywhere = {.partition = 0};

static unsigned chance(unsigned *seed, unsigned below)
{
	return (unsigned)rand_r(seed) % below;
}

static size_t contact_of(const struct event *event)
{
	size_t i = 0;
	while (!span_equal(event->contact.email, span_of(emails[i])))
		i++;
	return i + (event->business_id.bytes[15] ? CONTACTS : 0);
}

static struct event make_event(uint8_t version, unsigned *seed, struct arena *arena)
{
	char text[16];
	struct event event = {.accepted_ms = version};
	event.id.bytes[0] = version;
	event.business_id.bytes[15] = (uint8_t)chance(seed, 2);
	event.contact.email = span_of(emails[chance(seed, CONTACTS)]);
	(void)snprintf(text, sizeof(text), "name %u", chance(seed, 6));
	event.contact.name = arena_copy(arena, span_of(text));
	if (chance(seed, 2)) {
		(void)snprintf(text, sizeof(text), "phone %u", chance(seed, 6));
		event.contact.phone = arena_copy(arena, span_of(text));
	}
	return event;
}

/* What the web application's upsert does, event after event in the order of acceptance. */
static void apply_in_order(
	struct contact_state states[static 2 * CONTACTS], const struct event *events, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct contact_state *state = &states[contact_of(&events[i])];
		state->name = events[i].contact.name;
		state->name_version = events[i].id;
		if (!events[i].contact.phone.base)
			continue;
		state->phone = events[i].contact.phone;
		state->phone_version = events[i].id;
	}
}

/* The statement's guard: a field changes only to a newer event's value. */
static void apply_row(struct contact_state states[static 2 * CONTACTS], const struct batch_row *row)
{
	struct contact_state *state = &states[contact_of(row->newest)];
	if (uuid_compare(&row->newest->id, &state->name_version) > 0) {
		state->name = row->newest->contact.name;
		state->name_version = row->newest->id;
	}
	if (row->phone && uuid_compare(&row->phone->id, &state->phone_version) > 0) {
		state->phone = row->phone->contact.phone;
		state->phone_version = row->phone->id;
	}
}

static void check_rows(const struct batch *batch)
{
	for (size_t i = 1; i < batch->row_count; i++) {
		const struct event *before = batch->rows[i - 1].newest;
		const struct event *after = batch->rows[i].newest;
		int order = uuid_compare(&before->business_id, &after->business_id);
		if (order == 0)
			order = span_compare(before->contact.email, after->contact.email);
		ck_assert_msg(order < 0, "rows are not sorted, or a contact is there twice");
	}
}

/* Shuffled, some twice, in several batches that are applied in any order. */
static void apply_shuffled(struct contact_state states[static 2 * CONTACTS],
	const struct event *events, size_t count, unsigned *seed)
{
	struct batch *batches[BATCHES_MOST];
	size_t batch_count = 1 + chance(seed, BATCHES_MOST);
	for (size_t i = 0; i < batch_count; i++)
		batches[i] = batch_new();
	for (size_t i = 0; i < 2 * count; i++)
		batch_add(batches[chance(seed, (unsigned)batch_count)],
			&events[chance(seed, (unsigned)count)], &anywhere);
	for (size_t i = 0; i < count; i++)
		batch_add(batches[chance(seed, (unsigned)batch_count)], &events[count - 1 - i],
			&anywhere);
	for (size_t i = 0; i < batch_count; i++) {
		batch_fold(batches[i]);
		check_rows(batches[i]);
		for (size_t row = 0; row < batches[i]->row_count; row++)
			apply_row(states, &batches[i]->rows[row]);
	}
	for (size_t i = 0; i < batch_count; i++)
		batch_free(batches[i]);
}

START_TEST(shuffled_repeated_and_split_events_give_the_same_contacts)
{
	for (unsigned history = 1; history <= HISTORIES; history++) {
		unsigned seed = history;
		struct arena arena = {0};
		struct event events[EVENTS_MOST];
		struct contact_state in_order[2 * CONTACTS] = {0};
		struct contact_state shuffled[2 * CONTACTS] = {0};
		size_t count = 1 + chance(&seed, EVENTS_MOST);
		for (size_t i = 0; i < count; i++)
			events[i] = make_event((uint8_t)(i + 1), &seed, &arena);
		apply_in_order(in_order, events, count);
		apply_shuffled(shuffled, events, count, &seed);
		for (size_t i = 0; i < sizeof(in_order) / sizeof(*in_order); i++) {
			ck_assert_span_eq(shuffled[i].name, in_order[i].name);
			ck_assert_span_eq(shuffled[i].phone, in_order[i].phone);
			ck_assert_mem_eq(&shuffled[i].name_version, &in_order[i].name_version,
				sizeof(struct uuid));
			ck_assert_mem_eq(&shuffled[i].phone_version, &in_order[i].phone_version,
				sizeof(struct uuid));
		}
		arena_fini(&arena);
	}
}
END_TEST

static void add(struct batch *batch, uint8_t version, const char *email, const char *phone,
	int32_t partition)
{
	struct event event = {.contact = {.name = SPAN("Ada")}};
	event.id.bytes[0] = version;
	event.contact.email = arena_copy(&batch->arena, span_of(email));
	if (phone)
		event.contact.phone = arena_copy(&batch->arena, span_of(phone));
	batch_add(batch, &event, fake_record(&batch->arena, partition, version));
}

START_TEST(an_event_without_a_phone_keeps_the_older_phone_and_its_version)
{
	struct batch *batch = batch_new();
	add(batch, 3, "a@x.io", NULL, 0);
	add(batch, 1, "a@x.io", "1", 0);
	add(batch, 2, "a@x.io", "2", 0);
	batch_fold(batch);
	ck_assert_uint_eq(batch->row_count, 1);
	ck_assert_int_eq(batch->rows[0].oldest->id.bytes[0], 1);
	ck_assert_int_eq(batch->rows[0].newest->id.bytes[0], 3);
	ck_assert_int_eq(batch->rows[0].phone->id.bytes[0], 2);
	ck_assert_span_eq(batch->rows[0].phone->contact.phone, SPAN("2"));
	batch_free(batch);
}
END_TEST

START_TEST(a_contact_that_never_had_a_phone_has_none)
{
	struct batch *batch = batch_new();
	add(batch, 1, "a@x.io", NULL, 0);
	batch_fold(batch);
	ck_assert_ptr_null(batch->rows[0].phone);
	batch_free(batch);
}
END_TEST

START_TEST(dropping_a_partition_leaves_what_others_wrote_to_the_same_contact)
{
	struct batch *batch = batch_new();
	add(batch, 1, "a@x.io", "1", 0);
	add(batch, 2, "a@x.io", "2", 7);
	add(batch, 3, "b@x.io", "3", 7);
	batch_fold(batch);
	size_t bytes = batch->bytes;
	batch_drop(batch, 7);
	batch_fold(batch);
	ck_assert_uint_eq(batch->row_count, 1);
	ck_assert_span_eq(batch->rows[0].phone->contact.phone, SPAN("1"));
	ck_assert_uint_eq(batch->bytes, bytes); /* their memory is not free yet */
	batch_free(batch);
}
END_TEST

START_TEST(a_cleared_batch_is_as_new)
{
	struct batch *batch = batch_new();
	for (int i = 0; i < 1000; i++)
		add(batch, (uint8_t)i, "a@x.io", "1", 0);
	batch_clear(batch);
	ck_assert_uint_eq(batch->event_count, 0);
	ck_assert_uint_eq(batch->bytes, 0);
	add(batch, 1, "b@x.io", NULL, 0);
	batch_fold(batch);
	ck_assert_uint_eq(batch->row_count, 1);
	batch_free(batch);
}
END_TEST

START_TEST(a_row_knows_its_events_oldest_first)
{
	struct batch *batch = batch_new();
	add(batch, 3, "b@x.io", NULL, 0);
	add(batch, 2, "a@x.io", NULL, 0);
	add(batch, 1, "b@x.io", "1", 0);
	batch_fold(batch);
	const struct batch_row *row = &batch->rows[1];
	ck_assert_uint_eq(row->event_count, 2);
	ck_assert_int_eq(row->events[0]->offset, 1);
	ck_assert_int_eq(row->events[1]->offset, 3);
	struct batch_row one = batch_row_of(&row->events[0]);
	ck_assert_ptr_eq(one.oldest, one.newest);
	ck_assert_span_eq(one.phone->contact.phone, SPAN("1"));
	batch_free(batch);
}
END_TEST

START_TEST(a_bad_record_takes_its_place_and_makes_no_row)
{
	static const struct failure why = {.error = E_RECORD_TYPE, .detail = "foreign"};
	struct batch *batch = batch_new();
	add(batch, 1, "a@x.io", NULL, 0);
	batch_add_bad(batch, fake_record(&batch->arena, 2, 9), &why);
	batch_fold(batch);
	ck_assert_uint_eq(batch->event_count, 2);
	ck_assert_uint_eq(batch->row_count, 1);
	ck_assert_int_eq(batch->events[1].partition, 2);
	ck_assert_int_eq(batch->events[1].offset, 9);
	ck_assert_str_eq(batch->events[1].bad->detail, "foreign");
	batch_free(batch);
}
END_TEST

TESTS("batch", a_row_knows_its_events_oldest_first, a_bad_record_takes_its_place_and_makes_no_row,
	shuffled_repeated_and_split_events_give_the_same_contacts,
	an_event_without_a_phone_keeps_the_older_phone_and_its_version,
	a_contact_that_never_had_a_phone_has_none,
	dropping_a_partition_leaves_what_others_wrote_to_the_same_contact,
	a_cleared_batch_is_as_new)
