/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limit_redis_health - how the connections of all loops to Redis are; it is said in the log and the
 * metrics, once for all of them.
 */
#ifndef INTAKE_GATEWAY_LIMIT_REDIS_HEALTH_H
#define INTAKE_GATEWAY_LIMIT_REDIS_HEALTH_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "shared/log.h"

struct limit_redis_health {
	pthread_mutex_t mutex;
	size_t connections;
	size_t untried; /* that neither work nor have failed yet */
	size_t working;
	bool is_away; /* said so last */
	struct log_limit warnings;
};

/* What one connection was noted as; its owner keeps it. */
enum limit_redis_share { SHARE_UNTRIED, SHARE_AWAY, SHARE_WORKING };

void limit_redis_health_init(struct limit_redis_health *health);
void limit_redis_health_fini(struct limit_redis_health *health);

/* One connection more, untried. Before any is noted. */
void limit_redis_health_join(struct limit_redis_health *health);

/* A connection works now, or does not: reason, for people. Thread: any. */
void limit_redis_health_note(struct limit_redis_health *health, enum limit_redis_share *share,
	bool works, const char *reason);

/*
 * Whether each connection has worked or failed once: before that, windows may not be the common ones.
 *
 * Thread: any.
 */
bool limit_redis_was_tried(struct limit_redis_health *health);

#endif
