/* SPDX-License-Identifier: Apache-2.0 */
/* limit_redis - the counts of all gateways' windows, kept in Redis (or Valkey). */
#include "gateway/limit_redis.h"

#include <stdio.h>
#include <stdlib.h>

#include "gateway/limit_script.h"
#include "gateway/metrics.h"
#include "gateway/redis_link.h"
#include "shared/buf.h"
#include "shared/clock.h"
#include "shared/ensure.h"
#include "shared/memory.h"

enum {
	IN_FLIGHT_MOST =
		4096,      /* commands without an answer, a loop; beyond it Redis is not asked */
	FAILURES_MOST = 5, /* questions in a row without a good answer: then we connect anew, */
	HICCUP_MS = 200,   /* but not for a pause of Redis' that is shorter than this */
	REASON_BYTES = 160,
};

/* What a command was sent for. */
enum errand {
	LOAD_TAKE, /* the scripts, when a connection begins, */
	LOAD_GIVE,
	PROBE, /* and whether Redis counts */
	TAKE,
	GIVE,
};

/* One command without an answer; they stand in the order they were sent in. */
struct limit_ticket {
	struct limit_redis *redis;
	enum errand errand;
	struct limit_question *question; /* NULL: nobody asks any more */
	bool give_back;                  /* then: should it turn out to be counted */
	struct api_key_digest digest;
	int64_t now_ms;
	int64_t limit;
	int64_t asked_us;
	struct loop_deadline deadline;
	struct limit_ticket *next;
};

struct limit_redis {
	struct loop *loop;
	struct redis_link *link;
	struct limit_redis_health *health;
	struct limit_script take;
	struct limit_script give;
	struct limit_ticket *first;
	struct limit_ticket *last;
	struct limit_ticket *free_tickets;
	size_t in_flight;
	struct loop_deadlines timeouts;
	unsigned failures; /* in a row */
	int64_t failing_since_ms;
	bool works;
	enum limit_redis_share share; /* of the health of all */
	struct buf command;           /* scratch */
};

static void note_works(struct limit_redis *redis, bool works, const char *reason)
{
	redis->works = works;
	limit_redis_health_note(redis->health, &redis->share, works, reason);
}

/* ---- tickets */

static struct limit_ticket *ticket_new(struct limit_redis *redis, enum errand errand)
{
	struct limit_ticket *ticket = redis->free_tickets;
	if (ticket)
		redis->free_tickets = ticket->next;
	else
		ticket = memory_alloc(sizeof(*ticket));
	*ticket = (struct limit_ticket){.redis = redis, .errand = errand};
	return ticket;
}

static void ticket_give(struct limit_redis *redis, struct limit_ticket *ticket)
{
	loop_disarm(&ticket->deadline);
	ticket->next = redis->free_tickets;
	redis->free_tickets = ticket;
}

static struct limit_ticket *ticket_pop(struct limit_redis *redis)
{
	struct limit_ticket *ticket = redis->first;
	ensure(ticket != NULL); /* an answer to nothing */
	redis->first = ticket->next;
	if (!redis->first)
		redis->last = NULL;
	redis->in_flight--;
	ticket->next = NULL;
	return ticket;
}

/* Send the command in the scratch buffer. */
static void send_ticket(struct limit_redis *redis, struct limit_ticket *ticket)
{
	if (redis->last)
		redis->last->next = ticket;
	else
		redis->first = ticket;
	redis->last = ticket;
	redis->in_flight++;
	redis_link_send(redis->link, buf_span(&redis->command));
}

static void write_take(
	struct limit_redis *redis, const struct limit_ticket *ticket, bool with_source)
{
	limit_script_write_take(&redis->command, &redis->take, with_source, &ticket->digest,
		ticket->now_ms, ticket->limit);
}

static void write_give(
	struct limit_redis *redis, const struct limit_ticket *ticket, bool with_source)
{
	limit_script_write_give(
		&redis->command, &redis->give, with_source, &ticket->digest, ticket->now_ms);
}

static void send_load(
	struct limit_redis *redis, enum errand errand, const struct limit_script *script)
{
	limit_script_write_load(&redis->command, script);
	send_ticket(redis, ticket_new(redis, errand));
}

/* Count for a digest that no key has: a Redis that is out of memory, or a replica, does not. */
static void send_probe(struct limit_redis *redis)
{
	struct limit_ticket *ticket = ticket_new(redis, PROBE);
	ticket->now_ms = clock_wall_ms();
	ticket->limit = INT32_MAX;
	write_take(redis, ticket, true);
	send_ticket(redis, ticket);
}

