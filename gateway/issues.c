/* SPDX-License-Identifier: Apache-2.0 */
/* issues - what is wrong with the contacts of a body: for people, and for programs. */
#include "gateway/issues.h"

enum { CONTACTS_TOLD_MOST = 5 }; /* in the message for people; `issues` has them all */

static const struct contact_issue not_an_object = {
	.code = "not_an_object", .message = "Must be an object with name and email"};

static bool is_wrong(const struct submission_contact *contact)
{
	return !contact->is_object || contact->issues.count > 0;
}

static void write_names(struct buf *message, const struct submission_contact *contact)
{
	if (!contact->names)
		return; /* nothing is missing */
	buf_add_text(
		message, contact->name_count ? " Fields received: " : " No fields were received.");
	for (size_t i = 0; i < contact->name_count; i++) {
		buf_add_text(message, i ? ", " : "");
		buf_add(message, contact->names[i]);
	}
	if (contact->name_count)
		buf_add_char(message, '.');
}

static void write_sentences(struct buf *message, const struct submission_contact *contact)
{
	if (!contact->is_object)
		buf_printf(message, "%s.", not_an_object.message);
	for (size_t i = 0; i < contact->issues.count; i++)
		buf_printf(message, "%s%s: %s.", i ? " " : "",
			contact_field_name(contact->issues.list[i].field),
			contact->issues.list[i].message);
	write_names(message, contact);
}

static void write_list_message(struct buf *message, const struct submission *submission)
{
	size_t wrong = 0;
	for (size_t i = 0; i < submission->contact_count; i++) {
		const struct submission_contact *contact = &submission->contacts[i];
		if (!is_wrong(contact) || ++wrong > CONTACTS_TOLD_MOST)
			continue;
		buf_printf(message, "Contact %zu of %zu: ", i + 1, submission->contact_count);
		write_sentences(message, contact);
		buf_add_char(message, ' ');
	}
	if (wrong > CONTACTS_TOLD_MOST)
		buf_printf(
			message, "%zu more contacts are not valid. ", wrong - CONTACTS_TOLD_MOST);
	buf_add_text(message, "None was taken.");
}

void issues_write_message(struct buf *message, const struct submission *submission)
{
	if (submission->is_list)
		write_list_message(message, submission);
	else
		write_sentences(message, submission->contacts);
	if (submission->advice)
		buf_printf(message, " %s", submission->advice);
}

/* Takes: index - of the contact in a list; name - of the field, NULL: the contact as a whole. */
static void write_issue(struct buf *body, const struct submission *submission, size_t index,
	const char *name, const struct contact_issue *issue)
{
	buf_add(body, SPAN("{\"path\":["));
	if (submission->is_list)
		buf_printf(body, "%zu%s", index, name ? "," : "");
	if (name)
		buf_printf(body, "\"%s\"", name);
	buf_printf(body, "],\"code\":\"%s\",\"message\":\"%s\"}", issue->code, issue->message);
}

static void write_field_error(struct buf *body, const struct submission *submission, size_t index,
	const char *name, const struct contact_issue *issue)
{
	buf_add_char(body, '"');
	if (submission->is_list)
		buf_printf(body, "%zu%s", index, name ? "." : "");
	buf_printf(body, "%s\":[\"%s\"]", name ? name : "", issue->message);
}

typedef void issue_writer(struct buf *body, const struct submission *submission, size_t index,
	const char *name, const struct contact_issue *issue);

static void write_all(
	struct buf *body, const struct submission *submission, issue_writer *write_one)
{
	bool first = true;
	for (size_t i = 0; i < submission->contact_count; i++) {
		const struct submission_contact *contact = &submission->contacts[i];
		for (size_t k = 0; k < contact->issues.count; k++) {
			const struct contact_issue *issue = &contact->issues.list[k];
			buf_add_text(body, first ? "" : ",");
			write_one(body, submission, i, contact_field_name(issue->field), issue);
			first = false;
		}
		if (contact->is_object)
			continue;
		buf_add_text(body, first ? "" : ",");
		write_one(body, submission, i, NULL, &not_an_object);
		first = false;
	}
}

void issues_write_members(struct buf *body, const struct submission *submission)
{
	buf_add(body, SPAN(",\"fieldErrors\":{"));
	write_all(body, submission, write_field_error);
	buf_add(body, SPAN("},\"issues\":["));
	write_all(body, submission, write_issue);
	buf_add_char(body, ']');
}
