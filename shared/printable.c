/* SPDX-License-Identifier: Apache-2.0 */
/* printable - text of strangers, made fit for a terminal. */
#include "shared/printable.h"

#include "shared/utf8.h"

enum { CODE_LONGEST_BYTES = 4, BMP_END = 0x10000, SURROGATE_BITS = 10 };

/* The code point at `at`, and how many bytes it takes. False: what is there is not UTF-8. */
static bool read_code(struct span text, size_t at, uint32_t *ret_code, size_t *ret_len)
{
	size_t left = text.len - at;
	for (size_t len = 1; len <= CODE_LONGEST_BYTES && len <= left; len++) {
		struct span one = span_from(text.base + at, len);
		size_t end = 0;
		if (!utf8_is_valid(one))
			continue;
		*ret_code = utf8_next(one, &end);
		*ret_len = len;
		return true;
	}
	return false;
}

static bool is_obeyed(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0xad || code == 0x061c ||
	       (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2060 && code <= 0x206f) || code == 0xfeff ||
	       (code >= 0xfff9 && code <= 0xfffb) || (code >= 0xe0000 && code <= 0xe007f);
}

void printable_add(struct buf *buf, struct span text)
{
	size_t len = 1;
	for (size_t at = 0; at < text.len; at += len) {
		uint32_t code = 0;
		len = 1;
		if (!read_code(text, at, &code, &len))
			buf_printf(buf, "\\x%02x", (unsigned char)text.base[at]);
		else if (code == '\\')
			buf_add_text(buf, "\\\\");
		else if (is_obeyed(code) && code < 0x80)
			buf_printf(buf, "\\x%02x", (unsigned)code);
		else if (is_obeyed(code))
			buf_printf(buf, "\\u{%x}", (unsigned)code);
		else
			buf_add(buf, span_from(text.base + at, len));
	}
}

/* RFC 8259 section 7: beyond the BMP it takes two. */
static void add_json_escape(struct buf *buf, uint32_t code)
{
	if (code < BMP_END) {
		buf_printf(buf, "\\u%04x", (unsigned)code);
		return;
	}
	uint32_t rest = code - BMP_END;
	buf_printf(buf, "\\u%04x\\u%04x", 0xd800u + (unsigned)(rest >> SURROGATE_BITS),
		0xdc00u + (unsigned)(rest & 0x3ff));
}

void printable_add_json(struct buf *buf, struct span text)
{
	size_t len = 1;
	buf_add_char(buf, '"');
	for (size_t at = 0; at < text.len; at += len) {
		uint32_t code = 0;
		len = 1;
		if (!read_code(text, at, &code, &len)) {
			buf_add_text(buf, "\\ufffd");
		} else if (code == '"' || code == '\\') {
			buf_add_char(buf, '\\');
			buf_add_char(buf, (char)code);
		} else if (is_obeyed(code)) {
			add_json_escape(buf, code);
		} else {
			buf_add(buf, span_from(text.base + at, len));
		}
	}
	buf_add_char(buf, '"');
}
