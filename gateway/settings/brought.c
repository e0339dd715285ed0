/* SPDX-License-Identifier: Apache-2.0 */
/* brought - what a request of the settings page brings: the fields of a form or a query, and cookies. */
#include "gateway/settings/brought.h"

#include <string.h>

#include "shared/form.h"
#include "shared/utf8.h"

/* A list's next member up to the separator, taken off it. */
static struct span next_member(struct span *list, char separator)
{
	const char *end = list->len ? memchr(list->base, separator, list->len) : NULL;
	size_t len = end ? (size_t)(end - list->base) : list->len;
	struct span member = span_from(list->base, len);
	*list = end ? span_from(end + 1, list->len - len - 1) : SPAN_NONE;
	return member;
}

/* "name=value"; false: another name, or no "=". */
static bool value_of(struct span pair, struct span name, struct span *ret_value)
{
	if (pair.len <= name.len || pair.base[name.len] != '=' ||
		!span_equal(span_from(pair.base, name.len), name))
		return false;
	*ret_value = span_from(pair.base + name.len + 1, pair.len - name.len - 1);
	return true;
}

struct span brought_field(struct span form, struct span name, struct arena *arena)
{
	struct span value;
	for (size_t i = 0; i < BROUGHT_FIELDS_MOST && form.len; i++) {
		if (!value_of(next_member(&form, '&'), name, &value))
			continue;
		value = form_decode(value, arena);
		return utf8_is_valid(value) && !(value.len && memchr(value.base, '\0', value.len))
			       ? value
			       : SPAN_NONE;
	}
	return SPAN_NONE;
}

struct span brought_cookie(const struct http_request *request, struct span name)
{
	struct span found = SPAN_NONE;
	for (size_t i = 0; i < request->header_count; i++) {
		struct span list = request->headers[i].value;
		if (!span_equal_nocase(request->headers[i].name, SPAN("cookie")))
			continue;
		while (list.len) {
			struct span value;
			struct span pair = next_member(&list, ';');
			while (pair.len && *pair.base == ' ')
				pair = span_from(pair.base + 1, pair.len - 1);
			if (!value_of(pair, name, &value))
				continue;
			if (found.base)
				return SPAN_NONE;
			found = value;
		}
	}
	return found;
}
