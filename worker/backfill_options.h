/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_options - what `intake-worker backfill` is asked to do. */
#ifndef INTAKE_WORKER_BACKFILL_OPTIONS_H
#define INTAKE_WORKER_BACKFILL_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/buf.h"
#include "shared/error.h"
#include "shared/program.h"
#include "worker/backfill_bounds.h"
#include "worker/backfill_moment.h"
#include "worker/business_set.h"
#include "worker/offsets_file.h"
#include "worker/partition_set.h"

/* As they were given, borrowed from argv; NULL: not. */
struct backfill_given {
	const char *from;
	const char *from_offsets;
	const char *to;
	const char *topic;
	const char *partitions;
	struct program_list businesses;
	const char *job;
	const char *rate;
	const char *max_live_lag;
	const char *lanes;
	const char *memory;
	const char *undelete_since;
};

struct backfill_options {
	struct backfill_given given;
	bool accept_gaps;
	bool resume;
	bool json;
	bool dry_run;
	bool verify;
	bool show_values;
	bool dead_letter;

	/* What they mean. */
	struct backfill_moment from; /* where it is given */
	struct backfill_moment to;
	struct offset_list from_offsets;
	struct partition_set partitions;
	struct business_set businesses;
	int64_t rate; /* records a second; 0: as fast as it goes */
	int64_t max_live_lag_ms;
	int64_t lanes;             /* 0: as the live worker has */
	int64_t memory_bytes;      /* of a dry run, for what it would have written */
	int64_t undelete_since_ms; /* wall clock; 0: nothing is taken back */
	bool undelete_is_date;     /* and not how long ago it was */

	/* As a job keeps them. */
	struct buf from_text; /* empty: not given */
	struct buf businesses_text;
};

/* Returns: OK; E_USAGE after a sentence on stderr. Either way backfill_options_fini it. */
MUST_CHECK enum error backfill_options_read(
	int argc, char **argv, struct backfill_options *ret_options);

void backfill_options_fini(struct backfill_options *options);

/* What is to be replayed. Borrowed from the options. */
struct backfill_wish backfill_options_wish(
	const struct backfill_options *options, const char *default_topic);

/* Add what is of this process and not of the job, as it would be given again: " --rate 5". */
void backfill_options_write(const struct backfill_options *options, struct buf *out);

/* Add the job's name: the one that was given, or one that says what it is about. */
void backfill_options_name(
	const struct backfill_options *options, const char *default_topic, struct buf *out);

#endif
