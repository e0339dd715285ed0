/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_event - any value and id from Kafka: what decodes, encodes to an event that decodes the same. */
#include "shared/ensure.h"
#include "shared/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ID_BYTES = UUID_TEXT_LEN };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {0};
	struct event event;
	struct event again;
	struct failure failure;
	size_t id_len = size < ID_BYTES ? size : ID_BYTES;
	struct event_record record = {
		.value = span_from((const char *)data + id_len, size - id_len),
		.headers = {{"ce_specversion", SPAN("1.0")}, {"ce_type", SPAN(EVENT_TYPE)},
			{"ce_id", span_from((const char *)data, id_len)},
			{"traceparent", span_from((const char *)data, size < 55 ? size : 55)}},
		.header_count = 4,
	};
	if (event_decode(&record, &arena, &event, &failure) == OK) {
		struct event_record encoded;
		event_encode(&event, &arena, &encoded);
		ensure(event_decode(&encoded, &arena, &again, &failure) == OK);
		ensure(uuid_compare(&event.id, &again.id) == 0);
		ensure(span_equal(event.contact.name, again.contact.name));
		ensure(span_equal(event.contact.email, again.contact.email));
		ensure(span_equal(event.contact.phone, again.contact.phone));
	}
	arena_fini(&arena);
	return 0;
}
