/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_watch - how far behind the live workers are, looked at every few seconds by a thread of its own.
 *
 * It asks what the group has committed and joins nothing. Where Kafka does not answer, nothing is known, and
 * nobody is told to make room.
 */
#ifndef INTAKE_WORKER_LIVE_WATCH_H
#define INTAKE_WORKER_LIVE_WATCH_H

#include <stdint.h>

#include "shared/error.h"
#include "worker/backfill_pace.h"
#include "worker/config.h"

struct live_watch;

/*
 * Takes:   config - its topic and group are watched; borrowed, as pace is, as long as the watch lives.
 *          most_ms - an event that waits longer for a worker of the group makes them behind.
 * Returns: OK, ret_watch owned (live_watch_stop); E_CONFIG.
 */
MUST_CHECK enum error live_watch_start(const struct worker_config *config, int64_t most_ms,
	struct backfill_pace *pace, struct live_watch **ret_watch, struct failure *failure);

/* Waits for a question that is under way, a bounded time. Takes NULL too. */
void live_watch_stop(struct live_watch *watch);

#endif
