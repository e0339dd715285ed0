/* SPDX-License-Identifier: Apache-2.0 */
/* fake_record - records of which only the place matters. */
#ifndef INTAKE_TESTS_FAKE_RECORD_H
#define INTAKE_TESTS_FAKE_RECORD_H

#include "shared/arena.h"
#include "worker/record.h"

static inline const struct record *fake_record(
	struct arena *arena, int32_t partition, int64_t offset)
{
	struct record *record = arena_alloc(arena, sizeof(*record));
	*record = (struct record){.partition = partition, .offset = offset};
	return record;
}

#endif
