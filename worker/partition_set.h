/* SPDX-License-Identifier: Apache-2.0 */
/* partition_set - some partitions of a topic, as an option names them: "0,3-5". */
#ifndef INTAKE_WORKER_PARTITION_SET_H
#define INTAKE_WORKER_PARTITION_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/error.h"

enum { PARTITION_SET_SPANS_MOST = 256, PARTITION_MOST = 1000000 };

struct partition_span {
	int32_t first;
	int32_t last;
};

/* All zero has none. */
struct partition_set {
	struct partition_span spans[PARTITION_SET_SPANS_MOST];
	size_t count;
};

/* Returns: OK; E_USAGE with a sentence that says what is wrong, not whose option it is. */
MUST_CHECK enum error partition_set_read(
	const char *text, struct partition_set *ret_set, struct failure *failure);

bool partition_set_has(const struct partition_set *set, int32_t partition);

/* The largest of them; -1: there is none. */
int32_t partition_set_last(const struct partition_set *set);

#endif
