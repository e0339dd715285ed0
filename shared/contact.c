/* SPDX-License-Identifier: Apache-2.0 */
/* contact - the fields of a contact and their rules. */
#include "shared/contact.h"

#include "shared/ensure.h"
#include "shared/utf8.h"

static const char *const field_names[CONTACT_FIELD_COUNT] = {
	[CONTACT_EMAIL] = "email",
	[CONTACT_NAME] = "name",
	[CONTACT_PHONE] = "phone",
};

/* What can be wrong with one value; code and message go to the sender. */
struct verdict {
	const char *code; /* NULL: nothing is wrong */
	const char *message;
};

static const struct verdict valid = {NULL, NULL};
static const struct verdict required = {"required", "Required"};
static const struct verdict not_text = {"not_text", "Must be text"};
static const struct verdict phone_not_text = {
	"not_text", "Must be text, or a whole number of up to 15 digits"};
static const struct verdict invalid_email = {"invalid_email", "Invalid email"};
static const struct verdict email_too_long = {"too_long", "Must be at most 254 characters"};
static const struct verdict name_too_long = {"too_long", "Must be at most 200 characters"};
static const struct verdict phone_too_long = {"too_long", "Must be at most 50 characters"};
static const struct verdict control_character = {
	"control_character", "Must not hold control characters"};

const char *contact_field_name(enum contact_field field)
{
	ensure(field < CONTACT_FIELD_COUNT);
	return field_names[field];
}

static bool is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_local_char(char c)
{
	return is_letter(c) || is_digit(c) || c == '_' || c == '\'' || c == '+' || c == '.' ||
	       c == '-';
}

/* zod's pattern: no leading dot, no "..", the last one neither "." nor "'". */
static bool is_email_local(struct span local)
{
	if (local.len == 0 || local.base[0] == '.')
		return false;
	for (size_t i = 0; i < local.len; i++) {
		if (!is_local_char(local.base[i]))
			return false;
		if (i > 0 && local.base[i] == '.' && local.base[i - 1] == '.')
			return false;
	}
	char last = local.base[local.len - 1];
	return last != '.' && last != '\'';
}

/* One or more labels, each begun by a letter or digit and ended by a dot; then 2 or more letters. */
static bool is_email_domain(struct span domain)
{
	size_t label_start = 0;
	size_t labels = 0;
	for (size_t i = 0; i < domain.len; i++) {
		char c = domain.base[i];
		if (c == '.') {
			if (i == label_start)
				return false;
			labels++;
			label_start = i + 1;
		} else if (!is_letter(c) && !is_digit(c) && (c != '-' || i == label_start)) {
			return false;
		}
	}
	if (labels == 0 || domain.len - label_start < 2)
		return false;
	for (size_t i = label_start; i < domain.len; i++) {
		if (!is_letter(domain.base[i]))
			return false;
	}
	return true;
}

static bool is_email(struct span text)
{
	const char *at = text.len ? memchr(text.base, '@', text.len) : NULL;
	if (!at)
		return false;
	size_t local_len = (size_t)(at - text.base);
	return is_email_local(span_from(text.base, local_len)) &&
	       is_email_domain(span_from(at + 1, text.len - local_len - 1));
}

static struct span lower_ascii(struct span text, struct arena *arena)
{
	struct span copy = arena_copy(arena, text);
	char *bytes = (char *)copy.base;
	for (size_t i = 0; i < copy.len; i++) {
		if (bytes[i] >= 'A' && bytes[i] <= 'Z')
			bytes[i] = (char)(bytes[i] - 'A' + 'a');
	}
	return copy;
}

static struct verdict check_email(
	const struct contact_value *value, struct arena *arena, struct span *ret_email)
{
	if (value->type == CONTACT_VALUE_ABSENT)
		return required;
	if (value->type == CONTACT_VALUE_OTHER)
		return not_text;
	struct span text = utf8_trim(value->text);
	if (text.len == 0)
		return required;
	if (text.len > CONTACT_EMAIL_BYTES)
		return email_too_long;
	if (!is_email(text))
		return invalid_email;
	*ret_email = lower_ascii(text, arena);
	return valid;
}

