/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pulse - when a lane began what it is doing, so that the Kafka thread can see that it is stuck.
 *
 * Each step of a lane (a connection, a statement, a wait, dead letters) is bounded by itself. One that
 * takes longer than all bounds is a fault of ours, whatever Postgres does.
 */
#ifndef INTAKE_WORKER_PULSE_H
#define INTAKE_WORKER_PULSE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* All zero: at rest. Thread: any. */
struct pulse {
	_Atomic int64_t since_ms; /* steady clock; 0: nothing is to be done */
};

static inline void pulse_step(struct pulse *pulse, int64_t now_ms)
{
	atomic_store(&pulse->since_ms, now_ms);
}

static inline void pulse_rest(struct pulse *pulse)
{
	atomic_store(&pulse->since_ms, 0);
}

static inline bool pulse_is_stuck(const struct pulse *pulse, int64_t now_ms, int64_t most_ms)
{
	int64_t since_ms = atomic_load(&pulse->since_ms);
	return since_ms && now_ms - since_ms > most_ms;
}

#endif
