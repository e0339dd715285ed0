/* SPDX-License-Identifier: Apache-2.0 */
/* test_backfill_state - what one event makes of a contact. */
#include "tests/unit/test.h"
#include "worker/backfill_state.h"

static struct uuid version(uint8_t number)
{
	return (struct uuid){{number, [15] = 1}};
}

static struct event event_of(uint8_t number, const char *name, const char *phone)
{
	return (struct event){
		.id = version(number),
		.contact = {.name = span_of(name),
			.email = SPAN("a@example.com"),
			.phone = phone ? span_of(phone) : SPAN_NONE},
	};
}

static enum backfill_fate apply(
	struct backfill_state *state, const struct event event, unsigned *ret_fields)
{
	return backfill_state_apply(state, &event, ret_fields);
}

START_TEST(an_event_inserts_then_repeats_are_stale)
{
	struct backfill_state state = {0};
	unsigned fields;
	ck_assert_int_eq(apply(&state, event_of(5, "Ada", NULL), &fields), BACKFILL_INSERTED);
	ck_assert_uint_eq(fields, BACKFILL_NAME | BACKFILL_STATUS);
	ck_assert_int_eq(apply(&state, event_of(5, "Ada", NULL), &fields), BACKFILL_STALE);
	ck_assert_uint_eq(fields, 0);
}
END_TEST

START_TEST(a_newer_event_updates_only_where_a_value_differs)
{
	struct backfill_state state = {0};
	unsigned fields;
	(void)apply(&state, event_of(5, "Ada", "1"), &fields);
	ck_assert_int_eq(apply(&state, event_of(6, "Ada", "1"), &fields), BACKFILL_UNCHANGED);
	ck_assert_uint_eq(fields, 0);
	ck_assert_int_eq(apply(&state, event_of(7, "Ada", NULL), &fields), BACKFILL_UNCHANGED);
	ck_assert_int_eq(apply(&state, event_of(8, "Eve", NULL), &fields), BACKFILL_UPDATED);
	ck_assert_uint_eq(fields, BACKFILL_NAME);
	ck_assert(uuid_compare(&state.phone_version, &(struct uuid){{6, [15] = 1}}) == 0);
}
END_TEST

START_TEST(an_older_phone_fills_what_no_newer_event_has_set)
{
	struct backfill_state state = {0};
	unsigned fields;
	(void)apply(&state, event_of(9, "Ada", NULL), &fields);
	ck_assert_int_eq(apply(&state, event_of(5, "Old", "1"), &fields), BACKFILL_UPDATED);
	ck_assert_uint_eq(fields, BACKFILL_PHONE);
	ck_assert_uint_eq(state.phone, backfill_print(SPAN("1")));
	ck_assert_uint_eq(state.name, backfill_print(SPAN("Ada")));
	ck_assert_int_eq(apply(&state, event_of(4, "Older", "2"), &fields), BACKFILL_STALE);
}
END_TEST

START_TEST(an_archived_contact_becomes_active_again)
{
	struct backfill_state state = {0};
	unsigned fields;
	(void)apply(&state, event_of(5, "Ada", NULL), &fields);
	state.is_active = false;
	state.status_version = version(7);
	ck_assert_int_eq(apply(&state, event_of(6, "Ada", NULL), &fields), BACKFILL_UNCHANGED);
	ck_assert(!state.is_active);
	ck_assert_int_eq(apply(&state, event_of(8, "Ada", NULL), &fields), BACKFILL_UPDATED);
	ck_assert_uint_eq(fields, BACKFILL_STATUS);
}
END_TEST

START_TEST(a_deletion_makes_what_is_not_newer_stale_and_is_a_version_of_phone)
{
	struct backfill_state state = {.deleted = version(6)};
	unsigned fields;
	ck_assert_int_eq(apply(&state, event_of(6, "Ada", "1"), &fields), BACKFILL_STALE);
	ck_assert(!state.exists);
	ck_assert_int_eq(apply(&state, event_of(7, "Ada", NULL), &fields), BACKFILL_INSERTED);
	ck_assert(uuid_compare(&state.phone_version, &state.deleted) == 0);
	ck_assert_uint_eq(state.phone, 0);

	/* A row from an older copy of the table, from before its deletion. */
	state = (struct backfill_state){.exists = true,
		.is_active = true,
		.name_version = version(1),
		.status_version = version(1),
		.phone_version = version(1),
		.name = backfill_print(SPAN("Ada")),
		.phone = backfill_print(SPAN("1")),
		.deleted = version(6)};
	ck_assert_int_eq(apply(&state, event_of(7, "Ada", NULL), &fields), BACKFILL_UPDATED);
	ck_assert_uint_eq(fields, BACKFILL_PHONE);
	ck_assert_uint_eq(state.phone, 0);
}
END_TEST

START_TEST(a_row_without_versions_is_older_than_all)
{
	struct backfill_state state = {.exists = true, .name = backfill_print(SPAN("Ada"))};
	unsigned fields;
	ck_assert_int_eq(apply(&state, event_of(1, "Ada", NULL), &fields), BACKFILL_UPDATED);
	ck_assert_uint_eq(fields, BACKFILL_STATUS);
}
END_TEST

START_TEST(the_newest_row_makes_all_stale)
{
	struct backfill_state state;
	unsigned fields;
	backfill_state_newest(&state);
	ck_assert_int_eq(apply(&state, event_of(255, "Ada", "1"), &fields), BACKFILL_STALE);
}
END_TEST

TESTS("backfill_state", an_event_inserts_then_repeats_are_stale,
	a_newer_event_updates_only_where_a_value_differs,
	an_older_phone_fills_what_no_newer_event_has_set, an_archived_contact_becomes_active_again,
	a_deletion_makes_what_is_not_newer_stale_and_is_a_version_of_phone,
	a_row_without_versions_is_older_than_all, the_newest_row_makes_all_stale)
