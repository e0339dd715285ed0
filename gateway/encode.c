/* SPDX-License-Identifier: Apache-2.0 */
/* encode - eighth step: give the contact its version and make an event of it. */
#include "gateway/submission.h"
#include "shared/clock.h"

enum error encode_step(struct submission *submission)
{
	struct event *event = &submission->event;
	struct span traceparent = http_header_find(submission->request, SPAN("traceparent"));
	/* Now, not when the request began: versions order acceptances. */
	event->id = uuid7_new(clock_wall_ns());
	event->accepted_ms = uuid7_ms(&event->id);
	event->business_id = submission->lookup.grant.business_id;
	if (traceparent.base && event_traceparent_is_valid(traceparent))
		event->traceparent = traceparent;
	event_encode(event, &submission->request->arena, &submission->record);
	return OK;
}
