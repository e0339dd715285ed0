/* SPDX-License-Identifier: Apache-2.0 */
/*
 * circuit - stops what an absurd share of is bad: the wrong topic, the wrong schema.
 *
 * Design notes. A window of records, not of time: how fast they come does not matter. When it is full,
 * both counts are halved, so that what was long ago weighs little. A batch is judged before anything
 * of it is a dead letter. When it opens, the partition that has the greatest share of the bad ones is
 * parked (worker/held.h), and the others are judged on their own. What is parked is tried anew every few
 * seconds: what was mended goes through, and nothing was lost.
 *
 * Thread: the lane's.
 */
#ifndef INTAKE_WORKER_CIRCUIT_H
#define INTAKE_WORKER_CIRCUIT_H

#include <stdbool.h>
#include <stddef.h>

struct circuit {
	size_t share_percent; /* more than this share opens it */
	size_t least;         /* so many are bad at least */
	size_t window;        /* records */
	size_t seen;
	size_t dead;
};

/* Whether it opens, with so many bad of a batch of `events`. More may be bad: ask at each. */
bool circuit_opens(const struct circuit *circuit, size_t dead, size_t events);

/* A batch is durable. */
void circuit_note(struct circuit *circuit, size_t dead, size_t events);

/* Judge what comes on its own. */
void circuit_forget(struct circuit *circuit);

#endif
