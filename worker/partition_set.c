/* SPDX-License-Identifier: Apache-2.0 */
/* partition_set - some partitions of a topic, as an option names them: "0,3-5". */
#include "worker/partition_set.h"

enum { DECIMAL = 10 };

/* Returns: behind the number; NULL: there is none, or it is too large. */
static const char *read_number(const char *at, int32_t *ret_number)
{
	int32_t number = 0;
	const char *start = at;
	for (; *at >= '0' && *at <= '9'; at++) {
		number = number * DECIMAL + (*at - '0');
		if (number > PARTITION_MOST)
			return NULL;
	}
	*ret_number = number;
	return at == start ? NULL : at;
}

/* Returns: behind "3" or "3-5"; NULL: it is neither. */
static const char *read_span(const char *at, struct partition_span *ret_span)
{
	at = read_number(at, &ret_span->first);
	ret_span->last = ret_span->first;
	if (at && *at == '-')
		at = read_number(at + 1, &ret_span->last);
	return at && ret_span->first <= ret_span->last ? at : NULL;
}

enum error partition_set_read(
	const char *text, struct partition_set *ret_set, struct failure *failure)
{
	ret_set->count = 0;
	for (const char *at = text;; at++) {
		if (ret_set->count == PARTITION_SET_SPANS_MOST)
			return failure_set(failure, E_USAGE, "more than %d partitions and ranges",
				PARTITION_SET_SPANS_MOST);
		at = read_span(at, &ret_set->spans[ret_set->count]);
		if (!at || (*at && *at != ','))
			return failure_set(failure, E_USAGE,
				"not partitions: numbers and ranges as 0,3-5, at most %d",
				PARTITION_MOST);
		ret_set->count++;
		if (!*at)
			return OK;
	}
}

bool partition_set_has(const struct partition_set *set, int32_t partition)
{
	for (size_t i = 0; i < set->count; i++) {
		if (partition >= set->spans[i].first && partition <= set->spans[i].last)
			return true;
	}
	return false;
}

int32_t partition_set_last(const struct partition_set *set)
{
	int32_t last = -1;
	for (size_t i = 0; i < set->count; i++) {
		if (set->spans[i].last > last)
			last = set->spans[i].last;
	}
	return last;
}
