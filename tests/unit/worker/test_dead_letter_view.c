/* SPDX-License-Identifier: Apache-2.0 */
/* test_dead_letter_view - whatever stands in the dead-letter topic is understood, or harms nobody. */
#include "shared/event.h"
#include "tests/unit/test.h"
#include "worker/dead_letter.h"
#include "worker/dead_letter_redrive.h"
#include "worker/dead_letter_select.h"
#include "worker/dead_letter_view.h"

#define BUSINESS "0190a000-0000-4000-8000-000000000001"
#define EVENT_ID "01900000-0000-7001-8000-000000000000"
#define VALUE "{\"business_id\":\"" BUSINESS "\",\"name\":\"Ada\",\"email\":\"ada@example.com\"}"
#define EVENT_HEADERS                                                                              \
	{"ce_specversion", SPAN("1.0")}, {"ce_type", SPAN(EVENT_TYPE)},                            \
	{                                                                                          \
		"ce_id", SPAN(EVENT_ID)                                                            \
	}
#define LETTER_HEADERS                                                                             \
	{DEAD_LETTER_REASON, SPAN("refused")}, {DEAD_LETTER_SQLSTATE, SPAN("23514")},              \
		{DEAD_LETTER_MESSAGE, SPAN("no")}, {DEAD_LETTER_TOPIC, SPAN("contacts")},          \
		{DEAD_LETTER_PARTITION, SPAN("3")},                                                \
	{                                                                                          \
		DEAD_LETTER_OFFSET, SPAN("17")                                                     \
	}

static struct dead_letter_view view;
static struct record record;

static void read_view(
	const struct record_header *headers, size_t count, struct span key, struct span value)
{
	struct arena arena = {0};
	record = (struct record){.partition = 2,
		.offset = 100,
		.timestamp_ms = 5000,
		.key = key,
		.value = value,
		.headers = headers,
		.header_count = count};
	dead_letter_view_read(&record, &arena, &view);
	arena_fini(&arena);
}

#define READ(key, value, ...)                                                                      \
	do {                                                                                       \
		static const struct record_header headers[] = {__VA_ARGS__};                       \
		read_view(headers, sizeof(headers) / sizeof(*headers), key, value);                \
	} while (0)

START_TEST(a_dead_letter_of_ours_says_why_and_from_where)
{
	READ(SPAN("k"), SPAN(VALUE), EVENT_HEADERS, LETTER_HEADERS,
		{DEAD_LETTER_ATTEMPTS, SPAN("4")});
	ck_assert_int_eq(view.kind, DEAD_LETTER_OF_OURS);
	ck_assert_span_eq(view.reason, SPAN("refused"));
	ck_assert_span_eq(view.sqlstate, SPAN("23514"));
	ck_assert_span_eq(view.message, SPAN("no"));
	ck_assert_span_eq(view.topic, SPAN("contacts"));
	ck_assert_int_eq(view.partition, 3);
	ck_assert_int_eq(view.offset, 17);
	ck_assert_int_eq(view.attempts, 4);
	ck_assert_int_eq(view.error, OK);
	ck_assert(view.has_id && view.has_business_id);
}
END_TEST

START_TEST(a_value_that_is_no_event_leaves_the_business_of_the_key)
{
	READ(SPAN(BUSINESS ":ada@example.com"), SPAN("no JSON"), EVENT_HEADERS, LETTER_HEADERS);
	ck_assert_int_eq(view.kind, DEAD_LETTER_OF_OURS);
	ck_assert_int_eq(view.error, E_RECORD_UNDECODABLE);
	ck_assert(view.has_business_id);
	ck_assert_int_eq(view.attempts, 1);
	READ(SPAN_NONE, SPAN_NONE, LETTER_HEADERS);
	ck_assert_int_eq(view.error, E_RECORD_TOMBSTONE);
	ck_assert(!view.has_business_id && !view.has_id);
}
END_TEST

START_TEST(records_of_others_are_foreign)
{
	READ(SPAN("k"), SPAN(VALUE), EVENT_HEADERS);
	ck_assert_int_eq(view.kind, DEAD_LETTER_OF_OTHERS);
	READ(SPAN("k"), SPAN(VALUE), {DEAD_LETTER_REASON, SPAN("refused")});
	ck_assert_int_eq(view.kind, DEAD_LETTER_OF_OTHERS);
	READ(SPAN_NONE, SPAN_NONE, {DEAD_LETTER_REASON, SPAN("refused")},
		{DEAD_LETTER_TOPIC, SPAN("contacts")}, {DEAD_LETTER_OFFSET, SPAN("-1")});
	ck_assert_int_eq(view.kind, DEAD_LETTER_OF_OTHERS);
	ck_assert_span_eq(dead_letter_reason(&view), SPAN("foreign"));
}
END_TEST

