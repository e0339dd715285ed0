/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pace - how many events a lane's next batch may have, by how long its statements take.
 *
 * A statement that takes longer than it should halves what follows: rows are locked for less time, a
 * revoke waits less, and a time-out hits fewer. Full batches that take less than half of that
 * time let it grow again, by a quarter each.
 */
#ifndef INTAKE_WORKER_PACE_H
#define INTAKE_WORKER_PACE_H

#include <stddef.h>
#include <stdint.h>

enum { PACE_ROWS_FEWEST = 50 }; /* fewer cost more in round trips than they save */

struct pace {
	size_t rows;      /* the next batch's most */
	size_t rows_most; /* the setting */
	int64_t slow_us;
};

/* Takes: rows_most - at least 1; slow_ms - a statement that takes longer is slow. */
struct pace pace_start(size_t rows_most, int64_t slow_ms);

/* A batch of so many events is durable, and its slowest statement took so long. */
void pace_note(struct pace *pace, size_t events, int64_t statement_us);

#endif
