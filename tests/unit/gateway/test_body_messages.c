/* SPDX-License-Identifier: Apache-2.0 */
/* test_body_messages - what a sender is told of a body that is refused, whole: it must say what to do. */
#include "gateway/issues.h"
#include "gateway/pipeline.h"
#include "tests/unit/test.h"

struct refusal {
	const char *body;
	const char *message;
};

static void refuse(struct span body, struct buf *message)
{
	struct http_request request = {.body = body};
	struct submission submission = {.request = &request};
	enum error error = parse_body_step(&submission);
	if (!error)
		error = validate_step(&submission);
	ck_assert_msg(error_blame(error) == BLAME_CALLER, "%.*s: %s", (int)body.len, body.base,
		error_name(error));
	buf_clear(message);
	if (error == E_VALIDATION_FAILED)
		issues_write_message(message, &submission);
	else
		buf_add_text(message, submission.failure.detail);
	arena_fini(&request.arena);
}

static void expect_messages(const struct refusal *refusals, size_t count)
{
	struct buf message = {0};
	for (size_t i = 0; i < count; i++) {
		refuse(span_of(refusals[i].body), &message);
		ck_assert_msg(strcmp(buf_text(&message), refusals[i].message) == 0,
			"%s\n is told: %s\n     not: %s", refusals[i].body, buf_text(&message),
			refusals[i].message);
	}
	buf_fini(&message);
}

#define EXPECT_MESSAGES(list) expect_messages(list, sizeof(list) / sizeof(*(list)))
#define NOT_JSON(place) "The body is not valid JSON. Line 1, column " place ": "
#define NOT_FOUND_IN(names) "email: Required. name: Required. Fields received: " names ". "
#define SIDE_BY_SIDE                                                                               \
	"Send name and email side by side: as members of the object itself, or of data, contact "  \
	"or payload in it, no deeper."
#define NEITHER                                                                                    \
	"The body is neither JSON nor a form. Send a JSON object, as "                             \
	"{\"name\":\"Ada\",\"email\":\"ada@example.com\"}, or a form, as "                         \
	"name=Ada&email=ada%40example.com."

START_TEST(a_template_that_went_wrong_is_told_where_and_what)
{
	static const struct refusal list[] = {
		{"{\"name\":\"Ada\",\"phone\": ,\"email\":\"a@b.co\"}",
			NOT_JSON("24") "a value is missing before the comma."},
		{"{\"name\":\"Ada\",\"email\": }",
			NOT_JSON("24") "a value is missing before the }."},
		{"{\"name\":\"Ada\nLovelace\"}",
			NOT_JSON("12") "a line break inside a text must be written as \\n."},
		{"{\"name\":\"Ada\tLovelace\"}",
			NOT_JSON("12") "a tab or other control character inside a text must be "
				       "written as \\t or \\u00XX."},
		{"{\"name\":\"Ada \"the Countess\" Lovelace\"}",
			NOT_JSON("17") "a comma is missing, or a double quote inside a text must "
				       "be written as \\\"."},
		{"{\"name\":\"C:\\Users\"}",
			NOT_JSON("13") "a backslash inside a text must be written as \\\\."},
		{"{\"name\":{{1.name}}}",
			NOT_JSON("10") "a { is not expected here; a placeholder, as {{email}}, "
				       "needs double quotes around it."},
		{"{\"name\":Ada}", NOT_JSON("11") "texts need double quotes."},
		{"{\"name\":\"Ada\"", "The JSON ends too early: a quote, brace or bracket is not "
				      "closed."},
		{"{\"name\":\"{{1.name}}\",\"email\":\"{{1.email}}\"}",
			"email: Invalid email. A placeholder in braces was not filled in."},
	};
	EXPECT_MESSAGES(list);
}
END_TEST

