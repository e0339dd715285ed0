/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_stored_hash - any text as a stored hash, as a key, as Basic credentials. */
#include "shared/api_key.h"
#include "shared/ensure.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct span key =
		SPAN("sk_0000000000000000000000000000000000000000000000000000000000000000");
	struct span text = span_from((const char *)data, size);
	char decoded[256];
	ensure(api_key_decode_basic(text, decoded, sizeof(decoded)) <= sizeof(decoded));
	if (api_key_is_well_formed(text))
		(void)api_key_digest(text);
	/* A well-formed hash costs 16 MiB and tens of ms; what is malformed must cost nothing. */
	if (size != API_KEY_STORED_LEN)
		ensure(api_key_verify(key, text) == E_INVALID_API_KEY);
	return 0;
}