START_TEST(a_note_names_an_offset_before_its_own)
{
	READ(SPAN_NONE, SPAN_NONE, {DEAD_LETTER_REDRIVEN, SPAN("99")});
	ck_assert_int_eq(view.kind, DEAD_LETTER_IS_REDRIVEN);
	ck_assert_int_eq(view.redriven, 99);
	READ(SPAN_NONE, SPAN_NONE, {DEAD_LETTER_REDRIVEN, SPAN("100")});
	ck_assert_int_eq(view.kind, DEAD_LETTER_OF_OTHERS);
	READ(SPAN_NONE, SPAN_NONE, {DEAD_LETTER_REDRIVEN, SPAN("99999999999999999999")});
	ck_assert_int_eq(view.kind, DEAD_LETTER_OF_OTHERS);
	READ(SPAN_NONE, SPAN_NONE, {DEAD_LETTER_REDRIVEN, SPAN("")});
	ck_assert_int_eq(view.kind, DEAD_LETTER_OF_OTHERS);
}
END_TEST

static enum error select_error(const struct dead_letter_options *options)
{
	struct dead_letter_select select;
	struct failure failure = {0};
	enum error error = dead_letter_select_read(options, 10000000, &select, &failure);
	ck_assert(!error == !*failure.detail);
	return error;
}

START_TEST(options_that_say_nothing_sensible_are_refused)
{
	ck_assert_int_eq(select_error(&(struct dead_letter_options){.reason = NULL}), OK);
	ck_assert_int_eq(select_error(&(struct dead_letter_options){.reason = "refused"}), OK);
	ck_assert_int_eq(select_error(&(struct dead_letter_options){.reason = "foreign"}), OK);
	ck_assert_int_eq(select_error(&(struct dead_letter_options){.reason = "bad"}), E_USAGE);
	ck_assert_int_eq(select_error(&(struct dead_letter_options){.business = "1"}), E_USAGE);
	ck_assert_int_eq(select_error(&(struct dead_letter_options){.since = "then"}), E_USAGE);
	ck_assert_int_eq(
		select_error(&(struct dead_letter_options){.since = "1h", .until = "2h"}), E_USAGE);
	ck_assert_int_eq(
		select_error(&(struct dead_letter_options){.since = "2h", .until = "1h"}), OK);
}
END_TEST

static bool matches(const struct dead_letter_options *options)
{
	struct dead_letter_select select;
	ck_assert_int_eq(dead_letter_select_read(options, 1000000, &select, NULL), OK);
	return dead_letter_select_matches(&select, &record, &view);
}

START_TEST(a_selection_is_what_all_options_allow)
{
	READ(SPAN("k"), SPAN(VALUE), EVENT_HEADERS, LETTER_HEADERS);
	ck_assert(matches(&(struct dead_letter_options){.reason = NULL}));
	ck_assert(matches(&(struct dead_letter_options){
		"refused", BUSINESS, "1970-01-01T00:00:05Z", "1970-01-01T00:00:05.001Z"}));
	ck_assert(!matches(&(struct dead_letter_options){.reason = "invalid"}));
	ck_assert(!matches(&(struct dead_letter_options){.business = EVENT_ID}));
	ck_assert(!matches(&(struct dead_letter_options){.since = "1970-01-01T00:00:05.001Z"}));
	ck_assert(!matches(&(struct dead_letter_options){.until = "1970-01-01T00:00:05Z"}));
	READ(SPAN_NONE, SPAN_NONE, {DEAD_LETTER_REDRIVEN, SPAN("9")});
	ck_assert(!matches(&(struct dead_letter_options){.reason = NULL}));
}
END_TEST

START_TEST(only_what_can_succeed_and_did_not_come_back_is_redriven)
{
	READ(SPAN("k"), SPAN(VALUE), EVENT_HEADERS, LETTER_HEADERS);
	ck_assert_int_eq(
		dead_letter_redrive_verdict(&view, false, false, "contacts"), REDRIVE_SEND);
	ck_assert_int_eq(dead_letter_redrive_verdict(&view, true, true, "contacts"), REDRIVE_DONE);
	ck_assert_int_eq(
		dead_letter_redrive_verdict(&view, false, true, "other"), REDRIVE_ANOTHER_TOPIC);
	READ(SPAN("k"), SPAN(VALUE), EVENT_HEADERS, LETTER_HEADERS,
		{DEAD_LETTER_ATTEMPTS, SPAN("2")});
	ck_assert_int_eq(
		dead_letter_redrive_verdict(&view, false, false, "contacts"), REDRIVE_CAME_BACK);
	ck_assert_int_eq(dead_letter_redrive_verdict(&view, false, true, "contacts"), REDRIVE_SEND);
	READ(SPAN("k"), SPAN("{}"), EVENT_HEADERS, LETTER_HEADERS);
	ck_assert_int_eq(
		dead_letter_redrive_verdict(&view, false, true, "contacts"), REDRIVE_INVALID);
	READ(SPAN("k"), SPAN(VALUE), EVENT_HEADERS);
	ck_assert_int_eq(
		dead_letter_redrive_verdict(&view, false, true, "contacts"), REDRIVE_FOREIGN);
}
END_TEST

TESTS("dead_letter_view", a_dead_letter_of_ours_says_why_and_from_where,
	a_value_that_is_no_event_leaves_the_business_of_the_key, records_of_others_are_foreign,
	a_note_names_an_offset_before_its_own, options_that_say_nothing_sensible_are_refused,
	a_selection_is_what_all_options_allow,
	only_what_can_succeed_and_did_not_come_back_is_redriven)
