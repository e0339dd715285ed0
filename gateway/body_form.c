/* SPDX-License-Identifier: Apache-2.0 */
/*
 * body_form - a contact from a form: name=Ada&email=ada%40example.com.
 *
 * What is no form at all is refused: a body without any "=" would have its text told back as a field's
 * name.
 */
#include <jansson.h>

#include "gateway/body.h"
#include "gateway/body_advice.h"
#include "gateway/fields.h"
#include "shared/form.h"
#include "shared/utf8.h"

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

/*
 * "data[email]" is the member email of data, as PHP and jQuery write it; one level, as fields are looked
 * for. Any other name is a member of the form.
 *
 * Takes:   name - NUL-terminated; cut in place.
 * Returns: the object to add to, ret_member the name in it.
 */
static json_t *object_of(json_t *form, char *name, const char **ret_member)
{
	char *open = strchr(name, '[');
	char *close = strchr(name, ']');
	*ret_member = name;
	if (!open || !close || open == name || close <= open + 1 || close[1])
		return form;
	*open = '\0';
	json_t *object = json_object_get(form, name);
	if (object && !json_is_object(object)) {
		*open = '[';
		return form;
	}
	*close = '\0';
	*ret_member = open + 1;
	if (!object)
		json_object_set_new_nocheck(form, name, json_object());
	return json_object_get(form, name);
}

/* Add "name=value" to the object; of doubled names the last wins, as in JSON. */
static enum error add_pair(struct submission *submission, json_t *form, struct span pair)
{
	struct arena *arena = &submission->request->arena;
	const char *equals = memchr(pair.base, '=', pair.len);
	size_t name_len = equals ? (size_t)(equals - pair.base) : pair.len;
	struct span name = form_decode(span_from(pair.base, name_len), arena);
	struct span value =
		equals ? form_decode(span_from(equals + 1, pair.len - name_len - 1), arena)
		       : SPAN("");
	enum error error = check_decoded(submission, name);
	if (!error)
		error = check_decoded(submission, value);
	if (error)
		return error;
	const char *member;
	((char *)name.base)[name.len] = '\0';
	json_t *object = object_of(form, (char *)name.base, &member);
	json_object_set_new_nocheck(object, member, json_stringn_nocheck(value.base, value.len));
	return OK;
}

/* Takes: ret_ampersand - set where a part has no "=": an "&" of a value, perhaps. */
static enum error add_pairs(
	struct submission *submission, json_t *form, struct span text, bool *ret_ampersand)
{
	size_t pairs = 0;
	enum error error = OK;
	while (text.len && !error) {
		const char *end = memchr(text.base, '&', text.len);
		size_t len = end ? (size_t)(end - text.base) : text.len;
		if (len && ++pairs > BODY_MEMBERS_MOST)
			return BODY_REFUSE(submission, E_INVALID_JSON,
				"The form has more than 1,000 fields. Send name, email and phone "
				"alone.");
		if (len)
			error = add_pair(submission, form, span_from(text.base, len));
		if (len && !memchr(text.base, '=', len))
			*ret_ampersand = true;
		text = end ? span_from(end + 1, text.len - len - 1) : SPAN_NONE;
	}
	return error;
}

/* An e-mail address with a space in it is one whose "+" was not encoded. */
static bool has_space(const struct contact_value *email)
{
	struct span text = email->type == CONTACT_VALUE_TEXT ? utf8_trim(email->text) : SPAN_NONE;
	return text.len && memchr(text.base, ' ', text.len);
}

/* name=Ada;email=ada@example.com, or one a line. */
static bool is_joined_otherwise(struct span text)
{
	const char *equals = memchr(text.base, '=', text.len);
	size_t before = equals ? (size_t)(equals - text.base) + 1 : text.len;
	if (memchr(text.base, '\n', text.len))
		return true;
	return !memchr(text.base, '&', text.len) &&
	       memchr(text.base + before, '=', text.len - before);
}

static const char *advice_for(const struct submission_contact *contact, struct span text)
{
	if (has_space(&contact->values[CONTACT_EMAIL]))
		return "In a form a + means a space: send it as %2B (curl: --data-urlencode).";
	if (contact->names && is_joined_otherwise(text))
		return "The fields of a form are joined by & alone.";
	return NULL;
}

static void take_contact(
	struct submission *submission, const json_t *form, struct span text, bool ampersand)
{
	struct submission_contact *contact =
		arena_alloc(&submission->request->arena, sizeof(*contact));
	*contact = (struct submission_contact){.is_object = true};
	submission->contacts = contact;
	submission->contact_count = 1;
	const json_t *object = fields_find(submission, contact, form);
	submission->advice = advice_for(contact, text);
	body_advise(submission, contact, object);
	if (ampersand)
		submission_warn(submission, contact,
			"form: a part without = was left out; an & inside a value must be sent as "
			"%%26.");
}

enum error body_parse_form(struct submission *submission, struct span text)
{
	bool ampersand = false;
	if (span_starts_nocase(text, SPAN("%7B")) || span_starts_nocase(text, SPAN("%5B")))
		return BODY_REFUSE(submission, E_INVALID_JSON,
			"The body is JSON that was encoded as a form is. Send it as it is (curl: "
			"--json or -d, not --data-urlencode).");
	if (!memchr(text.base, '=', text.len))
		return BODY_REFUSE(submission, E_INVALID_JSON,
			"The body is neither JSON nor a form. Send a JSON object, as "
			"{\"name\":\"Ada\",\"email\":\"ada@example.com\"}, or a form, as "
			"name=Ada&email=ada%%40example.com.");
	while (text.len && strchr(" \t\r\n", text.base[text.len - 1]))
		text.len--;
	json_t *form = json_object();
	enum error error = add_pairs(submission, form, text, &ampersand);
	if (!error)
		take_contact(submission, form, text, ampersand);
	json_decref(form);
	return error;
}
