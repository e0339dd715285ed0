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

static enum error check(struct submission *submission, struct submission_contact *contact)
{
	if (!contact->is_object)
		return E_VALIDATION_FAILED;
	enum error error = contact_check(contact->values, &submission->request->arena,
		&contact->event.contact, &contact->issues);
	if (error)
		return error;
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
