/* SPDX-License-Identifier: Apache-2.0 */
/* consume - the Kafka thread: reads events, feeds the lanes, commits what is durable. */
#ifndef INTAKE_WORKER_CONSUME_H
#define INTAKE_WORKER_CONSUME_H

#include "shared/error.h"
#include "worker/config.h"

/* What the Kafka thread tells of itself. */
struct consume_hooks {
	void (*turned)(void *user);   /* it turns, once a second at least, and no lane is stuck */
	void (*stopping)(void *user); /* it was told to stop, or cannot go on */
	void *user;
};

/*
 * Join the group and work until told to stop; then apply what has been read, commit, leave.
 *
 * Takes:   signal_fd - readable: stop. hooks - borrowed.
 * Returns: OK when it was told to stop; else what made it stop. Nothing is lost in either case: what
 *          is not in Postgres is not committed, and is read again.
 */
MUST_CHECK enum error consume_run(const struct worker_config *config, int signal_fd,
	const struct consume_hooks *hooks, struct failure *failure);

/* Whether librdkafka takes the configuration. Returns: OK; E_CONFIG. */
MUST_CHECK enum error consume_check(const struct worker_config *config, struct failure *failure);

#endif
