/* SPDX-License-Identifier: Apache-2.0 */
/* stage - the gateway for the pipeline's fuzz target, and one connection to it after the other. */
#ifndef INTAKE_TESTS_FUZZ_PIPELINE_STAGE_H
#define INTAKE_TESTS_FUZZ_PIPELINE_STAGE_H

#include <stdbool.h>

#include "shared/span.h"
#include "tests/fuzz/pipeline/trial.h"

struct stage;

/* How a client talks. */
struct conversation {
	unsigned cut; /* bytes sent at a time; 0: all */
	bool leaves;  /* it does not wait for answers */
	bool stalls;  /* it falls silent until its time is up */
};

/* Returned owned, for as long as the process lives. */
struct stage *stage_new(void);

/*
 * Send a stream on a connection of its own, until all is answered and closed, and check that what
 * happened is what may happen.
 *
 * Takes: stream - borrowed; the trial says what becomes of keys and events.
 */
void stage_converse(struct stage *stage, struct span stream, const struct conversation *how);

/* Borrowed. */
struct trial *stage_trial(struct stage *stage);

/* What the last conversation brought back; borrowed until the next one. */
struct span stage_sent(const struct stage *stage);

#endif
