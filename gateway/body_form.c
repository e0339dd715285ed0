/* SPDX-License-Identifier: Apache-2.0 */
/*
 * body_form - a contact from a form: name=Ada&email=ada%40example.com.
 *
 * Decoded as the WHATWG URL standard's application/x-www-form-urlencoded parser does, but for what is
 * no form at all: a body without any "=" would have its text told back as a field's name.
 */
#include <jansson.h>

#include "gateway/body.h"
#include "gateway/fields.h"
#include "shared/utf8.h"

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* "+" is a space, "%41" is "A"; a "%" that begins no such triple stays. */
static struct span decode(struct span text, struct arena *arena)
{
	char *out = arena_alloc(arena, text.len + 1);
	size_t len = 0;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.base[i];
		int high = c == '%' && i + 2 < text.len ? hex_value(text.base[i + 1]) : -1;
		int low = high >= 0 ? hex_value(text.base[i + 2]) : -1;
		if (low >= 0) {
			c = (char)(high * 16 + low);
			i += 2;
		} else if (c == '+') {
			c = ' ';
		}
		out[len++] = c;
	}
	return span_from(out, len);
}

static enum error check_decoded(struct submission *submission, struct span text)
{
	if (!utf8_is_valid(text))
		return BODY_REFUSE(submission, E_INVALID_UTF8,
			"A field of the form is not UTF-8. Encode the form as UTF-8.");
	if (memchr(text.base, '\0', text.len))
		return BODY_REFUSE(submission, E_INVALID_UTF8,
			"The form holds a NUL character (%%00), which cannot be stored.");
	return OK;
}

/* Add "name=value" to the object; of doubled names the last wins, as in JSON. */
static enum error add_pair(struct submission *submission, json_t *form, struct span pair)
{
	struct arena *arena = &submission->request->arena;
	const char *equals = memchr(pair.base, '=', pair.len);
	size_t name_len = equals ? (size_t)(equals - pair.base) : pair.len;
	struct span name = decode(span_from(pair.base, name_len), arena);
	struct span value =
		equals ? decode(span_from(equals + 1, pair.len - name_len - 1), arena) : SPAN("");
	enum error error = check_decoded(submission, name);
	if (!error)
		error = check_decoded(submission, value);
	if (error)
		return error;
	((char *)name.base)[name.len] = '\0';
	json_object_set_new_nocheck(form, name.base, json_stringn_nocheck(value.base, value.len));
	return OK;
}

static enum error add_pairs(struct submission *submission, json_t *form, struct span text)
{
	size_t pairs = 0;
	enum error error = OK;
	while (text.len && !error) {
		const char *end = memchr(text.base, '&', text.len);
		size_t len = end ? (size_t)(end - text.base) : text.len;
		if (len && ++pairs > BODY_MEMBERS_MOST)
			return BODY_REFUSE(
				submission, E_INVALID_JSON, "The form has more than 1,000 fields.");
		if (len)
			error = add_pair(submission, form, span_from(text.base, len));
		text = end ? span_from(end + 1, text.len - len - 1) : SPAN_NONE;
	}
	return error;
}

/* An e-mail address with a space in it is one whose "+" was not encoded. */
static void advise(struct submission *submission, const struct submission_contact *contact)
{
	const struct contact_value *email = &contact->values[CONTACT_EMAIL];
	struct span text = email->type == CONTACT_VALUE_TEXT ? utf8_trim(email->text) : SPAN_NONE;
	if (text.len && memchr(text.base, ' ', text.len))
		submission->advice =
			"In a form a + means a space: send it as %2B (curl: --data-urlencode).";
}

enum error body_parse_form(struct submission *submission, struct span text)
{
	if (!memchr(text.base, '=', text.len))
		return BODY_REFUSE(submission, E_INVALID_JSON,
			"The body is neither JSON nor a form. Send a JSON object, as "
			"{\"name\":\"Ada\",\"email\":\"ada@example.com\"}, or a form, as "
			"name=Ada&email=ada%%40example.com.");
	while (text.len && strchr(" \t\r\n", text.base[text.len - 1]))
		text.len--;
	json_t *form = json_object();
	enum error error = add_pairs(submission, form, text);
	if (!error) {
		submission->contacts =
			arena_alloc(&submission->request->arena, sizeof(*submission->contacts));
		submission->contact_count = 1;
		*submission->contacts = (struct submission_contact){.is_object = true};
		fields_find(submission, submission->contacts, form);
		advise(submission, submission->contacts);
	}
	json_decref(form);
	return error;
}
