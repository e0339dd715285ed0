/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backfill_job - a backfill's rows in Postgres: what it replays, how far it is, who works where.
 *
 * Design notes. A partition is leased to one process at a time, so that it is replayed in order. The
 * lease has an end that the server's clock decides; each batch moves it. While a batch is on its way its
 * transaction holds the partition's row, so that a slow statement loses no lease. Rows, counts and offset
 * are committed together: whoever dies loses nothing, and nothing is counted twice.
 *
 * Thread: the one that opened the store.
 */
#ifndef INTAKE_WORKER_BACKFILL_JOB_H
#define INTAKE_WORKER_BACKFILL_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/buf.h"
#include "shared/error.h"
#include "shared/uuid.h"
#include "worker/backfill_counts.h"

enum { BACKFILL_LEASE_S = 20 }; /* without a batch: its owner is taken for dead */

struct backfill_range {
	int32_t partition;
	int64_t from;
	int64_t to; /* the first that is not replayed */
};

/* What a job is about; as it was given when it was made. Borrowed. */
struct backfill_job {
	const char *name;
	const char *topic;
	const char *from; /* a moment, or offset_list_write's */
	const char *to;
	const char *businesses;    /* business_set_write's; "": all */
	const char *partitions;    /* as partition_set_read takes it; "": all */
	int64_t undelete_since_ms; /* wall clock; 0: no deletion is taken back */
	int64_t made_ms;           /* the database's clock; set by it */
	bool is_cancelled;
};

struct backfill_lease {
	const char *job; /* borrowed */
	struct uuid owner;
	int32_t partition;
	int64_t next; /* the first offset to replay */
	int64_t to;
};

struct backfill_totals {
	bool is_cancelled;
	int64_t offsets;
	int64_t done;
	struct backfill_counts counts;
};

struct backfill_store;
struct backfill_found; /* a job that was looked up */

/*
 * Look a job up.
 *
 * Returns: OK, ret_found owned (backfill_found_free); E_NOT_FOUND; as postgres_error.
 */
MUST_CHECK enum error backfill_job_find(struct backfill_store *store, const char *name,
	struct backfill_found **ret_found, struct failure *failure);

/* Borrowed from `found`. */
const struct backfill_job *backfill_found_job(const struct backfill_found *found);

/* Takes NULL too. */
void backfill_found_free(struct backfill_found *found);

/*
 * Make a job, whole or not at all. Where one of that name is there, it stays as it is.
 *
 * Returns: OK; as postgres_error says.
 */
MUST_CHECK enum error backfill_job_make(struct backfill_store *store,
	const struct backfill_job *job, const struct backfill_range *ranges, size_t count,
	struct failure *failure);

/*
 * All of a job's ranges, from their beginnings.
 *
 * Returns: OK, ret_ranges owned (free), in order; as postgres_error says.
 */
MUST_CHECK enum error backfill_job_ranges(struct backfill_store *store, const char *job,
	struct backfill_range **ret_ranges, size_t *ret_count, struct failure *failure);

/*
 * Take a partition that is not done and that nobody else works on.
 *
 * Returns: OK; E_PENDING: others have all that is left; E_NOT_FOUND: all is done; E_CANCELLED; as
 *          postgres_error says.
 */
MUST_CHECK enum error backfill_job_lease(struct backfill_store *store, const char *job,
	const struct uuid *owner, struct backfill_lease *ret_lease, struct failure *failure);

/* Give back what one did not finish. */
void backfill_job_release(struct backfill_store *store, const struct backfill_lease *lease);

MUST_CHECK enum error backfill_job_totals(struct backfill_store *store, const char *job,
	struct backfill_totals *ret_totals, struct failure *failure);

/*
 * Cancel it, or go on with it: from now on nobody leases its partitions, or holds one, or they do again.
 *
 * Returns: OK; E_NOT_FOUND: there is no such job, or it was so already; as postgres_error says.
 */
MUST_CHECK enum error backfill_job_cancel(
	struct backfill_store *store, const char *job, bool cancelled, struct failure *failure);

#endif
