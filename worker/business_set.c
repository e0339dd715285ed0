/* SPDX-License-Identifier: Apache-2.0 */
/* business_set - the businesses that a backfill is about. */
#include "worker/business_set.h"

#include <string.h>

/* Where the id is, or would be. */
static size_t place_of(const struct business_set *set, const struct uuid *id)
{
	size_t low = 0;
	size_t high = set->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (uuid_compare(&set->ids[middle], id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_at(const struct business_set *set, size_t place, const struct uuid *id)
{
	return place < set->count && uuid_compare(&set->ids[place], id) == 0;
}

bool business_set_add(struct business_set *set, struct span text)
{
	struct uuid id;
	if (!uuid_parse(text, &id))
		return false;
	size_t place = place_of(set, &id);
	if (is_at(set, place, &id))
		return true;
	if (set->count == PROGRAM_LIST_MOST)
		return false;
	memmove(&set->ids[place + 1], &set->ids[place], (set->count - place) * sizeof(id));
	set->ids[place] = id;
	set->count++;
	return true;
}

bool business_set_read(struct span text, struct business_set *ret_set)
{
	ret_set->count = 0;
	while (text.len) {
		const char *comma = memchr(text.base, ',', text.len);
		size_t len = comma ? (size_t)(comma - text.base) : text.len;
		if (!business_set_add(ret_set, span_from(text.base, len)))
			return false;
		text = comma ? span_from(comma + 1, text.len - len - 1) : SPAN_NONE;
	}
	return true;
}

void business_set_write(const struct business_set *set, struct buf *out)
{
	char text[UUID_TEXT_LEN + 1];
	for (size_t i = 0; i < set->count; i++) {
		uuid_format(text, &set->ids[i]);
		buf_printf(out, "%s%s", i ? "," : "", text);
	}
}

bool business_set_has(const struct business_set *set, const struct uuid *id)
{
	return set->count == 0 || is_at(set, place_of(set, id), id);
}
