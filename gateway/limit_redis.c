/* SPDX-License-Identifier: Apache-2.0 */
/* limit_redis - the counts of all gateways' windows, kept in Redis (or Valkey). */
#include "gateway/limit_redis.h"

#include <stdio.h>
#include <stdlib.h>

#include "gateway/metrics.h"
#include "gateway/redis_link.h"
#include "shared/buf.h"
#include "shared/clock.h"
#include "shared/ensure.h"
#include "shared/memory.h"

enum {
	IN_FLIGHT_MOST =
		4096,      /* commands without an answer, a loop; beyond it Redis is not asked */
	FAILURES_MOST = 5, /* questions in a row without a good answer; then we connect anew */
	SHA_LEN = 40,
	NUMBER_BYTES = 20, /* of an int64_t that is not negative */
	KEY_BYTES = 128,
	WARN_EVERY_MS = 10000,
	REASON_BYTES = 160,
};

#define KEY_PREFIX "intake:limit:"

_Static_assert(LIMIT_WINDOW_MS == 60000, "the scripts say so");

/* KEYS: this window's count, the one before's. ARGV: ms since the window began, the limit. */
#define TAKE_SCRIPT                                                                                \
	"local found = redis.call('MGET', KEYS[1], KEYS[2])\n"                                     \
	"local count, previous = found[1] or '0', found[2] or '0'\n"                               \
	"local weighted = math.floor((1 - ARGV[1] / 60000) * previous)\n"                          \
	"if weighted + count < tonumber(ARGV[2]) and redis.call('INCR', KEYS[1]) == 1 then\n"      \
	"\tredis.call('PEXPIRE', KEYS[1], 120000)\n"                                               \
	"end\n"                                                                                    \
	"return count .. ' ' .. previous\n"

/* KEYS: the window's count. A count that is gone must not come back without an end. */
#define GIVE_SCRIPT                                                                                \
	"if tonumber(redis.call('GET', KEYS[1]) or '0') > 0 then\n"                                \
	"\tredis.call('DECR', KEYS[1])\n"                                                          \
	"end\n"                                                                                    \
	"return 'given'\n"

struct script {
	struct span source;
	char sha[SHA_LEN + 1]; /* as Redis says; set when a connection begins */
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
	struct script take;
	struct script give;
	struct limit_ticket *first;
	struct limit_ticket *last;
	struct limit_ticket *free_tickets;
	size_t in_flight;
	struct loop_deadlines timeouts;
	unsigned failures; /* in a row */
	bool tried;
	bool works;
	struct buf command; /* scratch */
};

/* ---- health */

void limit_redis_health_init(struct limit_redis_health *health)
{
	*health = (struct limit_redis_health){.warnings = {.every_ms = WARN_EVERY_MS}};
	ensure(pthread_mutex_init(&health->mutex, NULL) == 0);
}

void limit_redis_health_fini(struct limit_redis_health *health)
{
	(void)pthread_mutex_destroy(&health->mutex);
}

bool limit_redis_was_tried(struct limit_redis_health *health)
{
	(void)pthread_mutex_lock(&health->mutex);
	bool tried = health->untried == 0;
	(void)pthread_mutex_unlock(&health->mutex);
	return tried;
}

/* Takes: health - locked. */
static void say_away(struct limit_redis_health *health, const char *reason, int64_t now_ms)
{
	int64_t suppressed = log_limit_take(&health->warnings, now_ms);
	if (suppressed < 0)
		return;
	health->is_away = true;
	log_warn("limit.redis_away", log_text("reason", reason),
		log_text("meaning", "each gateway keeps the limit by itself"),
		log_int("suppressed", suppressed));
}

/* Takes: health - locked. */
static void say_back(struct limit_redis_health *health)
{
	health->is_away = false;
	log_info("limit.redis_up", log_int("connections", (int64_t)health->connections));
}

