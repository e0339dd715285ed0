/* SPDX-License-Identifier: Apache-2.0 */
/* form - the texts of an application/x-www-form-urlencoded body. */
#include "shared/form.h"

#include "shared/hex.h"

struct span form_decode(struct span text, struct arena *arena)
{
	char *out = arena_alloc(arena, text.len + 1);
	size_t len = 0;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.base[i];
		int high = c == '%' && i + 2 < text.len ? hex_value(text.base[i + 1]) : -1;
		int low = high >= 0 ? hex_value(text.base[i + 2]) : -1;
		if (low >= 0) {
			c = (char)(high * 16 + low);
			i += 2;
		} else if (c == '+') {
			c = ' ';
		}
		out[len++] = c;
	}
	return span_from(out, len);
}
