/* SPDX-License-Identifier: Apache-2.0 */
/* dead_letter_scan - walk through the dead letters that a command is about. */
#include "worker/dead_letter_scan.h"

#include <stdlib.h>

#include "shared/ensure.h"
#include "shared/memory.h"
#include "worker/dead_letter_reader.h"

enum { WAIT_MS = 100, BITS = 8 };

/* A bit for each offset of a partition, from the first that is there. */
struct bits {
	uint8_t *bytes; /* owned */
	size_t size;
};

struct scan {
	struct dead_letter_reader *reader; /* owned */
	const struct dead_letter_select *select;
	const struct dead_letter_visitor *visitor;
	struct bits *redriven; /* owned; by partition */
	size_t partition_count;
	struct arena arena; /* of one record */
	int64_t read;
	int64_t total;
};

static void set_bit(struct bits *bits, int64_t at)
{
	size_t byte = (size_t)at / BITS;
	if (byte >= bits->size) {
		size_t size = 2 * byte + 1;
		bits->bytes = memory_resize(bits->bytes, size);
		memset(bits->bytes + bits->size, 0, size - bits->size);
		bits->size = size;
	}
	bits->bytes[byte] |= (uint8_t)(1u << (at % BITS));
}

static bool has_bit(const struct bits *bits, int64_t at)
{
	size_t byte = (size_t)at / BITS;
	return byte < bits->size && bits->bytes[byte] >> (at % BITS) & 1;
}

static struct bits *bits_of(struct scan *scan, int32_t partition)
{
	size_t at = (size_t)partition;
	ensure(partition >= 0);
	if (at >= scan->partition_count) {
		scan->redriven = memory_resize(scan->redriven, (at + 1) * sizeof(*scan->redriven));
		memset(scan->redriven + scan->partition_count, 0,
			(at + 1 - scan->partition_count) * sizeof(*scan->redriven));
		scan->partition_count = at + 1;
	}
	return &scan->redriven[at];
}

typedef enum error take(struct scan *scan, const struct record *record,
	const struct dead_letter_view *view, struct failure *failure);

static enum error take_note(struct scan *scan, const struct record *record,
	const struct dead_letter_view *view, struct failure *failure)
{
	int64_t start = dead_letter_reader_start(scan->reader, record->partition);
	(void)failure;
	/* Nobody's header makes this larger than the topic is: it names an offset before its own. */
	if (view->kind == DEAD_LETTER_IS_REDRIVEN && view->redriven >= start)
		set_bit(bits_of(scan, record->partition), view->redriven - start);
	return OK;
}

static enum error take_letter(struct scan *scan, const struct record *record,
	const struct dead_letter_view *view, struct failure *failure)
{
	int64_t start = dead_letter_reader_start(scan->reader, record->partition);
	if (!dead_letter_select_matches(scan->select, record, view))
		return OK;
	const struct dead_letter_found found = {
		.record = record,
		.view = view,
		.is_redriven = has_bit(bits_of(scan, record->partition), record->offset - start),
	};
	return scan->visitor->found(scan->visitor->user, &found, failure);
}

static enum error take_next(struct scan *scan, take *take_it, struct failure *failure)
{
	struct record record;
	struct dead_letter_view view;
	enum error error = dead_letter_reader_next(scan->reader, WAIT_MS, &record, failure);
	if (!error) {
		scan->read++;
		dead_letter_view_read(&record, &scan->arena, &view);
		error = take_it(scan, &record, &view, failure);
		arena_clear(&scan->arena);
	}
	if (!error || error == E_PENDING)
		error = scan->visitor->tick(scan->visitor->user, scan->read, scan->total, failure);
	return error;
}

static enum error read_all(struct scan *scan, take *take_it, struct failure *failure)
{
	enum error error = dead_letter_reader_rewind(scan->reader, failure);
	while (!error)
		error = take_next(scan, take_it, failure);
	return error == E_NOT_FOUND ? OK : error;
}

enum error dead_letter_scan(const struct kafka_settings *kafka,
	const struct dead_letter_select *select, const struct dead_letter_visitor *visitor,
	struct failure *failure)
{
	struct scan scan = {.select = select, .visitor = visitor};
	enum error error = dead_letter_reader_open(kafka, &scan.reader, failure);
	if (error)
		return error;
	scan.total = 2 * dead_letter_reader_count(scan.reader);
	error = read_all(&scan, take_note, failure);
	if (!error)
		error = read_all(&scan, take_letter, failure);
	for (size_t i = 0; i < scan.partition_count; i++)
		free(scan.redriven[i].bytes);
	free(scan.redriven);
	arena_fini(&scan.arena);
	dead_letter_reader_close(scan.reader);
	return error;
}
