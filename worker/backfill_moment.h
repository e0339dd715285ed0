/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_moment - where a backfill's range begins or ends, in time. */
#ifndef INTAKE_WORKER_BACKFILL_MOMENT_H
#define INTAKE_WORKER_BACKFILL_MOMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/buf.h"

enum backfill_moment_kind {
	BACKFILL_BEGINNING, /* of what the topic has */
	BACKFILL_NOW,       /* the end it has when it is asked for */
	BACKFILL_AT,        /* the first record that Kafka got then or later */
};

struct backfill_moment {
	enum backfill_moment_kind kind;
	int64_t ms; /* wall clock; of BACKFILL_BEGINNING and BACKFILL_NOW when they were read */
};

/*
 * "beginning", "now", or a moment as program_moment reads it ("-2h" is "2h").
 *
 * Takes:   now_ms - wall clock.
 * Returns: false: none of them.
 */
bool backfill_moment_read(const char *text, int64_t now_ms, struct backfill_moment *ret_moment);

/* Add it as RFC 3339, or "beginning". */
void backfill_moment_write(const struct backfill_moment *moment, struct buf *out);

#endif
