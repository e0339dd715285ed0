/* SPDX-License-Identifier: Apache-2.0 */
/*
 * body - is the body small enough and of a kind we take; read it; find the fields in it.
 *
 * What a body is, its first byte decides, whatever the Content-Type says: `curl -d` labels JSON as a
 * form.
 */
#include <jansson.h>

#include "gateway/pipeline.h"
#include "shared/utf8.h"

enum {
	BODY_DEPTH_MOST = 16,     /* objects and lists within each other */
	BODY_MEMBERS_MOST = 1000, /* members of all objects */
};

/* The sender's own sentence; the values of a body are never told back. */
#define REFUSE(submission, error, ...) failure_set(&(submission)->failure, error, __VA_ARGS__)

static bool is_charset_taken(struct span content_type)
{
	static const struct span name = SPAN("charset=");
	for (size_t at = 0; at + name.len <= content_type.len; at++) {
		struct span rest = span_from(content_type.base + at, content_type.len - at);
		if (!span_starts_nocase(rest, name))
			continue;
		rest = span_from(rest.base + name.len, rest.len - name.len);
		if (rest.len && rest.base[0] == '"')
			rest = span_from(rest.base + 1, rest.len - 1);
		return span_starts_nocase(rest, SPAN("utf-8")) ||
		       span_starts_nocase(rest, SPAN("utf8")) ||
		       span_starts_nocase(rest, SPAN("us-ascii"));
	}
	return true;
}

enum error size_cap_step(struct submission *submission)
{
	const struct http_request *request = submission->request;
	int64_t most_bytes = submission->pipeline->config->gateway.max_body_bytes;
	struct span coding = http_header_find(request, SPAN("content-encoding"));
	if (request->content_length > (uint64_t)most_bytes)
		return E_BODY_TOO_LARGE;
	if (coding.len && !span_equal_nocase(coding, SPAN("identity")))
		return REFUSE(submission, E_UNSUPPORTED_MEDIA_TYPE,
			"Send the body without Content-Encoding: compressed bodies are not taken.");
	if (!is_charset_taken(http_header_find(request, SPAN("content-type"))))
		return REFUSE(submission, E_UNSUPPORTED_MEDIA_TYPE,
			"Send the body in UTF-8: the charset in Content-Type is another one.");
	return OK;
}

enum error read_body_step(struct submission *submission)
{
	return http_read_body(
		submission->request, (size_t)submission->pipeline->config->gateway.max_body_bytes);
}

/* Without a byte order mark and leading white space (RFC 8259 sections 2 and 8.1). */
static struct span begin_of(struct span body)
{
	if (body.len >= 3 && memcmp(body.base, "\xef\xbb\xbf", 3) == 0)
		body = span_from(body.base + 3, body.len - 3);
	while (body.len && strchr(" \t\r\n", body.base[0]) && body.base[0])
		body = span_from(body.base + 1, body.len - 1);
	return body;
}

/*
 * Depth and number of members, before a parser builds them. Strings are skipped; what is not JSON is
 * the parser's to refuse.
 */
static enum error check_shape(struct submission *submission, struct span json)
{
	size_t depth = 0;
	size_t members = 0;
	bool in_string = false;
	for (size_t i = 0; i < json.len; i++) {
		char c = json.base[i];
		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		} else if (c == '"') {
			in_string = true;
		} else if (c == '{' || c == '[') {
			if (++depth > BODY_DEPTH_MOST)
				return REFUSE(submission, E_INVALID_JSON,
					"The JSON is nested deeper than %d levels.",
					BODY_DEPTH_MOST);
		} else if (c == '}' || c == ']') {
			depth -= depth > 0;
		} else if (c == ':' && ++members > BODY_MEMBERS_MOST) {
			return REFUSE(submission, E_INVALID_JSON,
				"The JSON has more than %d members.", BODY_MEMBERS_MOST);
		}
	}
	return OK;
}

