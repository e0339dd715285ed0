/* SPDX-License-Identifier: Apache-2.0 */
/* buf - owned bytes that grow. */
#include "shared/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "shared/ensure.h"
#include "shared/memory.h"

enum { BUF_FIRST_BYTES = 256 };

void buf_fini(struct buf *buf)
{
	free(buf->base);
	*buf = (struct buf){0};
}

char *buf_reserve(struct buf *buf, size_t more)
{
	size_t need = buf->len + more;
	ensure(need >= more);
	if (need > buf->capacity) {
		size_t capacity = buf->capacity ? buf->capacity : BUF_FIRST_BYTES;
		while (capacity < need)
			capacity *= 2;
		buf->base = memory_resize(buf->base, capacity);
		buf->capacity = capacity;
	}
	return buf->base + buf->len;
}

void buf_add(struct buf *buf, struct span bytes)
{
	if (bytes.len == 0)
		return;
	memcpy(buf_reserve(buf, bytes.len), bytes.base, bytes.len);
	buf->len += bytes.len;
}

void buf_add_char(struct buf *buf, char byte)
{
	*buf_reserve(buf, 1) = byte;
	buf->len++;
}

void buf_add_text(struct buf *buf, const char *text)
{
	buf_add(buf, span_of(text));
}

void buf_add_int(struct buf *buf, int64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	do {
		digits[--at] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest);
	if (value < 0)
		buf_add_char(buf, '-');
	buf_add(buf, span_from(digits + at, sizeof(digits) - at));
}

void buf_printf(struct buf *buf, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int len = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	ensure(len >= 0);
	char *at = buf_reserve(buf, (size_t)len + 1);
	va_start(arguments, format);
	(void)vsnprintf(at, (size_t)len + 1, format, arguments);
	va_end(arguments);
	buf->len += (size_t)len;
}

void buf_add_json(struct buf *buf, struct span text)
{
	static const char hex[] = "0123456789abcdef";
	enum { LONGEST_ESCAPE = 6 };
	char *out = buf_reserve(buf, text.len * LONGEST_ESCAPE + 2);
	char *at = out;
	*at++ = '"';
	for (size_t i = 0; i < text.len; i++) {
		unsigned char byte = (unsigned char)text.base[i];
		if (byte == '"' || byte == '\\') {
			*at++ = '\\';
			*at++ = (char)byte;
		} else if (byte < 0x20 || byte == 0x7f) {
			*at++ = '\\';
			*at++ = 'u';
			*at++ = '0';
			*at++ = '0';
			*at++ = hex[byte >> 4];
			*at++ = hex[byte & 15];
		} else {
			*at++ = (char)byte;
		}
	}
	*at++ = '"';
	buf->len += (size_t)(at - out);
}

const char *buf_text(struct buf *buf)
{
	*buf_reserve(buf, 1) = '\0';
	return buf->base;
}
