/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backfill_work - what a process does for a job: lease a partition, read it, apply it, until all is done.
 *
 * Thread: one.
 */
#ifndef INTAKE_WORKER_BACKFILL_WORK_H
#define INTAKE_WORKER_BACKFILL_WORK_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/error.h"
#include "shared/uuid.h"
#include "worker/backfill_job.h"
#include "worker/backfill_pace.h"
#include "worker/backfill_reader.h"
#include "worker/batch.h"
#include "worker/business_set.h"
#include "worker/config.h"
#include "worker/upsert.h"

struct backfill_work {
	/* Set before; borrowed. */
	const char *job;
	const struct worker_settings *settings;
	struct backfill_store *store;
	struct backfill_reader *reader;
	struct upsert *upsert;
	struct uuid owner;                     /* nobody else's */
	const struct business_set *businesses; /* only their events are applied */
	struct backfill_pace *pace;
	bool accept_gaps;
	int signal_fd;            /* readable: stop behind the batch under way */
	void (*tick)(void *user); /* called between batches, and in a pause */
	void *user;

	/* Set by backfill_work_run: what has become of the job, by whomever. */
	bool finished;
	bool cancelled;

	/* Its own. */
	struct batch *batch;
	struct backfill_counts counts; /* of the batch, as far as known before it is applied */
};

/*
 * Work until the job is done, or it is told to stop; then no lease is held.
 *
 * Returns: OK; E_NOT_FOUND: retention has taken part of the range, and accept_gaps is not set;
 *          as backfill_reader_next, backfill_apply and postgres_error say.
 */
MUST_CHECK enum error backfill_work_run(struct backfill_work *work, struct failure *failure);

#endif
