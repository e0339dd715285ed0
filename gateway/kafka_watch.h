/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kafka_watch - what readiness has to know of Kafka: whether it answers for the topic, whether the topic's
 * settings keep the promise, and whether its clock and ours agree.
 *
 * Design notes. The main thread asks; the admin's thread reads what came of it. Once Kafka has answered,
 * gateways stay ready while it is away: their "not stored" tells a sender more than a load balancer that
 * has none of them left. Settings that break the promise, or clocks that differ, make them not ready at
 * any time.
 */
#ifndef INTAKE_GATEWAY_KAFKA_WATCH_H
#define INTAKE_GATEWAY_KAFKA_WATCH_H

#include <stdint.h>

#include "gateway/config.h"
#include "gateway/produce.h"
#include "shared/buf.h"

struct kafka_watch;

/* Takes: config - borrowed. Returned owned. */
struct kafka_watch *kafka_watch_new(const struct gateway_config *config);

/* Takes NULL too. */
void kafka_watch_free(struct kafka_watch *watch);

/* Takes: producer - borrowed; it must outlive every call below. Thread: main, before the first of them. */
void kafka_watch_add(struct kafka_watch *watch, struct producer *producer);

/*
 * Ask Kafka; log what has changed.
 *
 * Returns: OK, ret_again_ms: when to ask again; E_KAFKA_FATAL: a producer cannot go on.
 * Thread:  main; blocks for seconds at most.
 */
MUST_CHECK enum error kafka_watch_probe(struct kafka_watch *watch, int64_t *ret_again_ms);

/* Add one sentence a line for each reason not to be ready. Thread: any. */
void kafka_watch_not_ready(struct kafka_watch *watch, struct buf *reasons);

/* Thread: any. */
void kafka_watch_refresh_metrics(const struct kafka_watch *watch);

#endif
