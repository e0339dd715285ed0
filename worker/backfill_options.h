/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_options - what `intake-worker backfill` is asked to do. */
#ifndef INTAKE_WORKER_BACKFILL_OPTIONS_H
#define INTAKE_WORKER_BACKFILL_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/buf.h"
#include "shared/error.h"
#include "worker/backfill_moment.h"

struct backfill_options {
	/* As they were given, borrowed from argv; NULL: not. */
	const char *from;
	const char *to;
	const char *topic;
	const char *business;
	const char *job;
	const char *rate_text;
	bool accept_gaps;
	bool json;

	/* What they mean. */
	struct backfill_moment from_moment; /* of `from`, where it is given */
	struct backfill_moment to_moment;
	int64_t rate; /* records a second; 0: as fast as it goes */
};

/* Returns: OK; E_USAGE after a sentence on stderr. */
MUST_CHECK enum error backfill_options_read(
	int argc, char **argv, struct backfill_options *ret_options);

/* Add the job's name: the one that was given, or one that says what it is about. */
void backfill_options_name(
	const struct backfill_options *options, const char *default_topic, struct buf *out);

#endif