static bool is_line_or_tab(char c)
{
	return c == '\r' || c == '\n' || c == '\t';
}

/* C0, DEL and C1 (U+0080..U+009F, which begin with 0xC2 in UTF-8). */
static bool is_control(struct span text, size_t at)
{
	unsigned char byte = (unsigned char)text.base[at];
	if (byte < 0x20 || byte == 0x7f)
		return true;
	return byte == 0xc2 && at + 1 < text.len && (unsigned char)text.base[at + 1] < 0xa0;
}

/* A run of line ends and tabs becomes one space. */
static struct span lines_to_spaces(struct span text, struct arena *arena)
{
	size_t at = 0;
	while (at < text.len && !is_line_or_tab(text.base[at]))
		at++;
	if (at == text.len)
		return text;
	struct span copy = arena_copy(arena, text);
	char *bytes = (char *)copy.base;
	size_t out = 0;
	for (size_t i = 0; i < copy.len; i++) {
		if (!is_line_or_tab(bytes[i]))
			bytes[out++] = bytes[i];
		else if (i == 0 || !is_line_or_tab(text.base[i - 1]))
			bytes[out++] = ' ';
	}
	return span_from(copy.base, out);
}

/* Only of U+0021..U+007E, and spaces between them. */
static bool is_plain(struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.base[i] < ' ' || text.base[i] > '~')
			return false;
	}
	return text.len > 0 && text.base[0] != ' ' && text.base[text.len - 1] != ' ';
}

static struct verdict check_text(
	struct span *text, size_t units_most, struct verdict too_long, struct arena *arena)
{
	/* Most texts: nothing to take off, one unit a byte. */
	if (is_plain(*text))
		return text->len > units_most ? too_long : valid;
	*text = lines_to_spaces(utf8_trim(*text), arena);
	for (size_t i = 0; i < text->len; i++) {
		if (is_control(*text, i))
			return control_character;
	}
	return utf8_utf16_units(*text) > units_most ? too_long : valid;
}

static struct verdict check_name(
	const struct contact_value *value, struct arena *arena, struct span *ret_name)
{
	if (value->type == CONTACT_VALUE_ABSENT)
		return required;
	if (value->type == CONTACT_VALUE_OTHER)
		return not_text;
	struct span text = value->text;
	struct verdict verdict = check_text(&text, CONTACT_NAME_UNITS, name_too_long, arena);
	if (!verdict.code && text.len == 0)
		return required;
	*ret_name = text;
	return verdict;
}

static struct verdict check_phone(
	const struct contact_value *value, struct arena *arena, struct span *ret_phone)
{
	if (value->type == CONTACT_VALUE_ABSENT)
		return valid;
	if (value->type == CONTACT_VALUE_OTHER)
		return phone_not_text;
	struct span text = value->text;
	struct verdict verdict = check_text(&text, CONTACT_PHONE_UNITS, phone_too_long, arena);
	*ret_phone = text.len ? text : SPAN_NONE;
	return verdict;
}

static void add_issue(
	struct contact_issues *issues, enum contact_field field, struct verdict verdict)
{
	if (verdict.code)
		issues->list[issues->count++] =
			(struct contact_issue){field, verdict.code, verdict.message};
}

enum error contact_check(const struct contact_value values[static CONTACT_FIELD_COUNT],
	struct arena *arena, struct contact *ret_contact, struct contact_issues *ret_issues)
{
	struct contact contact = {SPAN_NONE, SPAN_NONE, SPAN_NONE};
	struct contact_issues issues = {.count = 0};
	add_issue(
		&issues, CONTACT_EMAIL, check_email(&values[CONTACT_EMAIL], arena, &contact.email));
	add_issue(&issues, CONTACT_NAME, check_name(&values[CONTACT_NAME], arena, &contact.name));
	add_issue(
		&issues, CONTACT_PHONE, check_phone(&values[CONTACT_PHONE], arena, &contact.phone));
	if (issues.count) {
		*ret_issues = issues;
		return E_VALIDATION_FAILED;
	}
	*ret_contact = contact;
	return OK;
}
