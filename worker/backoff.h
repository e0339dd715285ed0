/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backoff - a lane's wait for what somebody else has to mend: how long, and what is said of it.
 *
 * Thread: the lane's, but for backoff_is_waiting.
 */
#ifndef INTAKE_WORKER_BACKOFF_H
#define INTAKE_WORKER_BACKOFF_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "shared/error.h"
#include "shared/log.h"

/* X(id, name, level of its line, metric): what a lane can wait for */
#define WAIT_REASONS(X)                                                                            \
	X(WAIT_POSTGRES, "postgres", LOG_LEVEL_WARN, METRIC_WAITING_POSTGRES)                      \
	X(WAIT_LOCK, "lock", LOG_LEVEL_WARN, METRIC_WAITING_LOCK)                                  \
	X(WAIT_CONFIGURATION, "configuration", LOG_LEVEL_ERROR, METRIC_WAITING_CONFIGURATION)      \
	X(WAIT_DEAD_LETTERS, "dead_letters", LOG_LEVEL_ERROR, METRIC_WAITING_DEAD_LETTERS)         \
	X(WAIT_CIRCUIT, "circuit", LOG_LEVEL_ERROR, METRIC_WAITING_CIRCUIT)

enum wait_reason {
	WAIT_NONE,
#define X(id, name, level, metric) id,
	WAIT_REASONS(X)
#undef X
		WAIT_REASON_COUNT
};

struct backoff {
	const char *lane; /* borrowed; for the log */
	int stop_fd;      /* readable: the lane is to stop */
	_Atomic enum wait_reason reason;
	int64_t next_ms;
	int64_t since_ms; /* of this reason */
	struct log_limit line;
	struct failure said; /* in the last line: another reason is told at once */
};

void backoff_init(struct backoff *backoff, const char *lane, int stop_fd);

/*
 * Sleep a while, longer each time up to a few seconds, by chance between half and whole. The first
 * time, when the reason has changed, and every half minute, a line says why.
 *
 * Returns: false: the lane is to stop.
 */
MUST_CHECK bool backoff_wait(
	struct backoff *backoff, enum wait_reason reason, const struct failure *why);

/* The wait for this was worth it: say so, begin anew the next time. Nothing where there was none. */
void backoff_end(struct backoff *backoff, enum wait_reason reason);

/* Thread: any. */
bool backoff_is_waiting(const struct backoff *backoff);

#endif
