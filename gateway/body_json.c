/* SPDX-License-Identifier: Apache-2.0 */
/* body_json - contacts from a JSON body: one object, or a list of them. */
#include <jansson.h>

#include "gateway/body.h"
#include "gateway/body_advice.h"
#include "gateway/fields.h"

/* What is counted before a parser builds anything of it. */
struct shape {
	size_t depth;
	size_t values;   /* objects, lists, and all but the first of what they hold */
	size_t members;  /* of the present contact */
	size_t elements; /* of the outermost list */
	bool in_string;
};

/* Takes: at - of a byte outside strings. Returns the problem, or NULL. */
static const char *count(struct shape *shape, char byte, bool is_list)
{
	switch (byte) {
	case '"':
		shape->in_string = true;
		break;
	case '{':
	case '[':
		shape->values++;
		if (++shape->depth > BODY_DEPTH_MOST)
			return "The JSON is nested deeper than 16 levels. Send name, email and "
			       "phone alone.";
		break;
	case '}':
	case ']':
		shape->depth -= shape->depth > 0;
		break;
	case ':':
		if (++shape->members > BODY_MEMBERS_MOST)
			return "A contact has more than 1,000 members. Send name, email and phone "
			       "alone.";
		break;
	case ',':
		shape->values++;
		if (is_list && shape->depth == 1) {
			shape->members = 0;
			shape->elements++;
		}
		break;
	default:
		break;
	}
	return NULL;
}

/*
 * Depth, members and elements. Strings are skipped; what is not JSON is the parser's to refuse.
 */
static enum error check_shape(struct submission *submission, struct span json)
{
	struct shape shape = {.elements = 1};
	const char *problem = NULL;
	for (size_t i = 0; i < json.len && !problem; i++) {
		char byte = json.base[i];
		if (!shape.in_string)
			problem = count(&shape, byte, submission->is_list);
		else if (byte == '\\')
			i++;
		else if (byte == '"')
			shape.in_string = false;
	}
	if (problem)
		return BODY_REFUSE(submission, E_INVALID_JSON, "%s", problem);
	if (submission->is_list && shape.elements > SUBMISSION_CONTACTS_MOST)
		return BODY_REFUSE(submission, E_TOO_MANY_CONTACTS,
			"The list holds %zu contacts. Send at most %d in one request.",
			shape.elements, SUBMISSION_CONTACTS_MOST);
	if (shape.values > BODY_VALUES_MOST)
		return BODY_REFUSE(submission, E_INVALID_JSON,
			"The JSON holds more than 20,000 values. Send name, email and phone "
			"alone.");
	return OK;
}

#define LIST_ADVICE                                                                                \
	"something follows the end of the JSON; several contacts are sent as a list: "             \
	"[{...},{...}]"

/*
 * What jansson says of bad syntax, how the piece of the body begins that it names, and what a sender has
 * to change. The first that fits counts.
 */
