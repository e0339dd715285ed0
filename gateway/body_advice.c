/* SPDX-License-Identifier: Apache-2.0 */
/* body_advice - what the sender of a contact without name or e-mail probably has to change. */
#include "gateway/body_advice.h"

#include "shared/utf8.h"

static bool is_nothing_found(const struct submission_contact *contact)
{
	for (size_t i = 0; i < CONTACT_FIELD_COUNT; i++) {
		if (contact->values[i].type != CONTACT_VALUE_ABSENT)
			return false;
	}
	return true;
}

/* Returns: a static sentence; NULL: the text is nothing that we know. */
static const char *advice_of_text(struct span text)
{
	static const struct span object = SPAN("[object ");
	text = utf8_trim(text);
	if (span_starts_nocase(text, object))
		return "A field holds \"[object Object]\": send JSON.stringify(...) of the object "
		       "as "
		       "the body.";
	if (text.len && (text.base[0] == '{' || text.base[0] == '['))
		return "A field holds JSON as text: send that JSON itself as the body.";
	return NULL;
}

static const char *advice_of_member(const json_t *value, bool nothing_found)
{
	if (nothing_found && json_is_string(value))
		return advice_of_text(
			span_from(json_string_value(value), json_string_length(value)));
	if (nothing_found && json_is_array(value) && json_is_object(json_array_get(value, 0)))
		return "To send several contacts, send the list itself as the body, beginning with "
		       "[.";
	if (json_is_object(value))
		return "Send name and email side by side: as members of the object itself, or of "
		       "data, contact or payload in it, no deeper.";
	return NULL;
}

void body_advise(struct submission *submission, const struct submission_contact *contact,
	const json_t *object)
{
	bool nothing_found = is_nothing_found(contact);
	const char *name;
	json_t *value;
	if (!contact->names)
		return; /* nothing is missing */
	json_object_foreach((json_t *)object, name, value)
	{
		if (submission->advice)
			return;
		submission->advice = advice_of_member(value, nothing_found);
	}
}
