/* SPDX-License-Identifier: Apache-2.0 */
/* reference - rules of the contract read a second time, by other means than the product's. */
#include "tests/fuzz/reference.h"

#include <ctype.h>
#include <regex.h>
#include <stdlib.h>

#include "shared/ensure.h"
#include "shared/memory.h"

enum { EXPRESSIONS_MOST = 8 };

bool reference_holds(struct span text, struct span needle)
{
	return text.len >= needle.len && text.len > 0 &&
	       memmem(text.base, text.len, needle.base, needle.len) != NULL;
}

/* Compiled once each. Takes: expression - a literal, told from others by its address. */
static const regex_t *compiled(const char *expression)
{
	static struct {
		const char *expression;
		regex_t regex;
	} all[EXPRESSIONS_MOST];
	size_t i = 0;
	while (i < EXPRESSIONS_MOST && all[i].expression && all[i].expression != expression)
		i++;
	ensure(i < EXPRESSIONS_MOST);
	if (!all[i].expression)
		ensure(regcomp(&all[i].regex, expression, REG_EXTENDED | REG_NOSUB) == 0);
	all[i].expression = expression;
	return &all[i].regex;
}

bool reference_matches(struct span text, const char *expression)
{
	if (!text.len || memchr(text.base, '\0', text.len))
		return false;
	char *copy = memory_zeroed(1, text.len + 1);
	memcpy(copy, text.base, text.len);
	bool matches = regexec(compiled(expression), copy, 0, NULL, 0) == 0;
	free(copy);
	return matches;
}

/* POSIX has no look-ahead: the two of zod's expression are the two tests in front. */
bool reference_is_email(struct span text)
{
	static const char expression[] =
		"^[A-Za-z0-9_'+.-]*[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9-]*[.])+[A-Za-z]{2,}$";
	if (!text.len || text.base[0] == '.' || reference_holds(text, SPAN("..")))
		return false;
	return reference_matches(text, expression);
}

/* What ECMAScript's String.prototype.trim takes off: WhiteSpace and LineTerminator, in UTF-8. */
static const struct span spaces[] = {
	{"\t", 1},
	{"\n", 1},
	{"\v", 1},
	{"\f", 1},
	{"\r", 1},
	{" ", 1},
	{"\xc2\xa0", 2},
	{"\xe1\x9a\x80", 3},
	{"\xe2\x80\x80", 3},
	{"\xe2\x80\x81", 3},
	{"\xe2\x80\x82", 3},
	{"\xe2\x80\x83", 3},
	{"\xe2\x80\x84", 3},
	{"\xe2\x80\x85", 3},
	{"\xe2\x80\x86", 3},
	{"\xe2\x80\x87", 3},
	{"\xe2\x80\x88", 3},
	{"\xe2\x80\x89", 3},
	{"\xe2\x80\x8a", 3},
	{"\xe2\x80\xa8", 3},
	{"\xe2\x80\xa9", 3},
	{"\xe2\x80\xaf", 3},
	{"\xe2\x81\x9f", 3},
	{"\xe3\x80\x80", 3},
	{"\xef\xbb\xbf", 3},
};

/* Takes: at_end - whether to look at the end. Returns: the length of a space there; 0: none. */
static size_t space_len(struct span text, bool at_end)
{
	for (size_t i = 0; i < sizeof(spaces) / sizeof(*spaces); i++) {
		size_t len = spaces[i].len;
		if (text.len >= len &&
			memcmp(text.base + (at_end ? text.len - len : 0), spaces[i].base, len) == 0)
			return len;
	}
	return 0;
}

static struct span trim(struct span text)
{
	size_t len;
	while ((len = space_len(text, false)))
		text = span_from(text.base + len, text.len - len);
	while ((len = space_len(text, true)))
		text.len -= len;
	return text;
}

/* As JavaScript counts: a character is as many units as UTF-16 has for it. */
static size_t utf16_units(struct span text)
{
	size_t units = 0;
	for (size_t i = 0; i < text.len; i++) {
		unsigned char byte = (unsigned char)text.base[i];
		units += (byte & 0xc0) != 0x80;
		units += byte >= 0xf0;
	}
	return units;
}

/* C0, DEL and C1, once runs of CR, LF and TAB are spaces. */
static const char *keep_text(struct span text, size_t units_most, struct buf *ret_kept)
{
	for (size_t i = 0; i < text.len; i++) {
		bool is_line = strchr("\r\n\t", text.base[i]) && text.base[i];
		bool was_line = i > 0 && strchr("\r\n\t", text.base[i - 1]) && text.base[i - 1];
		if (!is_line)
			buf_add_char(ret_kept, text.base[i]);
		else if (!was_line)
			buf_add_char(ret_kept, ' ');
	}
	text = buf_span(ret_kept);
	for (size_t i = 0; i < text.len; i++) {
		unsigned char byte = (unsigned char)text.base[i];
		unsigned char next = i + 1 < text.len ? (unsigned char)text.base[i + 1] : 0xff;
		if (byte < 0x20 || byte == 0x7f || (byte == 0xc2 && next < 0xa0))
			return "control_character";
	}
	return utf16_units(text) > units_most ? "too_long" : NULL;
}

static const char *keep_email(struct span text, struct buf *ret_kept)
{
	if (text.len > CONTACT_EMAIL_BYTES)
		return "too_long";
	if (!reference_is_email(text))
		return "invalid_email";
	for (size_t i = 0; i < text.len; i++)
		buf_add_char(ret_kept, (char)tolower((unsigned char)text.base[i]));
	return NULL;
}

const char *reference_field(
	enum contact_field field, const struct contact_value *value, struct buf *ret_kept)
{
	bool optional = field == CONTACT_PHONE;
	struct span text = value->type == CONTACT_VALUE_TEXT ? trim(value->text) : SPAN_NONE;
	buf_clear(ret_kept);
	if (value->type == CONTACT_VALUE_OTHER)
		return "not_text";
	if (!text.len)
		return optional ? NULL : "required";
	if (field == CONTACT_EMAIL)
		return keep_email(text, ret_kept);
	return keep_text(text, optional ? CONTACT_PHONE_UNITS : CONTACT_NAME_UNITS, ret_kept);
}

bool reference_is_key(struct span text)
{
	static const char expression[] = "^sk_[0-9a-f]{64}$";
	return reference_matches(text, expression);
}

bool reference_next(struct span *rest, char separator, struct span *ret_part)
{
	if (!rest->base)
		return false;
	const char *end = rest->len ? memchr(rest->base, separator, rest->len) : NULL;
	size_t len = end ? (size_t)(end - rest->base) : rest->len;
	*ret_part = span_from(rest->base, len);
	*rest = end ? span_from(end + 1, rest->len - len - 1) : SPAN_NONE;
	return true;
}
