/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline - what happens to a webhook's request, step by step; the service that one event loop's
 * HTTP server serves.
 */
#ifndef INTAKE_GATEWAY_PIPELINE_H
#define INTAKE_GATEWAY_PIPELINE_H

#include <stdatomic.h>

#include "gateway/config.h"
#include "gateway/submission.h"
#include "shared/buf.h"
#include "shared/log.h"

struct producer;

/* One a loop. */
struct pipeline {
	const struct gateway_config *config; /* borrowed, as all of these */
	struct loop *loop;
	struct keys *keys;
	struct limiter *limiter;
	struct limit_redis *limit_redis; /* NULL: this process's own windows decide */
	struct producer *producer;
	struct loop_deadlines answers; /* GATEWAY_ANSWER_TIMEOUT_MS */
	atomic_size_t in_flight;       /* submissions without an answer */
	struct submission *newest;     /* of those */
	uint64_t begun;                /* submissions so far */
	struct log_limit refusals;     /* a flood of bad requests must not fill the disk, */
	struct log_limit failures;     /* nor hide that we fail */
	struct buf headers;            /* scratch of reply.c */
	struct buf body;
	struct http_service service; /* the webhook's */
};

/* Takes: pipeline - config, loop, keys, limiter and producer are set; fills the rest. */
void pipeline_init(struct pipeline *pipeline);
void pipeline_fini(struct pipeline *pipeline);

/*
 * Send a contact of our own through all stages behind the key's: a test request.
 *
 * Takes:   request - whoever caused it; keeps it alive, has no submission; is not answered here.
 *          body - as a sender's, in the request's arena.
 *          grant, digest - what the key would have opened, and what is counted against the limit.
 *          done - called once, in the loop's thread, perhaps before this returns; the submission is
 *          valid within it. submission->done_user is `user`.
 */
void pipeline_enter(struct pipeline *pipeline, struct http_request *request, struct span body,
	const struct key_grant *grant, const struct api_key_digest *digest,
	void (*done)(struct submission *submission, enum error error), void *user);

/*
 * Answer what still waits, for Kafka's verdict (maybe stored) or for Redis' (not stored). For a drain
 * that took too long.
 *
 * Thread: the loop's, or any once the loop has ended.
 */
void pipeline_abandon(struct pipeline *pipeline);

/*
 * Go on with a submission that a step left pending.
 *
 * Takes: error - how that step ended: OK runs the next one, all else refuses.
 */
void pipeline_resume(struct submission *submission, enum error error);

#endif
