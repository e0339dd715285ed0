/* SPDX-License-Identifier: Apache-2.0 */
/*
 * offsets_file - an offset for each of some partitions, as a file says them.
 *
 * Either a line a partition, "3 1200", with blank lines and what follows a # ignored; or, where the first
 * character is a {, one JSON object: {"3": 1200}.
 */
#ifndef INTAKE_WORKER_OFFSETS_FILE_H
#define INTAKE_WORKER_OFFSETS_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "shared/buf.h"
#include "shared/error.h"
#include "shared/span.h"

struct partition_offset {
	int32_t partition;
	int64_t offset;
};

/* All zero is an empty one. */
struct offset_list {
	struct partition_offset *items; /* owned; by partition, each once */
	size_t count;
};

/* Takes empty ones too. */
void offset_list_fini(struct offset_list *list);

/* Returns: NULL: the list does not name the partition. */
const struct partition_offset *offset_list_find(const struct offset_list *list, int32_t partition);

/* Add it on one line, "0:12,3:1200": the same for the same offsets, however they were written. */
void offset_list_write(const struct offset_list *list, struct buf *out);

/*
 * Understand the text of such a file.
 *
 * Returns: OK, ret_list has at least one and is owned (offset_list_fini); E_USAGE with a sentence that names
 *          the line.
 */
MUST_CHECK enum error offset_list_parse(
	struct span text, struct offset_list *ret_list, struct failure *failure);

/* Read the file. Returns: as offset_list_parse; E_USAGE as well where it cannot be read. */
MUST_CHECK enum error offset_list_read(
	const char *path, struct offset_list *ret_list, struct failure *failure);

#endif
