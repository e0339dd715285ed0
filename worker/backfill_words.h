/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_words - what several parts of a backfill say in the same words. */
#ifndef INTAKE_WORKER_BACKFILL_WORDS_H
#define INTAKE_WORKER_BACKFILL_WORDS_H

#include <stdint.h>

#include "shared/buf.h"

/* Add it in the two largest units: "2 h 05 min", "42 s". */
void backfill_words_duration(int64_t seconds, struct buf *out);

/*
 * Add a line with the command that resumes the job, for a shell.
 *
 * Takes: more - options to add, a space before each.
 */
void backfill_words_resume(const char *job, const char *more, struct buf *out);

#endif
