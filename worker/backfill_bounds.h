/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_bounds - where a backfill begins and ends in each partition, as the topic is now. */
#ifndef INTAKE_WORKER_BACKFILL_BOUNDS_H
#define INTAKE_WORKER_BACKFILL_BOUNDS_H

#include <stddef.h>
#include <stdint.h>

#include "shared/error.h"
#include "shared/kafka.h"
#include "worker/backfill_job.h"
#include "worker/backfill_moment.h"
#include "worker/offsets_file.h"
#include "worker/partition_set.h"

/* What is asked for. Borrowed. */
struct backfill_wish {
	const char *topic;
	const struct partition_set *partitions; /* NULL: all */
	struct backfill_moment from;
	const struct offset_list *from_offsets; /* NULL: `from` says it */
	struct backfill_moment to;
};

/* Part of what is asked for may be gone, by retention or by hand. */
struct backfill_gap {
	int32_t partition;
	int64_t first; /* that is gone; 0 where a moment was asked for: nobody knows its offset */
	int64_t start; /* the first that is left */
	int64_t start_ms; /* when Kafka got it, wall clock; -1: nothing is left, or it has no time */
	bool is_exact;    /* `first` is what was asked for */
};

struct backfill_bounds {
	struct backfill_range *ranges; /* owned; one a partition, in order */
	size_t count;
	struct backfill_gap *gaps; /* owned */
	size_t gap_count;
};

/* Takes half-built ones. */
void backfill_bounds_fini(struct backfill_bounds *bounds);

/*
 * Ask Kafka. A broker that knows no times is read from the beginning on; all waits are bounded.
 *
 * Returns: OK, ret_bounds owned (backfill_bounds_fini); E_NOT_FOUND: there is no such topic; E_USAGE: the
 *          partitions or offsets do not fit it, or it ends before it begins; E_CONFIG; E_KAFKA_AWAY.
 */
MUST_CHECK enum error backfill_bounds_find(const struct kafka_settings *kafka,
	const struct backfill_wish *wish, struct backfill_bounds *ret_bounds,
	struct failure *failure);

#endif
