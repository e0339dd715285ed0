/* SPDX-License-Identifier: Apache-2.0 */
/* encode - ninth step: give each contact its version and make an event of it. */
#include "gateway/submission.h"
#include "shared/clock.h"

enum error encode_step(struct submission *submission)
{
	struct span traceparent = http_header_find(submission->request, SPAN("traceparent"));
	/* One that came twice says nothing. */
	if (traceparent.base &&
		(http_header_repeats(submission->request, SPAN("traceparent")) != 1 ||
			!event_traceparent_is_valid(traceparent)))
		traceparent = SPAN_NONE;
	/* Now, not when the request began: versions order acceptances. */
	int64_t wall_ns = clock_wall_ns();
	for (size_t i = 0; i < submission->contact_count; i++) {
		struct submission_contact *contact = &submission->contacts[i];
		struct event *event = &contact->event;
		event->id = uuid7_new(wall_ns);
		event->accepted_ms = uuid7_ms(&event->id);
		event->business_id = submission->lookup.grant.business_id;
		event->traceparent = traceparent;
		event_encode(event, &submission->request->arena, &contact->record);
	}
	return OK;
}
