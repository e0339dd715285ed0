/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backfill_work - what a process does for a job: its lanes lease partitions and replay them, until all is done.
 *
 * Design notes. A lane is a thread with a connection and a reader of its own. They share one store, which
 * a mutex guards, to lease and to give back. Whatever ends one lane before its time ends all.
 *
 * Thread: one calls; the lanes are its own.
 */
#ifndef INTAKE_WORKER_BACKFILL_WORK_H
#define INTAKE_WORKER_BACKFILL_WORK_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/error.h"
#include "shared/uuid.h"
#include "worker/backfill_lane.h"
#include "worker/backfill_notes.h"
#include "worker/backfill_store.h"
#include "worker/backfill_tally.h"

enum { BACKFILL_LANES_MOST = 16 };

struct backfill_work {
	/* Set before; borrowed. Its signal_fd is the program's. */
	struct backfill_plan plan;
	const char *job;
	bool json; /* so are notes written */
	size_t lanes;
	void (*tick)(void *user); /* called now and then */
	void *user;

	/* Set by backfill_work_run: what has become of the job, by whomever. */
	bool finished;
	bool cancelled;

	/* What this process has done. Owned: backfill_work_fini. */
	struct backfill_tally tally;
	struct backfill_notes bad; /* records that were not applied */
};

/*
 * Work until the job is done, or it is told to stop; then no lease is held.
 *
 * Returns: OK; E_NOT_FOUND: retention has taken part of the range, and gaps are not accepted; as
 *          backfill_lane_open and backfill_lane_run say. Either way backfill_work_fini it.
 */
MUST_CHECK enum error backfill_work_run(struct backfill_work *work, struct failure *failure);

void backfill_work_fini(struct backfill_work *work);

#endif