static void send_give(
	struct limit_redis *redis, const struct api_key_digest *digest, int64_t now_ms)
{
	if (!redis->works || redis->in_flight >= IN_FLIGHT_MOST)
		return; /* it goes with its window */
	struct limit_ticket *ticket = ticket_new(redis, GIVE);
	ticket->digest = *digest;
	ticket->now_ms = now_ms;
	write_give(redis, ticket, false);
	send_ticket(redis, ticket);
}

/* ---- answers */

static void finish(struct limit_question *question, bool answered)
{
	if (!question || !question->waits)
		return;
	question->waits = false;
	question->done(question, answered);
}

/* A question that Redis did not answer well. lasting_ms: how long that must have been so. */
static void note_failure(struct limit_redis *redis, int64_t lasting_ms, const char *reason)
{
	int64_t now_ms = loop_now_ms(redis->loop);
	if (redis->failures++ == 0)
		redis->failing_since_ms = now_ms;
	if (redis->failures >= FAILURES_MOST && now_ms - redis->failing_since_ms >= lasting_ms)
		redis_link_fail(redis->link, reason);
}

static void count_answer(struct limit_redis *redis, const struct limit_ticket *ticket)
{
	redis->failures = 0;
	metric_add(METRIC_LIMIT_BY_REDIS, 1);
	metric_observe(METRIC_LIMIT_REDIS_SECONDS,
		(double)(loop_now_us(redis->loop) - ticket->asked_us) / 1e6);
}

/* In time or late: who still asks is told; what is counted and should not be is given back. */
static void take_counts(struct limit_redis *redis, const struct limit_ticket *ticket,
	const struct limit_window *counts)
{
	struct limit_question *question = ticket->question;
	struct limit_window judged = *counts;
	bool counted = limit_window_take(&judged, ticket->now_ms, ticket->limit).allowed;
	if (!question) {
		if (counted && ticket->give_back)
			send_give(redis, &ticket->digest, ticket->now_ms);
		return;
	}
	question->counted = counted;
	question->counts = *counts;
	if (question->waits)
		count_answer(redis, ticket);
	finish(question, true);
}

/* Redis forgets scripts when it starts, and when it is told to. */
static bool asks_for_source(const struct redis_answer *answer)
{
	return answer->is_error && span_starts_nocase(answer->text, SPAN("NOSCRIPT"));
}

static void fail_by_answer(struct limit_redis *redis, const struct redis_answer *answer)
{
	char reason[REASON_BYTES];
	struct span code = redis_answer_code(answer);
	(void)snprintf(reason, sizeof(reason), "Redis answers %.*s", (int)code.len, code.base);
	note_failure(redis, 0, answer->is_error ? reason : "Redis answers what our scripts do not");
}

static void take_answered(
	struct limit_redis *redis, struct limit_ticket *ticket, const struct redis_answer *answer)
{
	struct limit_question *question = ticket->question;
	struct limit_window counts;
	if (question)
		question->ticket = NULL;
	if (!answer->is_error && limit_script_parse_counts(answer->text, ticket->now_ms, &counts)) {
		take_counts(redis, ticket, &counts);
		return;
	}
	if (question && question->waits)
		metric_add(METRIC_LIMIT_BY_LOCAL_ERROR, 1);
	finish(question, false);
	fail_by_answer(redis, answer);
}

static void load_answered(
	struct limit_redis *redis, struct limit_script *script, const struct redis_answer *answer)
{
	if (answer->is_error || answer->text.len != LIMIT_SCRIPT_SHA_LEN) {
		redis->failures = FAILURES_MOST;
		fail_by_answer(redis, answer);
		return;
	}
	memcpy(script->sha, answer->text.base, LIMIT_SCRIPT_SHA_LEN);
}

static void probe_answered(struct limit_redis *redis, const struct limit_ticket *ticket,
	const struct redis_answer *answer)
{
	struct limit_window counts;
	if (answer->is_error || !limit_script_parse_counts(answer->text, ticket->now_ms, &counts)) {
		redis->failures = FAILURES_MOST;
		fail_by_answer(redis, answer);
		return;
	}
	redis->failures = 0;
	redis_link_ready(redis->link);
	note_works(redis, true, "");
}

/* Returns true when the ticket was sent once more. */
static bool send_with_source(struct limit_redis *redis, struct limit_ticket *ticket)
{
	if (ticket->errand == TAKE)
		write_take(redis, ticket, true);
	else if (ticket->errand == GIVE)
		write_give(redis, ticket, true);
	else
		return false;
	send_ticket(redis, ticket);
	return true;
}

