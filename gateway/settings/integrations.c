/* SPDX-License-Identifier: Apache-2.0 */
/* integrations - the page itself: what is known of the business, as its owner reads it. */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "gateway/settings/desk.h"
#include "gateway/settings/visit.h"
#include "shared/clock.h"

enum {
	VALUES_MOST = 48,
	NUMBER_BYTES = 24,
	TEST_SLOW_MS = 30 * 1000, /* longer: something is wrong, and said so */
};

/* The page's values as they are put together. */
struct values {
	struct arena *arena;
	struct template_value list[VALUES_MOST];
	size_t count;
};

static void add(struct values *values, struct template_value value)
{
	if (values->count < VALUES_MOST)
		values->list[values->count++] = value;
}

static void add_text(struct values *values, const char *name, struct span text)
{
	add(values, template_text(name, text));
}

static void add_flag(struct values *values, const char *name, bool flag)
{
	add(values, template_flag(name, flag));
}

static void add_number(struct values *values, const char *name, int64_t number)
{
	char text[NUMBER_BYTES];
	int len = snprintf(text, sizeof(text), "%" PRId64, number);
	add_text(values, name, arena_copy(values->arena, span_from(text, (size_t)len)));
}

/* Both forms of a moment: for people, and for the script to say how long ago. Takes: ms - 0: never. */
static void add_time(struct values *values, const char *name, const char *iso_name, int64_t ms)
{
	char iso[CLOCK_RFC3339_BYTES] = "";
	char text[64] = "";
	time_t seconds = (time_t)(ms / 1000);
	struct tm utc;
	if (ms > 0) {
		clock_rfc3339(iso, ms);
		(void)gmtime_r(&seconds, &utc);
		(void)strftime(text, sizeof(text), "%-d %b %Y, %H:%M UTC", &utc);
	}
	add_text(values, name, arena_copy(values->arena, span_of(text)));
	add_text(values, iso_name, arena_copy(values->arena, span_of(iso)));
}

static void add_key(struct values *values, const struct visit *visit)
{
	const struct store_state *state = &visit->state;
	struct span new_key =
		visit->shows_key ? span_from(visit->new_key.text, API_KEY_LEN) : SPAN("");
	add_text(values, "new_key", new_key);
	add_text(values, "sample_key", new_key.len ? new_key : SPAN("YOUR_KEY"));
	add_flag(values, "has_key", state->key.prefix.base);
	add_flag(values, "foreign_key", state->has_hash && !state->key.prefix.base);
	add_flag(values, "any_key", state->has_hash || state->key.prefix.base);
	add_text(values, "key_prefix", state->key.prefix);
	add_time(values, "key_created", "key_created_iso", state->key.created_ms);
	add_time(values, "key_used", "key_used_iso", state->key.used_ms);
	add_text(values, "old_prefix", state->old_key.prefix);
	add_time(values, "old_used", "old_used_iso", state->old_key.used_ms);
	add_time(values, "old_ends", "old_ends_iso", state->old_key.ends_ms);
}

/* What the gateway said of it, for the owner. */
static struct span words_for(struct span problem)
{
	static const struct {
		struct span slug;
		struct span words;
	} rows[] = {
		{SPAN("rate_limited"), SPAN("The limit is used up for now. Wait a minute.")},
		{SPAN("overloaded"),
			SPAN("The gateway has more to do than it can. Try again in a moment.")},
		{SPAN("not_stored"),
			SPAN("Kafka did not take it: it may be down. Tell whoever runs "
			     "Intake. Senders are told to try again, so that nothing "
			     "is lost.")},
		{SPAN("maybe_stored"),
			SPAN("Kafka did not answer in time, so nobody knows whether "
			     "it has the contact. If it comes, it is deleted again.")},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (span_equal(problem, rows[i].slug))
			return rows[i].words;
	}
	return SPAN("The gateway refused it. Tell whoever runs Intake.");
}

static void add_seconds(struct values *values, const char *name, int64_t ms)
{
	char text[NUMBER_BYTES];
	int len = snprintf(text, sizeof(text), "%.1f", (double)(ms > 100 ? ms : 100) / 1000);
	add_text(values, name, arena_copy(values->arena, span_from(text, (size_t)len)));
}