static enum error refuse_json(struct submission *submission, const json_error_t *error)
{
	switch (json_error_code(error)) {
	case json_error_invalid_utf8:
		return E_INVALID_UTF8;
	case json_error_null_character:
	case json_error_null_byte_in_key:
		return REFUSE(submission, E_INVALID_JSON,
			"The JSON holds a NUL character (\\u0000), which cannot be stored: line "
			"%d, "
			"column %d.",
			error->line, error->column);
	case json_error_numeric_overflow:
		return REFUSE(submission, E_INVALID_JSON,
			"A number in the JSON is too large for any program: line %d, column %d.",
			error->line, error->column);
	case json_error_premature_end_of_input:
		return REFUSE(submission, E_INVALID_JSON,
			"The JSON ends too early: a quote, brace or bracket is not closed.");
	default:
		return REFUSE(submission, E_INVALID_JSON,
			"The body is not valid JSON: see line %d, column %d.", error->line,
			error->column);
	}
}

/*
 * A whole number becomes its digits where a double keeps all of them. JSON_DECODE_INT_AS_REAL makes
 * doubles of all numbers, so that a long one in a member nobody asked for refuses nothing.
 */
static struct contact_value number_value(const json_t *member, struct arena *arena)
{
	enum { DIGITS_MOST = 15 };
	const double most = 1e15;
	double number = json_real_value(member);
	char digits[DIGITS_MOST];
	size_t at = DIGITS_MOST;
	if (!(number >= 0 && number < most) || (double)(uint64_t)number != number)
		return (struct contact_value){.type = CONTACT_VALUE_OTHER};
	uint64_t rest = (uint64_t)number;
	do {
		digits[--at] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest);
	return (struct contact_value){
		.type = CONTACT_VALUE_TEXT,
		.text = arena_copy(arena, span_from(digits + at, DIGITS_MOST - at)),
	};
}

static struct contact_value value_of(
	const json_t *object, enum contact_field field, struct arena *arena)
{
	const json_t *member = json_object_get(object, contact_field_name(field));
	if (!member || json_is_null(member))
		return (struct contact_value){.type = CONTACT_VALUE_ABSENT};
	if (json_is_string(member))
		return (struct contact_value){
			.type = CONTACT_VALUE_TEXT,
			.text = arena_copy(arena,
				span_from(json_string_value(member), json_string_length(member))),
		};
	if (json_is_real(member) && field == CONTACT_PHONE)
		return number_value(member, arena);
	return (struct contact_value){.type = CONTACT_VALUE_OTHER};
}

/* Cuts at a character's start. */
static struct span cut(struct span text, size_t most_bytes)
{
	if (text.len <= most_bytes)
		return text;
	while (most_bytes > 0 && ((unsigned char)text.base[most_bytes] & 0xc0) == 0x80)
		most_bytes--;
	return span_from(text.base, most_bytes);
}

static void note_names(struct submission *submission, json_t *object)
{
	const char *name;
	json_t *member;
	json_object_foreach(object, name, member)
	{
		if (submission->name_count == SUBMISSION_NAMES_MOST)
			return;
		submission->names[submission->name_count++] = arena_copy(
			&submission->request->arena, cut(span_of(name), SUBMISSION_NAME_BYTES));
	}
}

static enum error parse_object(struct submission *submission, struct span json)
{
	json_error_t problem;
	enum error error = check_shape(submission, json);
	if (error)
		return error;
	json_t *object = json_loadb(json.base, json.len, JSON_DECODE_INT_AS_REAL, &problem);
	if (!object)
		return refuse_json(submission, &problem);
	for (enum contact_field field = 0; field < CONTACT_FIELD_COUNT; field++)
		submission->values[field] = value_of(object, field, &submission->request->arena);
	note_names(submission, object);
	json_decref(object);
	return OK;
}

enum error parse_body_step(struct submission *submission)
{
	struct span body = begin_of(submission->request->body);
	if (body.len == 0)
		return E_EMPTY_BODY;
	if (!utf8_is_valid(body))
		return E_INVALID_UTF8;
	switch (body.base[0]) {
	case '{':
		return parse_object(submission, body);
	case '<':
		return REFUSE(submission, E_UNSUPPORTED_MEDIA_TYPE,
			"XML is not taken: send the contact as a JSON object.");
	case '-':
		if (span_starts_nocase(http_header_find(submission->request, SPAN("content-type")),
			    SPAN("multipart/")))
			return REFUSE(submission, E_UNSUPPORTED_MEDIA_TYPE,
				"Multipart bodies are not taken: send the contact as a JSON "
				"object.");
		break;
	default:
		break;
	}
	return REFUSE(submission, E_INVALID_JSON,
		"The body must be a JSON object, as "
		"{\"name\":\"Ada\",\"email\":\"ada@example.com\"}.");
}
