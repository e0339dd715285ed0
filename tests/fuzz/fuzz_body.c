/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_body - any bytes as a webhook's body: no contact comes out that would not go in again, and no
 * value of a body that is refused is told back.
 */
#include <ctype.h>

#include "gateway/issues.h"
#include "gateway/pipeline.h"
#include "shared/buf.h"
#include "shared/ensure.h"
#include "shared/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum error parse(struct submission *submission)
{
	enum error error = parse_body_step(submission);
	return error ? error : validate_step(submission);
}

static void goes_in_again(struct http_request *request, const struct contact *contact)
{
	const struct event event = {.contact = *contact};
	struct event_record record;
	struct submission again = {.request = request};
	event_encode(&event, &request->arena, &record);
	request->body = record.value;
	ensure(parse(&again) == OK && again.contact_count == 1);
	const struct contact *same = &again.contacts->event.contact;
	ensure(span_equal(same->name, contact->name));
	ensure(span_equal(same->email, contact->email));
	ensure(span_equal(same->phone, contact->phone));
}

/* Our own sentences are printable ASCII. */
static void is_printable(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		ensure(text.base[i] >= ' ' && text.base[i] < 127);
}

/* Only names of members are told back: no addresses, no lines. */
static void are_names(const struct submission_contact *contact)
{
	for (size_t i = 0; contact->is_object && contact->names && i < contact->name_count; i++) {
		struct span name = contact->names[i];
		ensure(name.len <= 2 * SUBMISSION_NAME_BYTES + 1 && utf8_is_valid(name));
		ensure(name.len == 0 || !memchr(name.base, '@', name.len));
		ensure(name.len == 0 || !memchr(name.base, '\n', name.len));
	}
}

/* Without the names a message is made of our own sentences: no address, no number that is a phone. */
static void tells_no_values(struct submission *submission)
{
	struct buf message = {0};
	size_t digits = 0;
	for (size_t i = 0; i < submission->contact_count; i++) {
		are_names(&submission->contacts[i]);
		submission->contacts[i].name_count = 0;
	}
	issues_write_message(&message, submission);
	issues_write_members(&message, submission);
	is_printable(buf_span(&message));
	ensure(!memchr(message.base, '@', message.len));
	for (size_t i = 0; i < message.len; i++) {
		digits = isdigit((unsigned char)message.base[i]) ? digits + 1 : 0;
		ensure(digits < 4);
	}
	buf_fini(&message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_request request = {.body = span_from((const char *)data, size)};
	struct submission submission = {.request = &request};
	enum error error = parse(&submission);
	ensure(error == OK || error_blame(error) == BLAME_CALLER);
	is_printable(span_of(submission.failure.detail));
	if (error == E_VALIDATION_FAILED)
		tells_no_values(&submission);
	for (size_t i = 0; !error && i < submission.contact_count; i++)
		goes_in_again(&request, &submission.contacts[i].event.contact);
	arena_fini(&request.arena);
	return 0;
}