static void note_health(struct limit_redis *redis, bool works, const char *reason)
{
	struct limit_redis_health *health = redis->health;
	(void)pthread_mutex_lock(&health->mutex);
	bool all_were_tried = health->untried == 0;
	health->untried -= redis->tried ? 0 : 1;
	health->working += works ? 1 : 0;
	health->working -= redis->works ? 1 : 0;
	bool all_work = health->working == health->connections;
	metric_set(METRIC_LIMIT_REDIS_UP, all_work);
	if (all_work && (health->is_away || !all_were_tried))
		say_back(health);
	else if (!works && !health->is_away)
		say_away(health, reason, loop_now_ms(redis->loop));
	(void)pthread_mutex_unlock(&health->mutex);
	redis->tried = true;
	redis->works = works;
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

/* ---- commands, in Redis' protocol */

static void begin_command(struct buf *command, int64_t argument_count)
{
	buf_clear(command);
	buf_add_char(command, '*');
	buf_add_int(command, argument_count);
	buf_add(command, SPAN("\r\n"));
}

static void add_argument(struct buf *command, struct span text)
{
	buf_add_char(command, '$');
	buf_add_int(command, (int64_t)text.len);
	buf_add(command, SPAN("\r\n"));
	buf_add(command, text);
	buf_add(command, SPAN("\r\n"));
}

/* Not by printf: this is done for each request. Returns the length. */
static size_t number_text(char out[static NUMBER_BYTES], int64_t number)
{
	char backwards[NUMBER_BYTES];
	size_t len = 0;
	do {
		backwards[len++] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	for (size_t i = 0; i < len; i++)
		out[i] = backwards[len - 1 - i];
	return len;
}

static void add_number(struct buf *command, int64_t number)
{
	char text[NUMBER_BYTES];
	add_argument(command, span_from(text, number_text(text, number)));
}

static void add_key(struct buf *command, const struct api_key_digest *digest, int64_t index)
{
	static const char digits[] = "0123456789abcdef";
	char key[KEY_BYTES] = KEY_PREFIX "{";
	size_t len = sizeof(KEY_PREFIX "{") - 1;
	for (size_t i = 0; i < sizeof(digest->bytes); i++) {
		key[len++] = digits[digest->bytes[i] >> 4];
		key[len++] = digits[digest->bytes[i] & 15];
	}
	key[len++] = '}';
	key[len++] = ':';
	len += number_text(key + len, index);
	add_argument(command, span_from(key, len));
}

/* EVALSHA, or EVAL with the source where Redis does not have it (any more). */
static void begin_script(
	struct buf *command, const struct script *script, bool with_source, int64_t argument_count)
{
	begin_command(command, argument_count + 2);
	add_argument(command, with_source ? SPAN("EVAL") : SPAN("EVALSHA"));
	add_argument(command, with_source ? script->source : span_from(script->sha, SHA_LEN));
}

static void write_take(
	struct limit_redis *redis, const struct limit_ticket *ticket, bool with_source)
{
	struct buf *command = &redis->command;
	int64_t index = ticket->now_ms / LIMIT_WINDOW_MS;
	begin_script(command, &redis->take, with_source, 5);
	add_argument(command, SPAN("2"));
	add_key(command, &ticket->digest, index);
	add_key(command, &ticket->digest, index - 1);
	add_number(command, ticket->now_ms % LIMIT_WINDOW_MS);
	add_number(command, ticket->limit);
}

static void write_give(
	struct limit_redis *redis, const struct limit_ticket *ticket, bool with_source)
{
	struct buf *command = &redis->command;
	begin_script(command, &redis->give, with_source, 2);
	add_argument(command, SPAN("1"));
	add_key(command, &ticket->digest, ticket->now_ms / LIMIT_WINDOW_MS);
}

static void send_load(struct limit_redis *redis, enum errand errand, const struct script *script)
{
	begin_command(&redis->command, 3);
	add_argument(&redis->command, SPAN("SCRIPT"));
	add_argument(&redis->command, SPAN("LOAD"));
	add_argument(&redis->command, script->source);
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

static bool parse_count(struct span *text, int64_t *ret_count)
{
	int64_t count = 0;
	size_t at = 0;
	for (; at < text->len && text->base[at] >= '0' && text->base[at] <= '9'; at++) {
		if (count > INT32_MAX)
			return false;
		count = count * 10 + (text->base[at] - '0');
	}
	*ret_count = count;
	if (at == 0)
		return false;
	*text = span_from(text->base + at, text->len - at);
	return true;
}

/* "COUNT PREVIOUS" */
static bool parse_counts(
	struct span text, const struct limit_ticket *ticket, struct limit_window *ret_counts)
{
	struct limit_window counts = {.index = ticket->now_ms / LIMIT_WINDOW_MS};
	if (!parse_count(&text, &counts.count) || text.len == 0 || text.base[0] != ' ')
		return false;
	text = span_from(text.base + 1, text.len - 1);
	if (!parse_count(&text, &counts.previous) || text.len > 0)
		return false;
	*ret_counts = counts;
	return true;
}

static void finish(struct limit_question *question, bool answered)
{
	if (!question || !question->waits)
		return;
	question->waits = false;
	question->done(question, answered);
}

/* A question that Redis did not answer well. */
static void note_failure(struct limit_redis *redis, const char *reason)
{
	if (++redis->failures >= FAILURES_MOST)
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
	note_failure(redis, answer->is_error ? reason : "Redis answers what our scripts do not");
}

static void take_answered(
	struct limit_redis *redis, struct limit_ticket *ticket, const struct redis_answer *answer)
{
	struct limit_question *question = ticket->question;
	struct limit_window counts;
	if (question)
		question->ticket = NULL;
	if (!answer->is_error && parse_counts(answer->text, ticket, &counts)) {
		take_counts(redis, ticket, &counts);
		return;
	}
	if (question && question->waits)
		metric_add(METRIC_LIMIT_BY_LOCAL_ERROR, 1);
	finish(question, false);
	fail_by_answer(redis, answer);
}

static void load_answered(
	struct limit_redis *redis, struct script *script, const struct redis_answer *answer)
{
	if (answer->is_error || answer->text.len != SHA_LEN) {
		redis->failures = FAILURES_MOST;
		fail_by_answer(redis, answer);
		return;
	}
	memcpy(script->sha, answer->text.base, SHA_LEN);
}

static void probe_answered(struct limit_redis *redis, const struct limit_ticket *ticket,
	const struct redis_answer *answer)
{
	struct limit_window counts;
	if (answer->is_error || !parse_counts(answer->text, ticket, &counts)) {
		redis->failures = FAILURES_MOST;
		fail_by_answer(redis, answer);
		return;
	}
	redis->failures = 0;
	redis_link_ready(redis->link);
	note_health(redis, true, "");
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
	note_failure(redis, "Redis does not answer in time");
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
	note_health(redis, false, reason);
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
	redis->take.source = SPAN(TAKE_SCRIPT);
	redis->give.source = SPAN(GIVE_SCRIPT);
	loop_deadlines_init(loop, &redis->timeouts, timeout_ms, on_timeout);
	(void)pthread_mutex_lock(&health->mutex);
	health->connections++;
	health->untried++;
	(void)pthread_mutex_unlock(&health->mutex);
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