static const struct hint {
	const char *problem;
	const char *piece;
	const char *advice;
} hints[] = {
	{"unexpected newline", "", "a line break inside a text must be written as \\n"},
	{"control character", "",
		"a tab or other control character inside a text must be written as \\t or \\u00XX"},
	{"invalid Unicode", "",
		"half of a surrogate pair (\\uD800 to \\uDFFF) is no character; perhaps an "
		"emoji was cut in two"},
	{"invalid escape", "", "a backslash inside a text must be written as \\\\"},
	{"", "\xe2\x80", "quotes must be straight (\"), not curly"},
	{"", "'", "quotes must be double (\"), not single"},
	{"", "/", "JSON has no comments"},
	{"string or '}' expected", "}", "there is a comma too many"},
	{"string or '}' expected", "{",
		"a { is not expected here; a placeholder, as {{email}}, needs double quotes around "
		"it"},
	{"string or '}' expected", "", "names of members need double quotes"},
	{"unexpected token", ",", "a value is missing before the comma"},
	{"unexpected token", "}", "a value is missing before the }"},
	{"unexpected token", "]", "there is a comma too many"},
	{"unexpected token", "", "a value is missing"},
	{"'}' expected", "-", "a number holds a dash: put it into double quotes"},
	{"'}' expected", "",
		"a comma is missing, or a double quote inside a text must be written as \\\""},
	{"']' expected", "", "a comma or the closing bracket is missing"},
	{"':' expected", "", "a colon is missing behind a member's name"},
	{"end of file expected", "{", LIST_ADVICE},
	{"end of file expected", ",", LIST_ADVICE},
	{"end of file expected", "", "something follows the end of the JSON"},
	{"invalid token", "0", "a number begins with no 0: put it into double quotes"},
	{"invalid token", "+", "a number begins with no +: put it into double quotes"},
	{"invalid token", "None", "None is not JSON: write null"},
	{"invalid token", "True", "True is not JSON: write true"},
	{"invalid token", "False", "False is not JSON: write false"},
	{"invalid token", "NaN", "NaN is not JSON: write null"},
	{"invalid token", "undefined", "undefined is not JSON: write null"},
	{"invalid token", "object", "an object of JavaScript is no JSON: use JSON.stringify"},
	{"invalid token", "", "texts need double quotes"},
};

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static const char *advice_for(const json_error_t *error)
{
	static const char near[] = " near '";
	const char *piece = strstr(error->text, near);
	piece = piece ? piece + strlen(near) : "";
	for (size_t i = 0; i < sizeof(hints) / sizeof(*hints); i++) {
		if (begins(error->text, hints[i].problem) && begins(piece, hints[i].piece))
			return hints[i].advice;
	}
	return "the syntax is wrong there";
}

static enum error refuse_json(struct submission *submission, const json_error_t *error)
{
	switch (json_error_code(error)) {
	case json_error_invalid_utf8:
		return E_INVALID_UTF8;
	case json_error_null_character:
	case json_error_null_byte_in_key:
		return BODY_REFUSE(submission, E_INVALID_JSON,
			"Line %d, column %d of the JSON holds a NUL character (\\u0000), which "
			"cannot be stored.",
			error->line, error->column);
	case json_error_numeric_overflow:
		return BODY_REFUSE(submission, E_INVALID_JSON,
			"Line %d, column %d of the JSON holds a number that is too large for any "
			"program.",
			error->line, error->column);
	case json_error_premature_end_of_input:
		return BODY_REFUSE(submission, E_INVALID_JSON,
			"The JSON ends too early: a quote, brace or bracket is not closed.");
	default:
		return BODY_REFUSE(submission, E_INVALID_JSON,
			"The body is not valid JSON. Line %d, column %d: %s.", error->line,
			error->column, advice_for(error));
	}
}

static void take_contact(
	struct submission *submission, struct submission_contact *contact, const json_t *value)
{
	*contact = (struct submission_contact){.is_object = json_is_object(value)};
	if (contact->is_object)
		body_advise(submission, contact, fields_find(submission, contact, value));
}

/* Takes: root - an object or a list, as it began with { or [. */
static enum error take_contacts(struct submission *submission, const json_t *root)
{
	size_t count_all = submission->is_list ? json_array_size(root) : 1;
	if (count_all == 0)
		return BODY_REFUSE(submission, E_EMPTY_BODY,
			"The list is empty. Send 1 to %d contacts.", SUBMISSION_CONTACTS_MOST);
	submission->contacts =
		arena_alloc(&submission->request->arena, count_all * sizeof(*submission->contacts));
	submission->contact_count = count_all;
	for (size_t i = 0; i < count_all; i++)
		take_contact(submission, &submission->contacts[i],
			submission->is_list ? json_array_get(root, i) : root);
	return OK;
}

/*
 * JSON_DECODE_INT_AS_REAL makes doubles of all numbers, so that a long one in a member nobody asked for
 * refuses nothing.
 */
enum error body_parse_json(struct submission *submission, struct span text)
{
	json_error_t problem;
	submission->is_list = text.base[0] == '[';
	enum error error = check_shape(submission, text);
	if (error)
		return error;
	json_t *root = json_loadb(text.base, text.len, JSON_DECODE_INT_AS_REAL, &problem);
	if (!root)
		return refuse_json(submission, &problem);
	error = take_contacts(submission, root);
	json_decref(root);
	return error;
}
