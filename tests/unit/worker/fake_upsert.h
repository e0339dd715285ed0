/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_upsert - a Postgres that answers by a script, linked in place of worker/upsert.
 *
 * Behind the script's end it looks at the rows: a name or a phone that begins with "bad" is refused
 * (23514), the business whose id begins with 0xff does not exist, a name that begins with "held" is
 * locked by somebody (55P03) until fake_upsert_release.
 */
#ifndef INTAKE_TESTS_FAKE_UPSERT_H
#define INTAKE_TESTS_FAKE_UPSERT_H

#include <stddef.h>
#include <stdint.h>

#include "shared/error.h"

enum { FAKE_UPSERT_CALLS_MOST = 8192, FAKE_BUSINESS_GONE = 0xff };

/*
 * Answers to the calls of upsert_open and upsert_rows that come, in their order; behind the end opens
 * succeed. Set before the lane starts.
 */
void fake_upsert_script(
	const enum error *opens, size_t open_count, const enum error *rows, size_t row_count);

/* So many more times a held row is refused. */
void fake_upsert_hold(size_t times);

/* How many connections were opened, and how many rows each call of upsert_rows had. Thread: any. */
size_t fake_upsert_opened(void);
size_t fake_upsert_calls(size_t ret_counts[static FAKE_UPSERT_CALLS_MOST]);

/* The first bytes of the newest ids of all rows that were written, in their order. */
size_t fake_upsert_written(uint8_t ret_ids[static FAKE_UPSERT_CALLS_MOST]);

#endif
