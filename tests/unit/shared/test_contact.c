/* SPDX-License-Identifier: Apache-2.0 */
/* test_contact - the rules of a contact's fields, against what zod keeps of them. */
#include "shared/contact.h"

#include <jansson.h>

#include "shared/utf8.h"
#include "tests/unit/test.h"

static struct arena arena;
static struct contact contact;
static struct contact_issues issues;

static struct contact_value text_value(struct span text)
{
	return (struct contact_value){.type = CONTACT_VALUE_TEXT, .text = text};
}

static enum error check(struct span name, struct span email, struct span phone)
{
	struct contact_value values[CONTACT_FIELD_COUNT] = {
		[CONTACT_NAME] = text_value(name),
		[CONTACT_EMAIL] = text_value(email),
		[CONTACT_PHONE] = phone.base ? text_value(phone) : (struct contact_value){0},
	};
	return contact_check(values, &arena, &contact, &issues);
}

static enum error check_name(struct span name)
{
	return check(name, SPAN("a@b.co"), SPAN_NONE);
}

static enum error check_phone(struct span phone)
{
	return check(SPAN("Ada"), SPAN("a@b.co"), phone);
}

START_TEST(emails_are_kept_as_zod_keeps_them)
{
	json_t *file = json_load_file(VECTORS_DIR "/emails.json", JSON_ALLOW_NUL, NULL);
	json_t *emails = json_object_get(file, "emails");
	size_t index;
	json_t *vector;
	ck_assert_uint_gt(json_array_size(emails), 40);
	json_array_foreach(emails, index, vector)
	{
		json_t *input = json_object_get(vector, "input");
		json_t *stored = json_object_get(vector, "stored");
		struct span text = span_from(json_string_value(input), json_string_length(input));
		const char *note = json_string_value(json_object_get(vector, "note"));
		enum error error = check(SPAN("Ada"), text, SPAN_NONE);
		ck_assert_msg((error == OK) == json_is_string(stored), "%s", note);
		if (!error)
			ck_assert_span_eq(contact.email, span_of(json_string_value(stored)));
	}
	json_decref(file);
	arena_fini(&arena);
}
END_TEST

START_TEST(an_email_of_255_bytes_is_too_long)
{
	char email[256];
	memset(email, 'a', sizeof(email));
	memcpy(email + 250, "@b.co", 5);
	ck_assert_int_eq(check(SPAN("Ada"), span_from(email, 255), SPAN_NONE), E_VALIDATION_FAILED);
	ck_assert_str_eq(issues.list[0].code, "too_long");
	ck_assert_int_eq(check(SPAN("Ada"), span_from(email + 1, 254), SPAN_NONE), OK);
	arena_fini(&arena);
}
END_TEST

START_TEST(a_name_is_trimmed_as_javascript_trims)
{
	ck_assert_int_eq(check_name(SPAN("\xef\xbb\xbf \t\xc2\xa0\xe3\x80\x80"
					 "Ada\xe2\x80\xa8\n")),
		OK);
	ck_assert_span_eq(contact.name, SPAN("Ada"));
	/* U+0085 and U+180E are no white space to JavaScript. */
	ck_assert_int_eq(check_name(SPAN("\xe1\xa0\x8e"
					 "Ada")),
		OK);
	ck_assert_span_eq(contact.name, SPAN("\xe1\xa0\x8e"
					     "Ada"));
	arena_fini(&arena);
}
END_TEST

START_TEST(a_name_of_nothing_but_space_is_missing)
{
	ck_assert_int_eq(check_name(SPAN(" \t\n")), E_VALIDATION_FAILED);
	ck_assert_str_eq(issues.list[0].message, "Required");
	arena_fini(&arena);
}
END_TEST

START_TEST(a_names_length_is_counted_in_utf16_units)
{
	char name[101 * 4];
	for (size_t i = 0; i < 101; i++)
		memcpy(name + i * 4, "\xf0\x9f\x98\x80", 4); /* two units each */
	ck_assert_int_eq(check_name(span_from(name, 400)), OK);
	ck_assert_int_eq(check_name(span_from(name, 404)), E_VALIDATION_FAILED);
	arena_fini(&arena);
}
END_TEST

START_TEST(line_ends_and_tabs_inside_a_name_become_one_space)
{
	ck_assert_int_eq(check_name(SPAN("Ada\r\n\tKing\nof")), OK);
	ck_assert_span_eq(contact.name, SPAN("Ada King of"));
	arena_fini(&arena);
}
END_TEST

