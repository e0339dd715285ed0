/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limit_step - fourth step: may this key make one more request now?
 *
 * Design notes. With GATEWAY_REDIS_URL the common window decides, and what passes is counted in this
 * process's own window as well. So the own window knows the last minute when Redis goes away, and
 * bounds what passes when Redis comes back empty: a request passes only where both let it. (In between
 * the own window never refuses what the common one lets pass: its counts are a part of those.)
 */
#include "gateway/pipeline.h"
#include "shared/clock.h"

static int64_t limit_of(const struct submission *submission)
{
	int64_t limit = submission->lookup.grant.requests_per_minute;
	return limit > 0 ? limit : submission->pipeline->config->gateway.requests_per_minute;
}

/* By this process's own window. */
static enum error decide(struct submission *submission)
{
	submission->limit = limiter_take(submission->pipeline->limiter, &submission->lookup.digest,
		submission->wall_ns / CLOCK_NS_PER_MS, limit_of(submission));
	submission->counted = submission->limit.allowed;
	return submission->limit.allowed ? OK : E_RATE_LIMITED;
}

/* By the common window's counts. */
static enum error judge(struct submission *submission)
{
	const struct limit_question *question = &submission->question;
	struct limit_window window = question->counts;
	struct limit_verdict verdict =
		limit_window_take(&window, question->now_ms, question->limit);
	if (verdict.allowed && decide(submission))
		return E_RATE_LIMITED;
	verdict.index = submission->limit.index; /* the own window is given back by it */
	submission->limit = verdict;
	return verdict.allowed ? OK : E_RATE_LIMITED;
}

static void asked(struct limit_question *question, bool answered)
{
	struct submission *submission =
		(struct submission *)((char *)question - offsetof(struct submission, question));
	pipeline_resume(submission, answered ? judge(submission) : decide(submission));
}

enum error limit_step(struct submission *submission)
{
	struct pipeline *pipeline = submission->pipeline;
	if (!pipeline->limit_redis)
		return decide(submission);
	submission->question = (struct limit_question){
		.digest = submission->lookup.digest,
		.now_ms = submission->wall_ns / CLOCK_NS_PER_MS,
		.limit = limit_of(submission),
		.done = asked,
	};
	return limit_redis_ask(pipeline->limit_redis, &submission->question) ? E_PENDING
									     : decide(submission);
}

void limit_settle(struct submission *submission, bool give_back)
{
	struct pipeline *pipeline = submission->pipeline;
	if (submission->counted && give_back) {
		limiter_give_back(
			pipeline->limiter, &submission->lookup.digest, submission->limit.index);
		submission->limit.remaining++;
	}
	/* What this process refused does not count in Redis either. */
	if (pipeline->limit_redis)
		limit_redis_settle(pipeline->limit_redis, &submission->question,
			give_back || !submission->counted);
}
