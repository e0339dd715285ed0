/* SPDX-License-Identifier: Apache-2.0 */
/* offsets_file - an offset for each of some partitions, as a file says them. */
#include "worker/offsets_file.h"

#include <jansson.h>
#include <stdlib.h>

#include "shared/memory.h"
#include "shared/settings.h"
#include "worker/partition_set.h"

enum { FILE_BYTES_MOST = 4 * 1024 * 1024, ITEMS_FIRST = 16, DECIMAL = 10 };

#define FORM "a line is a partition and an offset, as 3 1200"

void offset_list_fini(struct offset_list *list)
{
	free(list->items);
	*list = (struct offset_list){.items = NULL};
}

static int compare(const void *left, const void *right)
{
	const struct partition_offset *a = left;
	const struct partition_offset *b = right;
	return (a->partition > b->partition) - (a->partition < b->partition);
}

const struct partition_offset *offset_list_find(const struct offset_list *list, int32_t partition)
{
	const struct partition_offset key = {.partition = partition};
	if (!list->count)
		return NULL;
	return bsearch(&key, list->items, list->count, sizeof(key), compare);
}

void offset_list_write(const struct offset_list *list, struct buf *out)
{
	for (size_t i = 0; i < list->count; i++)
		buf_printf(out, "%s%d:%lld", i ? "," : "", list->items[i].partition,
			(long long)list->items[i].offset);
}

/* Room for one more: a power of two, from the first 16 on. */
static void add(struct offset_list *list, int32_t partition, int64_t offset)
{
	size_t count = list->count;
	bool is_full = count == 0 || (count >= ITEMS_FIRST && (count & (count - 1)) == 0);
	if (is_full)
		list->items = memory_resize(list->items,
			(count < ITEMS_FIRST ? ITEMS_FIRST : 2 * count) * sizeof(*list->items));
	list->items[list->count++] = (struct partition_offset){partition, offset};
}

/* Takes the digits off the text. False: there are none, or the number is larger than most. */
static bool take_number(struct span *text, int64_t most, int64_t *ret_number)
{
	int64_t number = 0;
	size_t len = 0;
	for (; len < text->len && text->base[len] >= '0' && text->base[len] <= '9'; len++) {
		if (number > (most - (text->base[len] - '0')) / DECIMAL)
			return false;
		number = number * DECIMAL + (text->base[len] - '0');
	}
	*text = span_from(text->base + len, text->len - len);
	*ret_number = number;
	return len > 0;
}

/* Returns: how much was taken off. */
static size_t take_blanks(struct span *text)
{
	size_t len = 0;
	while (len < text->len &&
		(text->base[len] == ' ' || text->base[len] == '\t' || text->base[len] == '\r'))
		len++;
	*text = span_from(text->base + len, text->len - len);
	return len;
}

static bool is_over(struct span line)
{
	return line.len == 0 || line.base[0] == '#';
}

/* False: it is neither blank nor a partition and an offset. */
static bool read_line(struct span line, struct offset_list *list)
{
	int64_t partition;
	int64_t offset;
	(void)take_blanks(&line);
	if (is_over(line))
		return true;
	if (!take_number(&line, PARTITION_MOST, &partition) || take_blanks(&line) == 0 ||
		!take_number(&line, INT64_MAX, &offset))
		return false;
	(void)take_blanks(&line);
	if (!is_over(line))
		return false;
	add(list, (int32_t)partition, offset);
	return true;
}

static enum error read_lines(struct span text, struct offset_list *list, struct failure *failure)
{
	size_t number = 1;
	while (text.len) {
		const char *end = memchr(text.base, '\n', text.len);
		size_t len = end ? (size_t)(end - text.base) : text.len;
		if (!read_line(span_from(text.base, len), list))
			return failure_set(failure, E_USAGE, "line %zu: " FORM, number);
		text = end ? span_from(end + 1, text.len - len - 1) : SPAN_NONE;
		number++;
	}
	return OK;
}

static enum error read_members(
	const json_t *object, struct offset_list *list, struct failure *failure)
{
	const char *name;
	json_t *value;
	json_object_foreach((json_t *)object, name, value)
	{
		int64_t partition = 0;
		struct span rest = span_of(name);
		if (!take_number(&rest, PARTITION_MOST, &partition) || rest.len)
			return failure_set(failure, E_USAGE,
				"a member is named by its partition, as "
				"{\"3\": 1200}");
		if (!json_is_integer(value) || json_integer_value(value) < 0)
			return failure_set(failure, E_USAGE,
				"the offset of partition %lld is no whole number",
				(long long)partition);
		add(list, (int32_t)partition, json_integer_value(value));
	}
	return OK;
}

static enum error read_json(struct span text, struct offset_list *list, struct failure *failure)
{
	json_error_t why;
	json_t *object = json_loadb(text.base, text.len, JSON_REJECT_DUPLICATES, &why);
	if (!object)
		return failure_set(failure, E_USAGE, "line %d: not JSON: %s", why.line, why.text);
	enum error error = read_members(object, list, failure);
	json_decref(object);
	return error;
}

/* In order, and each partition once. */
static enum error settle(struct offset_list *list, struct failure *failure)
{
	if (list->count == 0)
		return failure_set(failure, E_USAGE, "line 1: no partition is named: " FORM);
	qsort(list->items, list->count, sizeof(*list->items), compare);
	for (size_t i = 1; i < list->count; i++) {
		if (list->items[i].partition == list->items[i - 1].partition)
			return failure_set(failure, E_USAGE, "partition %d is named twice",
				list->items[i].partition);
	}
	return OK;
}

enum error offset_list_parse(
	struct span text, struct offset_list *ret_list, struct failure *failure)
{
	struct offset_list list = {.items = NULL};
	bool is_json = text.len && text.base[0] == '{';
	enum error error =
		is_json ? read_json(text, &list, failure) : read_lines(text, &list, failure);
	if (!error)
		error = settle(&list, failure);
	if (error)
		offset_list_fini(&list);
	else
		*ret_list = list;
	return error;
}

enum error offset_list_read(const char *path, struct offset_list *ret_list, struct failure *failure)
{
	char *text = NULL;
	struct failure why = {.error = OK};
	if (settings_read_file(path, FILE_BYTES_MOST, &text, &why))
		return failure_set(failure, E_USAGE, "%s", why.detail);
	enum error error = offset_list_parse(span_of(text), ret_list, &why);
	free(text);
	return error ? failure_set(failure, error, "%s: %s", path, why.detail) : OK;
}
