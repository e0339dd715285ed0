/* SPDX-License-Identifier: Apache-2.0 */
/* fake_upsert - a Postgres that answers by a script, linked in place of worker/upsert. */
#ifndef INTAKE_TESTS_FAKE_UPSERT_H
#define INTAKE_TESTS_FAKE_UPSERT_H

#include <stddef.h>

#include "shared/error.h"

enum { FAKE_UPSERT_CALLS_MOST = 64 };

/*
 * Answers to the calls of upsert_open and upsert_rows that come, in their order; OK behind the end.
 * Set before the lane starts.
 */
void fake_upsert_script(
	const enum error *opens, size_t open_count, const enum error *rows, size_t row_count);

/* How many connections were opened, and how many rows each call of upsert_rows had. Thread: any. */
size_t fake_upsert_opened(void);
size_t fake_upsert_calls(size_t ret_counts[static FAKE_UPSERT_CALLS_MOST]);

#endif
