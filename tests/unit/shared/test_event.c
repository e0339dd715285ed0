/* SPDX-License-Identifier: Apache-2.0 */
/* test_event - what goes to Kafka comes back the same, and what is not ours is refused. */
#include "shared/event.h"

#include "shared/clock.h"
#include "tests/unit/test.h"

static struct arena arena;
static struct failure failure;

static struct event sample(void)
{
	struct event event = {
		.id = uuid7_new(clock_wall_ns()),
		.contact = {SPAN("Ada \"Q\" \xc3\xa9\\"), SPAN("ada@example.com"), SPAN("+44 20")},
		.traceparent = SPAN("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
	};
	ck_assert(uuid_parse(SPAN("0190b5a0-0000-7000-8000-0000000000AA"), &event.business_id));
	event.accepted_ms = uuid7_ms(&event.id);
	return event;
}

static struct event_header *header_of(struct event_record *record, const char *name)
{
	for (size_t i = 0; i < record->header_count; i++) {
		if (strcmp(record->headers[i].name, name) == 0)
			return &record->headers[i];
	}
	ck_abort_msg("no header %s", name);
}

START_TEST(an_event_comes_back_as_it_went)
{
	struct event event = sample();
	struct event back;
	struct event_record record;
	event_encode(&event, &arena, &record);
	ck_assert_int_eq(event_decode(&record, &arena, &back, &failure), OK);
	ck_assert_int_eq(uuid_compare(&back.id, &event.id), 0);
	ck_assert_int_eq(uuid_compare(&back.business_id, &event.business_id), 0);
	ck_assert_span_eq(back.contact.name, event.contact.name);
	ck_assert_span_eq(back.contact.email, event.contact.email);
	ck_assert_span_eq(back.contact.phone, event.contact.phone);
	ck_assert_span_eq(back.traceparent, event.traceparent);
	ck_assert_int_eq(back.accepted_ms, event.accepted_ms);
	arena_fini(&arena);
}
END_TEST

START_TEST(a_record_is_the_contracts_cloudevent)
{
	struct event event = sample();
	struct event_record record;
	event.contact.phone = SPAN_NONE;
	event_encode(&event, &arena, &record);
	ck_assert_span_eq(record.key, SPAN("0190b5a0-0000-7000-8000-0000000000aa:ada@example.com"));
	ck_assert_span_eq(record.value,
		SPAN("{\"business_id\":\"0190b5a0-0000-7000-8000-0000000000aa\","
		     "\"name\":\"Ada \\\"Q\\\" \xc3\xa9\\\\\",\"email\":\"ada@example.com\"}"));
	ck_assert_span_eq(header_of(&record, "ce_specversion")->value, SPAN("1.0"));
	ck_assert_span_eq(header_of(&record, "ce_type")->value, SPAN("contact.received.v1"));
	ck_assert_span_eq(header_of(&record, "ce_source")->value, SPAN("/api/webhooks/contacts"));
	ck_assert_span_eq(header_of(&record, "content-type")->value, SPAN("application/json"));
	ck_assert_uint_eq(header_of(&record, "ce_id")->value.len, 36);
	ck_assert_uint_eq(header_of(&record, "ce_time")->value.len, 24);
	arena_fini(&arena);
}
END_TEST

/* One thing is wrong; each must be told, and nothing else. */
static void refused_with(struct event_record *record, enum error error, const char *reason)
{
	struct event back;
	ck_assert_int_eq(event_decode(record, &arena, &back, &failure), error);
	ck_assert_str_eq(failure.detail, reason);
}

START_TEST(foreign_records_are_refused_with_a_reason)
{
	struct event event = sample();
	struct event_record record;
	event_encode(&event, &arena, &record);
	struct event_record good = record;

	header_of(&record, "ce_specversion")->value = SPAN("0.3");
	refused_with(&record, E_RECORD_TYPE, "ce_specversion is missing or not 1.0");
	record = good;
	header_of(&record, "ce_type")->value = SPAN("contact.received.v9");
	refused_with(&record, E_RECORD_TYPE, "ce_type is missing or not contact.received.v1");
	record = good;
	header_of(&record, "ce_id")->value = SPAN("9b2f0d6c-2f7e-4f6a-9d7e-3f1f1f1f1f1f");
	refused_with(&record, E_RECORD_INVALID, "ce_id is missing or not a UUIDv7");
	record = good;
	record.value = SPAN_NONE;
	refused_with(&record, E_RECORD_TOMBSTONE, "the record has no value");
	record.header_count = 0;
	refused_with(&record, E_RECORD_TOMBSTONE, "the record has no value");
	record = good;
	record.value = SPAN("");
	refused_with(&record, E_RECORD_UNDECODABLE, "the value is not a JSON object");
	record.value = SPAN("[1]");
	refused_with(&record, E_RECORD_UNDECODABLE, "the value is not a JSON object");
	record.value = SPAN("{\"business_id\":\"x\"}");
	refused_with(&record, E_RECORD_INVALID, "business_id is missing or not a UUID");
	record.value = SPAN("{\"business_id\":\"0190b5a0-0000-7000-8000-0000000000aa\","
			    "\"name\":\"A\",\"email\":\"nobody\"}");
	refused_with(&record, E_RECORD_INVALID, "email: Invalid email");
	arena_fini(&arena);
}
END_TEST

START_TEST(a_value_longer_than_any_of_ours_is_refused)
{
	struct event event = sample();
	struct event_record record;
	event_encode(&event, &arena, &record);
	char *value = arena_alloc(&arena, EVENT_VALUE_BYTES + 1);
	memset(value, ' ', EVENT_VALUE_BYTES + 1);
	record.value = span_from(value, EVENT_VALUE_BYTES + 1);
	refused_with(&record, E_RECORD_UNDECODABLE, "the value is longer than 16384 bytes");
	arena_fini(&arena);
}
END_TEST

START_TEST(the_largest_contact_fits_a_record)
{
	struct event event = sample();
	struct event_record record;
	struct event back;
	char name[CONTACT_NAME_UNITS * 3];
	for (size_t i = 0; i < CONTACT_NAME_UNITS; i++)
		memcpy(name + 3 * i, "\xe2\x82\xac", 3);
	event.contact.name = span_from(name, sizeof(name));
	event_encode(&event, &arena, &record);
	ck_assert_int_eq(event_decode(&record, &arena, &back, &failure), OK);
	arena_fini(&arena);
}
END_TEST

/* The same value with a space in front is read by the JSON parser. */
static void read_alike(struct event_record *record)
{
	struct event plain = {.accepted_ms = 0};
	struct event parsed = {.accepted_ms = 0};
	struct span value = record->value;
	char *spaced = arena_alloc(&arena, value.len + 1);
	spaced[0] = ' ';
	memcpy(spaced + 1, value.base, value.len);
	enum error first = event_decode(record, &arena, &plain, &failure);
	record->value = span_from(spaced, value.len + 1);
	ck_assert_int_eq(event_decode(record, &arena, &parsed, &failure), first);
	record->value = value;
	if (first)
		return;
	ck_assert_int_eq(uuid_compare(&plain.business_id, &parsed.business_id), 0);
	ck_assert_span_eq(plain.contact.name, parsed.contact.name);
	ck_assert_span_eq(plain.contact.email, parsed.contact.email);
	ck_assert_span_eq(plain.contact.phone, parsed.contact.phone);
	ck_assert_int_eq(plain.contact.phone.base == NULL, parsed.contact.phone.base == NULL);
}

START_TEST(a_value_is_read_as_the_json_parser_reads_it)
{
	static const char bytes[] = "\"\\{}:,a@.+ 1\n\x7f\xc3\xa9\xed\xa0\x80\xff";
	struct event event = sample();
	struct event_record record;
	unsigned seed = 1;
	event.contact.name = SPAN("Ada \xc3\xa9");
	for (int round = 0; round < 20000; round++) {
		event.contact.phone = round % 2 ? SPAN("+44 20") : SPAN_NONE;
		event_encode(&event, &arena, &record);
		read_alike(&record);
		char *value = (char *)record.value.base;
		for (int changes = round % 3; changes >= 0; changes--)
			value[(unsigned)rand_r(&seed) % record.value.len] =
				bytes[(unsigned)rand_r(&seed) % sizeof(bytes)];
		read_alike(&record);
		record.value.len = (unsigned)rand_r(&seed) % record.value.len;
		read_alike(&record);
		arena_clear(&arena);
	}
	arena_fini(&arena);
}
END_TEST

START_TEST(a_traceparent_is_taken_only_when_it_is_one)
{
	ck_assert(event_traceparent_is_valid(
		SPAN("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")));
	ck_assert(!event_traceparent_is_valid(
		SPAN("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")));
	ck_assert(!event_traceparent_is_valid(
		SPAN("00-00000000000000000000000000000000-b7ad6b7169203331-01")));
	ck_assert(!event_traceparent_is_valid(
		SPAN("00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")));
	ck_assert(!event_traceparent_is_valid(
		SPAN("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01")));
	ck_assert(!event_traceparent_is_valid(SPAN("00-0af7651916cd43dd8448eb211c80319c")));
	ck_assert(!event_traceparent_is_valid(
		SPAN("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x")));
}
END_TEST

TESTS("event", an_event_comes_back_as_it_went, a_record_is_the_contracts_cloudevent,
	foreign_records_are_refused_with_a_reason, a_value_longer_than_any_of_ours_is_refused,
	the_largest_contact_fits_a_record, a_value_is_read_as_the_json_parser_reads_it,
	a_traceparent_is_taken_only_when_it_is_one)
