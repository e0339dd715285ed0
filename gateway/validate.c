/* SPDX-License-Identifier: Apache-2.0 */
/* validate - seventh step: are the fields those of a contact? Of a list all must be. */
#include "gateway/submission.h"
#include "shared/utf8.h"

/* Nothing is changed silently: what is kept differs from what was sent by more than its ends. */
static void warn_of_change(struct submission *submission, const struct submission_contact *contact,
	enum contact_field field, struct span kept)
{
	const struct contact_value *value = &contact->values[field];
	if (kept.base && value->text.base != kept.base && !span_equal(utf8_trim(value->text), kept))
		submission_warn(submission, contact, "%s: line breaks and tabs became spaces.",
			contact_field_name(field));
}

/* Returns: a static sentence; NULL: what is wrong with the address is nothing that we know. */
static const char *advice_for(struct span email)
{
	static const struct {
		struct span mark;
		const char *advice;
	} marks[] = {
		{{"{{", 2}, "A placeholder in braces was not filled in."},
		{{"<", 1}, "Send the address alone, without a name and without < and >."},
		{{",", 1}, "Send one address."},
		{{";", 1}, "Send one address."},
		{{" ", 1}, "There is a space in the address."},
	};
	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++) {
		if (email.len &&
			memmem(email.base, email.len, marks[i].mark.base, marks[i].mark.len))
			return marks[i].advice;
	}
	return NULL;
}

static void advise(struct submission *submission, const struct submission_contact *contact)
{
	const struct contact_value *email = &contact->values[CONTACT_EMAIL];
	for (size_t i = 0; i < contact->issues.count && !submission->advice; i++) {
		if (contact->issues.list[i].field == CONTACT_EMAIL &&
			email->type == CONTACT_VALUE_TEXT)
			submission->advice = advice_for(utf8_trim(email->text));
	}
}

static enum error check(struct submission *submission, struct submission_contact *contact)
{
	if (!contact->is_object)
		return E_VALIDATION_FAILED;
	enum error error = contact_check(contact->values, &submission->request->arena,
		&contact->event.contact, &contact->issues);
	if (error) {
		advise(submission, contact);
		return error;
	}
	warn_of_change(submission, contact, CONTACT_NAME, contact->event.contact.name);
	warn_of_change(submission, contact, CONTACT_PHONE, contact->event.contact.phone);
	return OK;
}

enum error validate_step(struct submission *submission)
{
	enum error error = OK;
	for (size_t i = 0; i < submission->contact_count; i++) {
		enum error one = check(submission, &submission->contacts[i]);
		if (one)
			error = one;
	}
	return error;
}