START_TEST(json_written_by_hand_is_told_what_json_is)
{
	static const struct refusal list[] = {
		{"{'name':'Ada'}", NOT_JSON("2") "quotes must be double (\"), not single."},
		{"{\"name\":'Ada'}", NOT_JSON("9") "quotes must be double (\"), not single."},
		{"{\xe2\x80\x9cname\xe2\x80\x9d:1}",
			NOT_JSON("2") "quotes must be straight (\"), not curly."},
		{"{\"name\":\xe2\x80\x9e"
		 "Ada\xe2\x80\x9c}",
			NOT_JSON("9") "quotes must be straight (\"), not curly."},
		{"{name:\"Ada\"}", NOT_JSON("5") "names of members need double quotes."},
		{"{\"name\":\"Ada\",}", NOT_JSON("15") "there is a comma too many."},
		{"[{\"name\":\"Ada\"},]", NOT_JSON("17") "there is a comma too many."},
		{"{\"name\" \"Ada\"}", NOT_JSON("13") "a colon is missing behind a member's name."},
		{"[1 2]", NOT_JSON("4") "a comma or the closing bracket is missing."},
		{"{\"name\":\"Ada\" // her name\n}", NOT_JSON("15") "JSON has no comments."},
		{"{\"phone\":0441234}",
			NOT_JSON("10") "a number begins with no 0: put it into double quotes."},
		{"{\"phone\":+441234}",
			NOT_JSON("10") "a number begins with no +: put it into double quotes."},
		{"{\"phone\":555-1234}",
			NOT_JSON("17") "a number holds a dash: put it into double quotes."},
		{"{\"phone\":None}", NOT_JSON("13") "None is not JSON: write null."},
		{"{\"x\":True}", NOT_JSON("9") "True is not JSON: write true."},
		{"{\"phone\":undefined}", NOT_JSON("18") "undefined is not JSON: write null."},
		{"[object Object]",
			NOT_JSON("7") "an object of JavaScript is no JSON: use JSON.stringify."},
		{"{\"name\":\"Ada\"} {\"name\":\"Bob\"}",
			NOT_JSON("16") "something follows the end of the JSON; several contacts "
				       "are sent as a list: [{...},{...}]."},
		{"{\"name\":\"A\\ud83d\"}",
			NOT_JSON("17") "half of a surrogate pair (\\uD800 to \\uDFFF) is no "
				       "character; perhaps an emoji was cut in two."},
		{"{\"name\":\"A\\u0000\"}", "Line 1, column 17 of the JSON holds a NUL character "
					    "(\\u0000), which cannot be stored."},
	};
	EXPECT_MESSAGES(list);
}
END_TEST

START_TEST(a_contact_in_another_place_is_told_its_place)
{
	static const struct refusal list[] = {
		{"{}", "email: Required. name: Required. No fields were received."},
		{"{\"nom\":\"Ada\",\"courriel\":\"a@b.co\"}",
			"email: Required. name: Required. Fields received: nom, courriel."},
		{"{\"form_response\":{\"answers\":[{\"email\":\"a@b.co\"}]}}",
			NOT_FOUND_IN("form_response") SIDE_BY_SIDE},
		{"{\"name\":\"Form\",\"data\":{\"email\":\"a@b.co\"}}",
			"email: Required. Fields received: name, data. " SIDE_BY_SIDE},
		{"{\"payload\":{\"name\":\"Form\",\"data\":{\"email\":\"a@b.co\"}}}",
			"email: Required. Fields received: payload.name, "
			"payload.data. " SIDE_BY_SIDE},
		{"{\"data\":{\"email\":\"a@b.co\"}}",
			"name: Required. Fields received: data.email."},
		{"{\"contacts\":[{\"name\":\"Ada\"}]}",
			NOT_FOUND_IN("contacts") "To send several contacts, send the list itself "
						 "as the body, beginning with [."},
		{"{\"data\":\"{\\\"name\\\":\\\"Ada\\\"}\"}",
			NOT_FOUND_IN("data") "A field holds JSON as text: send that JSON itself as "
					     "the body."},
		{"payload=%7B%22name%22%3A%22Ada%22%7D",
			NOT_FOUND_IN("payload") "A field holds JSON as text: send that JSON itself "
						"as the body."},
		{"data=[object+Object]",
			NOT_FOUND_IN("data") "A field holds \"[object Object]\": send "
					     "JSON.stringify(...) of the object as the body."},
		{"[{\"name\":\"Ada\",\"email\":\"a@b.co\"},{\"name\":\"Bob\"},7]",
			"Contact 2 of 3: email: Required. Fields received: name. Contact 3 of 3: "
			"Must be an object with name and email. None was taken."},
		{"[]", "The list is empty. Send 1 to 100 contacts."},
	};
	EXPECT_MESSAGES(list);
}
END_TEST

