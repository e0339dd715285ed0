/* SPDX-License-Identifier: Apache-2.0 */
/* fake_dead_letter - a dead-letter topic that takes all, linked in place of worker/dead_letter. */
#ifndef INTAKE_TESTS_FAKE_DEAD_LETTER_H
#define INTAKE_TESTS_FAKE_DEAD_LETTER_H

#include <stddef.h>
#include <stdint.h>

#include "worker/dead_letter.h"

enum { FAKE_LETTERS_MOST = 8192 };

struct fake_letter {
	int64_t offset;
	enum dead_reason reason;
	char sqlstate[FAILURE_SQLSTATE_BYTES];
};

/* Forget what was written; refuse the next calls so many times. Thread: any, as all here. */
void fake_dead_letters_reset(size_t refuse_times);

/* What was written, in its order. */
size_t fake_dead_letters_written(struct fake_letter ret_letters[static FAKE_LETTERS_MOST]);

#endif
