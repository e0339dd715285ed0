/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_traceparent - any bytes as a traceparent: taken where W3C's grammar has it, and only there. */
#include "shared/ensure.h"
#include "shared/event.h"
#include "tests/fuzz/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* W3C Trace Context sections 3.2.2.1 to 3.2.2.4, version 00. */
static bool is_traceparent(struct span text)
{
	static const char form[] = "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$";
	static const char no_trace[] = "^00-0{32}-";
	static const char no_parent[] = "-0{16}-..$";
	return reference_matches(text, form) && !reference_matches(text, no_trace) &&
	       !reference_matches(text, no_parent);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_from((const char *)data, size);
	ensure(event_traceparent_is_valid(text) == is_traceparent(text));
	return 0;
}
