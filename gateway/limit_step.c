/* SPDX-License-Identifier: Apache-2.0 */
/* limit_step - fourth step: may this key make one more request now? */
#include "gateway/pipeline.h"
#include "shared/clock.h"

enum error limit_step(struct submission *submission)
{
	struct pipeline *pipeline = submission->pipeline;
	int64_t limit = submission->lookup.grant.requests_per_minute;
	if (limit <= 0)
		limit = pipeline->config->gateway.requests_per_minute;
	submission->limit = limiter_take(pipeline->limiter, &submission->lookup.digest,
		submission->wall_ns / CLOCK_NS_PER_MS, limit);
	submission->counted = submission->limit.allowed;
	return submission->limit.allowed ? OK : E_RATE_LIMITED;
}
