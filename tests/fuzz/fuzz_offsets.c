/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_offsets - any bytes as the file of --from-offsets: what is taken can be written and read again. */
#include <stdlib.h>

#include "shared/ensure.h"
#include "shared/memory.h"
#include "worker/offsets_file.h"
#include "worker/partition_set.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct offset_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct partition_offset *item = &list->items[i];
		ensure(item->partition >= 0 && item->partition <= PARTITION_MOST);
		ensure(item->offset >= 0);
		ensure(i == 0 || item->partition > list->items[i - 1].partition);
		ensure(offset_list_find(list, item->partition) == item);
	}
}

/* As lines; their one-line form is the same as that of what they were written from. */
static void check_again(const struct offset_list *list)
{
	struct buf lines = {0};
	struct buf first = {0};
	struct buf second = {0};
	struct offset_list again = {.items = NULL};
	struct failure failure = {.detail = ""};
	for (size_t i = 0; i < list->count; i++)
		buf_printf(&lines, "%d %lld\n", list->items[i].partition,
			(long long)list->items[i].offset);
	ensure(offset_list_parse(buf_span(&lines), &again, &failure) == OK);
	offset_list_write(list, &first);
	offset_list_write(&again, &second);
	ensure(span_equal(buf_span(&first), buf_span(&second)));
	offset_list_fini(&again);
	buf_fini(&lines);
	buf_fini(&first);
	buf_fini(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct offset_list list = {.items = NULL};
	struct failure failure = {.detail = ""};
	enum error error = offset_list_parse(span_from((const char *)data, size), &list, &failure);
	ensure((error == OK) == (list.count > 0));
	ensure(!error || failure.detail[0]);
	check(&list);
	if (!error)
		check_again(&list);
	offset_list_fini(&list);
	return 0;
}
