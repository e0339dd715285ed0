/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline - what happens to a webhook's request, step by step.
 *
 * Cheapest refusal first: an unknown key costs no parsing, a body that is too large is not read.
 */
#include "gateway/pipeline.h"

#include "gateway/metrics.h"
#include "gateway/produce.h"
#include "gateway/reply.h"
#include "shared/clock.h"

static const struct stage {
	submission_step *step;
	unsigned seconds; /* metric */
	bool of_senders;  /* it is about their request, which one of our own has not */
} stages[] = {
	{headers_step, METRIC_STAGE_HEADERS, true},
	{shed_step, METRIC_STAGE_SHED, false},
	{authenticate_step, METRIC_STAGE_AUTHENTICATE, true},
	{limit_step, METRIC_STAGE_LIMIT, false},
	{size_cap_step, METRIC_STAGE_SIZE_CAP, true},
	{read_body_step, METRIC_STAGE_READ_BODY, true},
	{parse_body_step, METRIC_STAGE_PARSE_BODY, false},
	{validate_step, METRIC_STAGE_VALIDATE, false},
	{encode_step, METRIC_STAGE_ENCODE, false},
	{produce_step, METRIC_STAGE_PRODUCE, false},
};

enum {
	STAGE_COUNT = sizeof(stages) / sizeof(*stages),
	STAGES_TIMED_ONE_IN = 16, /* requests: all would cost each 1 us of its 15 us of CPU */
};

static void link_submission(struct submission *submission)
{
	struct pipeline *pipeline = submission->pipeline;
	submission->older = pipeline->newest;
	if (pipeline->newest)
		pipeline->newest->newer = submission;
	pipeline->newest = submission;
	atomic_fetch_add(&pipeline->in_flight, 1);
}

static void unlink_submission(struct submission *submission)
{
	struct pipeline *pipeline = submission->pipeline;
	if (submission->newer)
		submission->newer->older = submission->older;
	else
		pipeline->newest = submission->older;
	if (submission->older)
		submission->older->newer = submission->newer;
	atomic_fetch_sub(&pipeline->in_flight, 1);
}

/* The answer; ends the submission. */
static void finish(struct submission *submission, enum error error)
{
	loop_disarm(&submission->deadline);
	produce_abandon(submission);
	enum error_blame blame = error_blame(error);
	limit_settle(submission, blame == BLAME_BUSY || blame == BLAME_BROKEN);
	unlink_submission(submission);
	if (submission->done)
		submission->done(submission, error);
	else if (error)
		reply_refuse(submission, error);
	else
		reply_accept(submission);
}

/* The stage that ran last is over, and the next one begins. */
static void time_stage(struct submission *submission)
{
	if (submission->stage_began_us == 0 || submission->stage == 0)
		return;
	int64_t now_us = clock_steady_us();
	metric_observe(stages[submission->stage - 1].seconds,
		(double)(now_us - submission->stage_began_us) / 1e6);
	submission->stage_began_us = now_us;
}

static void run(struct submission *submission)
{
	while (submission->stage < STAGE_COUNT) {
		const struct stage *stage = &stages[submission->stage++];
		if (submission->done && stage->of_senders)
			continue;
		enum error error = stage->step(submission);
		if (error == E_PENDING)
			return; /* it may have been answered and freed already */
		time_stage(submission);
		if (error) {
			finish(submission, error);
			return;
		}
	}
	finish(submission, OK);
}

void pipeline_resume(struct submission *submission, enum error error)
{
	time_stage(submission);
	if (error)
		finish(submission, error);
	else
		run(submission);
}

static struct submission *submission_of(struct loop_deadline *deadline)
{
	return (struct submission *)((char *)deadline - offsetof(struct submission, deadline));
}

/*
 * The last resort: message.timeout.ms is shorter, so Kafka's verdict comes first. (What comes before
 * Kafka has bounds of its own: the body's time-out, that of a key look-up.)
 */
static void on_deadline(struct loop_deadline *deadline)
{
	finish(submission_of(deadline), E_MAYBE_STORED);
}

static struct submission *begin(struct pipeline *pipeline, struct http_request *request)
{
	struct submission *submission = arena_alloc(&request->arena, sizeof(*submission));
	*submission = (struct submission){
		.pipeline = pipeline,
		.request = request,
		.wall_ns = clock_wall_ns(),
	};
	submission->request_id = uuid7_new(submission->wall_ns);
	link_submission(submission);
	return submission;
}

static struct submission *begin_senders(struct pipeline *pipeline, struct http_request *request)
{
	struct submission *submission = begin(pipeline, request);
	if (pipeline->begun++ % STAGES_TIMED_ONE_IN == 0)
		submission->stage_began_us = clock_steady_us();
	request->user = submission;
	return submission;
}

static void on_head(struct http_request *request, void *user)
{
	struct pipeline *pipeline = user;
	run(begin_senders(pipeline, request));
}

static void on_body(struct http_request *request, void *user)
{
	(void)user;
	pipeline_resume(request->user, OK);
}

static void on_failed(struct http_request *request, enum error error, void *user)
{
	struct submission *submission = request->user;
	if (error == E_OVERLOADED)
		metric_add(METRIC_SHED_MEMORY, 1);
	if (!submission)
		submission = begin_senders(user, request);
	pipeline_resume(submission, error);
}

static void on_refused(struct http_response *response, void *user)
{
	reply_refuse_connection(user, response);
}

void pipeline_enter(struct pipeline *pipeline, struct http_request *request, struct span body,
	const struct key_grant *grant, const struct api_key_digest *digest,
	void (*done)(struct submission *submission, enum error error), void *user)
{
	struct submission *submission = begin(pipeline, request);
	request->body = body;
	submission->done = done;
	submission->done_user = user;
	submission->lookup.grant = *grant;
	submission->lookup.digest = *digest;
	submission->authenticated = true;
	run(submission);
}

void pipeline_abandon(struct pipeline *pipeline)
{
	struct submission *submission = pipeline->newest;
	while (submission) {
		struct submission *older = submission->older;
		if (submission->tickets)
			finish(submission, E_MAYBE_STORED);
		else if (submission->question.waits)
			finish(submission, E_NOT_STORED);
		submission = older;
	}
}

void pipeline_init(struct pipeline *pipeline)
{
	pipeline->service = (struct http_service){
		.head = on_head,
		.body = on_body,
		.failed = on_failed,
		.refused = on_refused,
		.user = pipeline,
	};
	pipeline->refusals.every_ms = REPLY_LOG_EVERY_MS;
	pipeline->failures.every_ms = REPLY_LOG_EVERY_MS;
	loop_deadlines_init(pipeline->loop, &pipeline->answers,
		pipeline->config->gateway.answer_timeout_ms, on_deadline);
}

void pipeline_fini(struct pipeline *pipeline)
{
	buf_fini(&pipeline->headers);
	buf_fini(&pipeline->body);
}
