/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event - one accepted contact on its way: a CloudEvents 1.0 record in Kafka (contract section 3).
 *
 * Binary mode: attributes are headers, the value is the contact as JSON. No e-mail, name, phone or
 * key is in a header.
 */
#ifndef INTAKE_SHARED_EVENT_H
#define INTAKE_SHARED_EVENT_H

#include <stdint.h>

#include "shared/arena.h"
#include "shared/buf.h"
#include "shared/contact.h"
#include "shared/error.h"
#include "shared/uuid.h"

#define EVENT_TYPE "contact.received.v1"
#define EVENT_SOURCE "/api/webhooks/contacts"
#define EVENT_SPEC_VERSION "1.0"
#define EVENT_CONTENT_TYPE "application/json"

enum {
	EVENT_HEADER_COUNT = 7,
	EVENT_VALUE_BYTES = 16 * 1024, /* a longer value is not one of ours */
	TRACEPARENT_LEN = 55,          /* W3C Trace Context, version 00 */
};

struct event {
	struct uuid id; /* the version */
	struct uuid business_id;
	struct contact contact;
	struct span traceparent; /* base NULL: none */
	int64_t accepted_ms;     /* ce_time, wall clock */
};

struct event_header {
	const char *name; /* static */
	struct span value;
};

/* What goes to Kafka. Everything lives in the arena it was encoded into. */
struct event_record {
	struct span key; /* "<business_id>:<email>" */
	struct span value;
	struct event_header headers[EVENT_HEADER_COUNT];
	size_t header_count;
};

/* Takes: event - borrowed, valid. */
void event_encode(const struct event *event, struct arena *arena, struct event_record *ret_record);

/*
 * Read a record back, checking everything again.
 *
 * Takes:   record - borrowed for as long as ret_event; value and headers as they came, names in any
 *          order, unknown ones ignored, ce_time optional. The key is not looked at: the value decides.
 * Returns: OK, spans of ret_event live in the arena or the record; E_RECORD_TOMBSTONE, E_RECORD_TYPE,
 *          E_RECORD_UNDECODABLE or E_RECORD_INVALID with the reason in `failure` (never values).
 */
MUST_CHECK enum error event_decode(const struct event_record *record, struct arena *arena,
	struct event *ret_event, struct failure *failure);

/* True for a traceparent of version 00 with non-zero ids (W3C Trace Context section 3.2). */
bool event_traceparent_is_valid(struct span text);

#endif
