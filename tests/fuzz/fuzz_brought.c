/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_brought - any form, query or Cookie header of the settings page: what is found in it is text, and
 * as a code or a session nothing but hex.
 */
#include <stdlib.h>

#include "gateway/settings/brought.h"
#include "gateway/settings/token.h"
#include "shared/ensure.h"
#include "shared/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_token(struct span text, size_t len)
{
	struct token token;
	if (!token_parse(text, len, &token))
		return;
	ensure(strlen(token.text) == len);
	ensure(strspn(token.text, "0123456789abcdef") == len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = {0};
	struct span text = span_from((const char *)data, size);
	struct http_request request = {.header_count = 1};
	struct span value = brought_field(text, SPAN("code"), &arena);
	ensure(!value.base || (utf8_is_valid(value) && value.len <= size &&
				      (!value.len || !memchr(value.base, '\0', value.len))));
	check_token(value, TOKEN_CODE_LEN);
	request.headers[0] = (struct http_header){SPAN("cookie"), text};
	value = brought_cookie(&request, SPAN("s"));
	ensure(!value.base ||
		(value.base >= text.base && value.base + value.len <= text.base + size &&
			!(value.len && memchr(value.base, ';', value.len))));
	check_token(value, TOKEN_SESSION_LEN);
	arena_fini(&arena);
	return 0;
}
