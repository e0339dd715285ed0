/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_body - any bytes as a webhook's body: no contact comes out that would not go in again. */
#include "gateway/pipeline.h"
#include "shared/ensure.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_request request = {.body = span_from((const char *)data, size)};
	struct submission submission = {.request = &request};
	enum error error = parse(&submission);
	ensure(error == OK || error_blame(error) == BLAME_CALLER);
	for (size_t i = 0; !error && i < submission.contact_count; i++)
		goes_in_again(&request, &submission.contacts[i].event.contact);
	arena_fini(&request.arena);
	return 0;
}
