/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_bars - how far a job is in each partition, as Postgres has it. */
#ifndef INTAKE_WORKER_BACKFILL_BARS_H
#define INTAKE_WORKER_BACKFILL_BARS_H

#include <stddef.h>

#include "shared/error.h"
#include "worker/backfill_job.h"
#include "worker/backfill_view.h"

/*
 * Those that have offsets to replay.
 *
 * Returns: OK, ret_bars owned (free), by partition; as postgres_error says.
 */
MUST_CHECK enum error backfill_bars_read(struct backfill_store *store, const char *job,
	struct backfill_bar **ret_bars, size_t *ret_count, struct failure *failure);

#endif
