/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backfill_apply - a judged slice: its rows, counts and offset in one transaction.
 *
 * Design notes. Nearly always all goes well, so all is sent at once, and nobody waits for each answer.
 * Where something goes wrong, the transaction is undone and done again carefully, a step at a time: what
 * Postgres refuses is found by halving, and left out.
 *
 * Thread: the lane's.
 */
#ifndef INTAKE_WORKER_BACKFILL_APPLY_H
#define INTAKE_WORKER_BACKFILL_APPLY_H

#include "shared/error.h"
#include "worker/backfill_job.h"
#include "worker/backfill_link.h"
#include "worker/backfill_look.h"
#include "worker/backfill_slice.h"
#include "worker/dead_letter.h"

/* What a lane writes to. Borrowed. */
struct backfill_target {
	struct backfill_link *link;
	struct backfill_mistakes mistakes;
	struct dead_letters *dead_letters; /* for bad records; NULL: they are counted only */
};

/*
 * Send what the slice has come to, bad records to the dead letters first.
 *
 * Returns: OK: backfill_apply_await it; E_KAFKA_AWAY: the dead letters are not taken; E_POSTGRES_AWAY.
 */
MUST_CHECK enum error backfill_apply_send(struct backfill_target *target,
	const struct backfill_lease *lease, struct backfill_slice *slice, struct failure *failure);

/*
 * Wait until it is durable.
 *
 * Returns: OK, lease->next moved; E_POSTGRES_AWAY: it is not known what became of it, but the job's rows
 *          say it; anything else: nothing was written, and backfill_apply_carefully says why, or does it.
 */
MUST_CHECK enum error backfill_apply_await(struct backfill_target *target,
	struct backfill_lease *lease, const struct backfill_slice *slice, struct failure *failure);

/*
 * Do it step by step; when others are in the way, a few times. Nothing else is under way on the link.
 *
 * Returns: OK, lease->next moved, and what Postgres refused is counted as bad; E_PENDING: another process
 *          has the partition, or the job was cancelled, and nothing was written; E_KAFKA_AWAY; as postgres_error.
 */
MUST_CHECK enum error backfill_apply_carefully(struct backfill_target *target,
	struct backfill_lease *lease, struct backfill_slice *slice, struct failure *failure);

#endif