START_TEST(a_form_that_is_none_is_told_how_to_make_one)
{
	static const struct refusal list[] = {
		{"Ada, ada@example.com", NEITHER},
		{"null", NEITHER},
		{"%7B%22name%22%3A%22Ada%22%7D",
			"The body is JSON that was encoded as a form is. Send it as it is (curl: "
			"--json or -d, not --data-urlencode)."},
		{"name=Ada;email=ada@example.com",
			"email: Required. Fields received: name. The fields of a form are joined "
			"by & alone."},
		{"name=Ada\nemail=ada@example.com",
			"email: Required. Fields received: name. The fields of a form are joined "
			"by & alone."},
		{"name=Ada&\nemail=ada@example.com",
			"email: Required. Fields received: name, (not shown). The fields of a form "
			"are joined by & alone."},
		{"name=Ada&email=ada+tag@example.com",
			"email: Invalid email. In a form a + means a space: send it as %2B (curl: "
			"--data-urlencode)."},
		{"name=Jos%E9&email=a@b.co",
			"A field of the form is not UTF-8. Encode the form as UTF-8."},
		{"name=A%00&email=a@b.co", "The form holds a NUL character (%00), which cannot be "
					   "stored."},
		{"\"{\\\"name\\\":\\\"Ada\\\"}\"",
			"The body is one JSON text in quotes: it was made JSON twice. Send the "
			"object itself, beginning with {."},
		{"<html>", "XML and HTML are not taken: send the contact as a JSON object or as a "
			   "form."},
	};
	EXPECT_MESSAGES(list);
}
END_TEST

START_TEST(an_address_that_is_none_is_told_why_where_we_know)
{
	static const struct refusal list[] = {
		{"{\"name\":\"Ada\",\"email\":\"ada@example\"}", "email: Invalid email."},
		{"{\"name\":\"Ada\",\"email\":\"Ada <ada@example.com>\"}",
			"email: Invalid email. Send the address alone, without a name and without "
			"< and >."},
		{"{\"name\":\"Ada\",\"email\":\"ada@b.co, bob@b.co\"}",
			"email: Invalid email. Send one address."},
		{"{\"name\":\"Ada\",\"email\":\"ada @example.com\"}",
			"email: Invalid email. There is a space in the address."},
		{"{\"name\":\"Ada\",\"email\":{\"value\":\"ada@b.co\"}}", "email: Must be text."},
	};
	EXPECT_MESSAGES(list);
}
END_TEST

START_TEST(bytes_that_are_no_utf8_are_told_what_they_are)
{
	static const char utf16[] = "\xff\xfe{\0\"\0n\0";
	static const char unmarked[] = "{\0\"\0n\0";
	static const char with_nul[] = "{\"name\":\"A\0da\"}";
	static const char is_utf16[] =
		"The body is UTF-16 or UTF-32 (\"Unicode\" in Windows). Encode it as UTF-8.";
	struct buf message = {0};
	refuse(span_from(utf16, sizeof(utf16) - 1), &message);
	ck_assert_str_eq(buf_text(&message), is_utf16);
	refuse(span_from(unmarked, sizeof(unmarked) - 1), &message);
	ck_assert_str_eq(buf_text(&message), is_utf16);
	refuse(span_from(with_nul, sizeof(with_nul) - 1), &message);
	ck_assert_str_eq(buf_text(&message),
		"The body holds a NUL byte, which no text has. Send plain UTF-8.");
	buf_fini(&message);
}
END_TEST

TESTS("body_messages", a_template_that_went_wrong_is_told_where_and_what,
	json_written_by_hand_is_told_what_json_is, a_contact_in_another_place_is_told_its_place,
	a_form_that_is_none_is_told_how_to_make_one,
	an_address_that_is_none_is_told_why_where_we_know,
	bytes_that_are_no_utf8_are_told_what_they_are)
