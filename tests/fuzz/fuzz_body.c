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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_request request = {.body = span_from((const char *)data, size)};
	struct submission submission = {.request = &request};
	enum error error = parse(&submission);
	ensure(error == OK || error_blame(error) == BLAME_CALLER);
	if (error == OK) {
		struct event event = {.contact = submission.event.contact};
		struct event_record record;
		event_encode(&event, &request.arena, &record);
		struct submission again = {.request = &request};
		request.body = record.value;
		ensure(parse(&again) == OK);
		ensure(span_equal(again.event.contact.name, event.contact.name));
		ensure(span_equal(again.event.contact.email, event.contact.email));
		ensure(span_equal(again.event.contact.phone, event.contact.phone));
	}
	arena_fini(&request.arena);
	return 0;
}