static void add_test(struct values *values, const struct visit *visit)
{
	const struct store_test *test = &visit->test;
	char *id = arena_alloc(values->arena, UUID_TEXT_LEN + 1);
	bool is_applied = test->applied_ms >= 0;
	bool is_slow = test->waited_ms > TEST_SLOW_MS;
	uuid_format(id, &visit->test_id);
	add_flag(values, "test_shown", test->found);
	add_text(values, "test_id", span_of(id));
	add_text(values, "test_problem", test->problem.base ? words_for(test->problem) : SPAN(""));
	add_flag(values, "test_unsure",
		test->problem.base && span_equal(test->problem, SPAN("maybe_stored")));
	add_number(values, "test_partition", test->partition);
	add_number(values, "test_offset", test->offset);
	add_flag(values, "test_applied", is_applied);
	add_flag(values, "test_slow", is_slow);
	add_flag(values, "test_waits", !test->problem.base && !is_applied);
	add_seconds(values, "test_seconds", is_applied ? test->applied_ms : test->waited_ms);
}

static int64_t limit_of(const struct visit *visit)
{
	return visit->state.requests_per_minute > 0
		       ? visit->state.requests_per_minute
		       : visit->site->config->gateway.requests_per_minute;
}

static void show(struct visit *visit)
{
	char form_token[TOKEN_FORM_LEN + 1];
	struct values values = {.arena = &visit->arena};
	token_form(&visit->session, form_token);
	add_text(&values, "title", SPAN("Integrations"));
	add_text(&values, "public_url", buf_span(&visit->site->public_url));
	add_text(&values, "business_name", visit->state.name);
	add_flag(&values, "several", visit->state.several);
	add_text(&values, "form_token", span_of(form_token));
	add_number(&values, "turn", visit->state.turn);
	add_key(&values, visit);
	add_test(&values, visit);
	add_number(&values, "limit", limit_of(visit));
	add_number(&values, "used", visit->used < limit_of(visit) ? visit->used : limit_of(visit));
	const struct template_scope scope = {values.list, values.count, NULL};
	visit_show(visit, "integrations", &scope);
}

/* ---- this minute's use of the limit */

static void asked(struct limit_question *question, bool answered)
{
	struct visit *visit = (struct visit *)((char *)question - offsetof(struct visit, question));
	if (answered)
		visit->used = limit_window_used(question->counts, question->now_ms);
	limit_redis_settle(visit->desk->pipeline->limit_redis, question, false);
	show(visit);
}

/* A limit of nothing lets nothing pass: what Redis answers is counted for nobody. */
static bool ask_redis(struct visit *visit)
{
	struct limit_redis *redis = visit->desk->pipeline->limit_redis;
	if (!redis)
		return false;
	visit->question = (struct limit_question){
		.digest = visit->state.digest,
		.now_ms = clock_wall_ms(),
		.limit = 0,
		.done = asked,
	};
	return limit_redis_ask(redis, &visit->question);
}

enum error integrations_work(struct visit *visit, struct store *store, struct failure *failure)
{
	struct span id = brought_field(visit->request->query, SPAN("test"), &visit->arena);
	enum error error = store_state(store, &visit->session_digest, &visit->arena, &visit->state,
		&visit->answer, failure);
	if (error || visit->answer != STORE_DONE || !uuid_parse(id, &visit->test_id))
		return error;
	return store_look_at_test(store, &visit->session_digest, &visit->test_id, &visit->arena,
		&visit->test, failure);
}

void integrations_finish(struct visit *visit)
{
	if (visit_refused(visit))
		return;
	site_note_session(visit->site, &visit->session_digest);
	if (!visit->state.has_business) {
		visit_redirect(visit, "/settings/business");
		return;
	}
	visit->used =
		limiter_used(visit->desk->pipeline->limiter, &visit->state.digest, clock_wall_ms());
	if (!visit->state.key.prefix.base || !ask_redis(visit))
		show(visit);
}

void integrations_elsewhere(struct visit *visit)
{
	visit_redirect(visit, "/settings");
}
