/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jobs - the settings page's work that blocks: a few threads, each with a store, and the queue before
 * them.
 *
 * Design notes. The key look-ups have a pool of their own, so that nothing done on the page delays a
 * sender. A job is embedded in the visit that waits for it; its work is done in a thread of the pool,
 * then it is posted back to the visit's loop. Now and then a thread sweeps: what is over is dropped.
 */
#ifndef INTAKE_GATEWAY_SETTINGS_JOBS_H
#define INTAKE_GATEWAY_SETTINGS_JOBS_H

#include <stddef.h>
#include <stdint.h>

#include "shared/error.h"
#include "shared/loop.h"

enum {
	JOBS_THREADS = 2,
	JOBS_QUEUE_MOST = 64,
	JOBS_FIRST_SWEEP_MS =
		2000, /* so that one comes about in a process that is often restarted */
	JOBS_SWEEP_MS = 60 * 1000,
};

struct jobs;
struct store;

struct job {
	/* Set by who submits. */
	struct loop *loop;
	/* In a thread of the pool; the store is open. */
	enum error (*work)(struct job *job, struct store *store, struct failure *failure);
	void (*done)(struct job *job); /* in the loop's thread */

	/* What work returned, or why it was not called. */
	enum error error;

	/* The jobs' own. */
	struct loop_task task;
	struct job *next;
};

/*
 * Takes:   database_url - borrowed for as long as it lives; audit_days - how old the audit's lines get.
 * Returns: owned, free with jobs_free.
 */
struct jobs *jobs_start(const char *database_url, int64_t audit_days);

/* Ends the threads; what waits, and what comes, is refused with E_OVERLOADED. */
void jobs_stop(struct jobs *jobs);

/* Takes: jobs - stopped, or NULL. */
void jobs_free(struct jobs *jobs);

/*
 * Returns: E_PENDING: job->done will be called; E_OVERLOADED: the queue is full.
 * Thread:  any loop's.
 */
MUST_CHECK enum error jobs_submit(struct jobs *jobs, struct job *job);

/* Jobs that wait. Thread: any. */
size_t jobs_count(struct jobs *jobs);

#endif