static void on_answered(void *user, const struct redis_answer *answer)
{
	struct limit_redis *redis = user;
	struct limit_ticket *ticket = ticket_pop(redis);
	if (asks_for_source(answer) && send_with_source(redis, ticket))
		return;
	switch (ticket->errand) {
	case LOAD_TAKE:
		load_answered(redis, &redis->take, answer);
		break;
	case LOAD_GIVE:
		load_answered(redis, &redis->give, answer);
		break;
	case PROBE:
		probe_answered(redis, ticket, answer);
		break;
	case TAKE:
		take_answered(redis, ticket, answer);
		break;
	case GIVE:
		break; /* it goes with its window, should it have failed */
	}
	ticket_give(redis, ticket);
}

/* Nobody waits longer than this; the answer may still come, see take_counts. */
static void on_timeout(struct loop_deadline *deadline)
{
	struct limit_ticket *ticket =
		(struct limit_ticket *)((char *)deadline - offsetof(struct limit_ticket, deadline));
	struct limit_redis *redis = ticket->redis;
	if (ticket->question && ticket->question->waits)
		metric_add(METRIC_LIMIT_BY_LOCAL_TIMEOUT, 1);
	finish(ticket->question, false);
	note_failure(redis, HICCUP_MS, "Redis does not answer in time");
}

/* ---- the connection */

static void on_opened(void *user)
{
	struct limit_redis *redis = user;
	send_load(redis, LOAD_TAKE, &redis->take);
	send_load(redis, LOAD_GIVE, &redis->give);
	send_probe(redis);
}

/* No answer comes any more. Whether Redis has counted what it was asked, nobody knows. */
static void on_closed(void *user, const char *reason)
{
	struct limit_redis *redis = user;
	note_works(redis, false, reason);
	redis->failures = 0;
	while (redis->first) {
		struct limit_ticket *ticket = ticket_pop(redis);
		struct limit_question *question = ticket->question;
		ticket_give(redis, ticket);
		if (!question)
			continue;
		question->ticket = NULL;
		if (question->waits)
			metric_add(METRIC_LIMIT_BY_LOCAL_DOWN, 1);
		finish(question, false);
	}
}

/* ---- public */

enum error limit_redis_check(const char *url, struct failure *failure)
{
	struct redis_url parsed;
	enum error error = redis_url_parse(url, &parsed, failure);
	if (error)
		return error;
	error = redis_link_check(&parsed, failure);
	redis_url_fini(&parsed);
	return error;
}

struct limit_redis *limit_redis_new(struct loop *loop, const struct redis_url *url,
	int64_t timeout_ms, struct limit_redis_health *health)
{
	struct limit_redis *redis = memory_zeroed(1, sizeof(*redis));
	const struct redis_link_owner owner = {on_opened, on_answered, on_closed, redis};
	redis->loop = loop;
	redis->health = health;
	redis->take.source = limit_script_take_source;
	redis->give.source = limit_script_give_source;
	loop_deadlines_init(loop, &redis->timeouts, timeout_ms, on_timeout);
	limit_redis_health_join(health);
	redis->link = redis_link_new(loop, url, &owner);
	return redis;
}

void limit_redis_free(struct limit_redis *redis)
{
	if (!redis)
		return;
	redis_link_free(redis->link);
	while (redis->first)
		ticket_give(redis, ticket_pop(redis));
	while (redis->free_tickets) {
		struct limit_ticket *ticket = redis->free_tickets;
		redis->free_tickets = ticket->next;
		free(ticket);
	}
	buf_fini(&redis->command);
	free(redis);
}

bool limit_redis_ask(struct limit_redis *redis, struct limit_question *question)
{
	if (!redis->works || redis->in_flight >= IN_FLIGHT_MOST) {
		metric_add(
			redis->works ? METRIC_LIMIT_BY_LOCAL_FULL : METRIC_LIMIT_BY_LOCAL_DOWN, 1);
		return false;
	}
	struct limit_ticket *ticket = ticket_new(redis, TAKE);
	ticket->question = question;
	ticket->digest = question->digest;
	ticket->now_ms = question->now_ms;
	ticket->limit = question->limit;
	ticket->asked_us = loop_now_us(redis->loop);
	question->ticket = ticket;
	question->waits = true;
	question->counted = false;
	loop_arm(&redis->timeouts, &ticket->deadline);
	write_take(redis, ticket, false);
	send_ticket(redis, ticket);
	return true;
}

void limit_redis_settle(struct limit_redis *redis, struct limit_question *question, bool give_back)
{
	struct limit_ticket *ticket = question->ticket;
	question->waits = false;
	question->ticket = NULL;
	if (ticket) {
		ticket->question = NULL;
		ticket->give_back = give_back;
	} else if (question->counted && give_back) {
		send_give(redis, &question->digest, question->now_ms);
	}
}
