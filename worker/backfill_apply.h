/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backfill_apply - a batch of a backfill: its rows, counts and offset in one transaction.
 *
 * What Postgres refuses is found by halving, counted, and left out; it is in the topic still.
 */
#ifndef INTAKE_WORKER_BACKFILL_APPLY_H
#define INTAKE_WORKER_BACKFILL_APPLY_H

#include <stdint.h>

#include "shared/error.h"
#include "worker/backfill_job.h"
#include "worker/batch.h"
#include "worker/upsert.h"

/*
 * Apply the batch and move the lease's offset; when others are in the way, a few times.
 *
 * Takes:   batch - events of the lease's partition, in order; may have none. next - the first offset
 *          behind it. counts - what is known of it before (read, others, bad, missing).
 * Returns: OK, lease->next moved; E_PENDING: another process has the partition, and nothing was
 *          written; as postgres_error says. Where it is not known what became of the commit, the job's rows
 *          say it.
 */
MUST_CHECK enum error backfill_apply(struct upsert *upsert, struct backfill_lease *lease,
	struct batch *batch, int64_t next, const struct backfill_counts *counts,
	struct failure *failure);

#endif