START_TEST(other_control_characters_are_refused)
{
	ck_assert_int_eq(check_name(SPAN("A\x01"
					 "da")),
		E_VALIDATION_FAILED);
	ck_assert_str_eq(issues.list[0].code, "control_character");
	ck_assert_int_eq(check_name(SPAN("A\x7f"
					 "da")),
		E_VALIDATION_FAILED);
	ck_assert_int_eq(check_name(SPAN("A\xc2\x85"
					 "da")),
		E_VALIDATION_FAILED);
	ck_assert_int_eq(check_name(span_from("A\0da", 4)), E_VALIDATION_FAILED);
	ck_assert_int_eq(check_phone(SPAN("+1\x1b[0m")), E_VALIDATION_FAILED);
	arena_fini(&arena);
}
END_TEST

START_TEST(a_phone_of_nothing_is_absent)
{
	ck_assert_int_eq(check_phone(SPAN("")), OK);
	ck_assert_ptr_null(contact.phone.base);
	ck_assert_int_eq(check_phone(SPAN("  ")), OK);
	ck_assert_ptr_null(contact.phone.base);
	ck_assert_int_eq(check_phone(SPAN(" +44 20 ")), OK);
	ck_assert_span_eq(contact.phone, SPAN("+44 20"));
	arena_fini(&arena);
}
END_TEST

START_TEST(a_phone_has_at_most_50_units)
{
	char phone[51];
	memset(phone, '1', sizeof(phone));
	ck_assert_int_eq(check_phone(span_from(phone, 50)), OK);
	ck_assert_int_eq(check_phone(span_from(phone, 51)), E_VALIDATION_FAILED);
	arena_fini(&arena);
}
END_TEST

START_TEST(every_problem_is_told_at_once)
{
	struct contact_value values[CONTACT_FIELD_COUNT] = {
		[CONTACT_NAME] = {.type = CONTACT_VALUE_ABSENT},
		[CONTACT_EMAIL] = text_value(SPAN("ada")),
		[CONTACT_PHONE] = {.type = CONTACT_VALUE_OTHER},
	};
	ck_assert_int_eq(contact_check(values, &arena, &contact, &issues), E_VALIDATION_FAILED);
	ck_assert_uint_eq(issues.count, 3);
	ck_assert_int_eq(issues.list[0].field, CONTACT_EMAIL);
	ck_assert_str_eq(issues.list[0].code, "invalid_email");
	ck_assert_str_eq(issues.list[1].message, "Required");
	ck_assert_str_eq(issues.list[2].code, "not_text");
	arena_fini(&arena);
}
END_TEST

START_TEST(utf8_takes_what_rfc_3629_takes_and_nothing_else)
{
	ck_assert(utf8_is_valid(SPAN("plain, longer than eight bytes")));
	ck_assert(utf8_is_valid(
		SPAN("\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf")));
	ck_assert(!utf8_is_valid(SPAN("\xc0\x80")));         /* overlong */
	ck_assert(!utf8_is_valid(SPAN("\xe0\x9f\xbf")));     /* overlong */
	ck_assert(!utf8_is_valid(SPAN("\xf0\x8f\xbf\xbf"))); /* overlong */
	ck_assert(!utf8_is_valid(SPAN("\xed\xa0\x80")));     /* surrogate */
	ck_assert(!utf8_is_valid(SPAN("\xf4\x90\x80\x80"))); /* above U+10FFFF */
	ck_assert(!utf8_is_valid(SPAN("12345678\xc3")));     /* cut */
	ck_assert(!utf8_is_valid(SPAN("\x80")));
	ck_assert(!utf8_is_valid(SPAN("\xff")));
}
END_TEST

TESTS("contact", emails_are_kept_as_zod_keeps_them, an_email_of_255_bytes_is_too_long,
	a_name_is_trimmed_as_javascript_trims, a_name_of_nothing_but_space_is_missing,
	a_names_length_is_counted_in_utf16_units, line_ends_and_tabs_inside_a_name_become_one_space,
	other_control_characters_are_refused, a_phone_of_nothing_is_absent,
	a_phone_has_at_most_50_units, every_problem_is_told_at_once,
	utf8_takes_what_rfc_3629_takes_and_nothing_else)
