/* SPDX-License-Identifier: Apache-2.0 */
/* utf8 - UTF-8 as RFC 3629 has it, counted and trimmed as JavaScript does. */
#include "shared/utf8.h"

/* Length of the sequence at `at` when it is valid (RFC 3629 section 4), else 0. */
static size_t sequence_len(const unsigned char *at, size_t left)
{
	unsigned char lead = at[0];
	unsigned char least = 0x80;
	unsigned char most = 0xbf;
	size_t len;
	if (lead < 0x80)
		return 1;
	if (lead >= 0xc2 && lead <= 0xdf) {
		len = 2;
	} else if (lead >= 0xe0 && lead <= 0xef) {
		len = 3;
		if (lead == 0xe0)
			least = 0xa0; /* shorter is overlong */
		else if (lead == 0xed)
			most = 0x9f; /* more is a surrogate */
	} else if (lead >= 0xf0 && lead <= 0xf4) {
		len = 4;
		if (lead == 0xf0)
			least = 0x90;
		else if (lead == 0xf4)
			most = 0x8f; /* U+10FFFF */
	} else {
		return 0;
	}
	if (left < len || at[1] < least || at[1] > most)
		return 0;
	for (size_t i = 2; i < len; i++) {
		if (at[i] < 0x80 || at[i] > 0xbf)
			return 0;
	}
	return len;
}

bool utf8_is_valid(struct span text)
{
	const unsigned char *bytes = (const unsigned char *)text.base;
	size_t at = 0;
	while (at < text.len) {
		uint64_t eight;
		if (text.len - at >= sizeof(eight)) {
			memcpy(&eight, bytes + at, sizeof(eight));
			if (!(eight & UINT64_C(0x8080808080808080))) {
				at += sizeof(eight);
				continue;
			}
		}
		size_t len = sequence_len(bytes + at, text.len - at);
		if (len == 0)
			return false;
		at += len;
	}
	return true;
}

uint32_t utf8_next(struct span text, size_t *at)
{
	const unsigned char *bytes = (const unsigned char *)text.base + *at;
	if (bytes[0] < 0x80) {
		*at += 1;
		return bytes[0];
	}
	if (bytes[0] < 0xe0) {
		*at += 2;
		return (uint32_t)(bytes[0] & 0x1f) << 6 | (bytes[1] & 0x3f);
	}
	if (bytes[0] < 0xf0) {
		*at += 3;
		return (uint32_t)(bytes[0] & 0x0f) << 12 | (uint32_t)(bytes[1] & 0x3f) << 6 |
		       (bytes[2] & 0x3f);
	}
	*at += 4;
	return (uint32_t)(bytes[0] & 0x07) << 18 | (uint32_t)(bytes[1] & 0x3f) << 12 |
	       (uint32_t)(bytes[2] & 0x3f) << 6 | (bytes[3] & 0x3f);
}

size_t utf8_utf16_units(struct span text)
{
	size_t units = 0;
	for (size_t i = 0; i < text.len; i++) {
		unsigned char byte = (unsigned char)text.base[i];
		if ((byte & 0xc0) != 0x80)
			units += byte >= 0xf0 ? 2 : 1; /* beyond the BMP: a surrogate pair */
	}
	return units;
}

/* ECMA-262 WhiteSpace and LineTerminator: what String.prototype.trim takes off. */
static bool is_trimmed(uint32_t code)
{
	switch (code) {
	case 0x0009:
	case 0x000a:
	case 0x000b:
	case 0x000c:
	case 0x000d:
	case 0x0020:
	case 0x00a0:
	case 0x1680:
	case 0x2028:
	case 0x2029:
	case 0x202f:
	case 0x205f:
	case 0x3000:
	case 0xfeff:
		return true;
	default:
		return code >= 0x2000 && code <= 0x200a;
	}
}

struct span utf8_trim(struct span text)
{
	size_t start = 0;
	while (start < text.len) {
		size_t next = start;
		if (!is_trimmed(utf8_next(text, &next)))
			break;
		start = next;
	}
	size_t end = text.len;
	while (end > start) {
		size_t last = end - 1;
		while (last > start && ((unsigned char)text.base[last] & 0xc0) == 0x80)
			last--;
		size_t next = last;
		if (!is_trimmed(utf8_next(text, &next)))
			break;
		end = last;
	}
	return span_from(text.base ? text.base + start : NULL, end - start);
}
