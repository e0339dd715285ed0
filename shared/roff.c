/* SPDX-License-Identifier: Apache-2.0 */
/* roff - text as a man page takes it. */
#include "shared/roff.h"

#include <stdbool.h>

enum { LINE_BYTES = 72 }; /* before escapes */

/* What a character is written as (groff_char(7)); NULL: as itself. */
static const char *escape_of(char byte)
{
	switch (byte) {
	case '\\':
		return "\\e";
	case '-':
		return "\\-";
	case '\'':
		return "\\(aq";
	case '`':
		return "\\(ga";
	case '^':
		return "\\(ha";
	case '~':
		return "\\(ti";
	default:
		return NULL;
	}
}

void roff_add(struct buf *out, struct span text)
{
	bool begins = out->len == 0 || out->base[out->len - 1] == '\n';
	for (size_t i = 0; i < text.len; i++) {
		char byte = text.base[i];
		const char *escape = escape_of(byte);
		if (begins && (byte == '.' || byte == '\''))
			buf_add_text(out, "\\&");
		if (escape)
			buf_add_text(out, escape);
		else
			buf_add_char(out, byte);
		begins = byte == '\n';
	}
}

/* How much of the text goes on a line: whole words, or one that is longer than a line. */
static size_t line_len(struct span text)
{
	size_t len = 0;
	for (size_t i = 0; i <= text.len && (i <= LINE_BYTES || len == 0); i++) {
		if (i == text.len || text.base[i] == ' ')
			len = i;
	}
	return len;
}

void roff_fill(struct buf *out, struct span text)
{
	while (text.len > 0) {
		size_t len = line_len(text);
		size_t rest = len < text.len ? len + 1 : len;
		roff_add(out, span_from(text.base, len));
		buf_add_char(out, '\n');
		text = span_from(text.base + rest, text.len - rest);
	}
}
