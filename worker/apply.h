/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apply - a whole batch: every event ends in Postgres or in the dead letters, whatever it takes.
 *
 * Design notes. Rows go in one statement. Where it is refused for a row, the row is found by halving:
 * when the first half of a range that is known to hold a bad row is taken, the bad one is in the second,
 * which need not be tried whole. That is log2(n) statements to find a row, and one for what is behind it.
 * A row that was folded is then taken apart: each of its events is a row of its own, so that only the
 * event that is bad goes. After some bad rows, no more rows go at once than are good in a row on
 * average, and twice as many each time that they were good.
 *
 * A row that somebody holds a lock on is held (worker/held.h), so that the others are not. To find it
 * costs a wait or two for its lock, short ones after the first.
 *
 * Dead letters are written last, before the batch is called done; when the circuit opens, none has been,
 * and one partition's events are parked (worker/held.h) before the others are tried again.
 *
 * Thread: the lane's.
 */
#ifndef INTAKE_WORKER_APPLY_H
#define INTAKE_WORKER_APPLY_H

#include "shared/error.h"
#include "worker/batch.h"
#include "worker/circuit.h"
#include "worker/dead_letter.h"
#include "worker/held.h"
#include "worker/session.h"

struct applier {
	struct session *session;           /* borrowed */
	struct dead_letters *dead_letters; /* borrowed */
	struct backoff *backoff;           /* borrowed */
	struct circuit circuit;
	struct held held[HELD_KINDS];
	struct log_limit letter_line;
};

/*
 * Apply the batch, however long Postgres or Kafka are away; what is locked, or absurdly bad, is held.
 *
 * Returns: OK, batch->outcome and batch->letters are set; E_POSTGRES_AWAY: the lane is to stop, and
 *          some of the batch may be applied.
 */
MUST_CHECK enum error apply_batch(struct applier *applier, struct batch *batch);

/*
 * Try what is held; something is.
 *
 * Returns: as apply_batch. ret_batch - owned: what is done, with the marks that waited for nothing else.
 */
MUST_CHECK enum error apply_held(
	struct applier *applier, enum held_kind kind, struct batch **ret_batch);

#endif
