/* SPDX-License-Identifier: Apache-2.0 */
/* test_keys - look-ups through cache, pool and slow hashes, on a Postgres made up. */
#include "gateway/keys.h"

#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "gateway/key_attempts.h"
#include "gateway/key_legacy.h"
#include "gateway/key_pool.h"
#include "gateway/key_store.h"
#include "gateway/metrics.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "tests/unit/gateway_keys/fake_store.h"
#include "tests/unit/test.h"

enum { REQUESTS_MOST = 4096, AGING_MS = KEY_CACHE_FRESH_MS - 5000 };

static const struct uuid business = {{1, 2, 3}};

/* A request that brings a key. */
struct request {
	struct api_key key;
	struct key_lookup lookup;
	enum error answer; /* E_PENDING: not yet */
};

static struct {
	struct keys *keys;
	struct loop *loop;
	struct request requests[REQUESTS_MOST];
	size_t waiting;
} test;

static void begin(int64_t legacy_keys_most)
{
	const struct key_settings settings = {.legacy_keys_most = legacy_keys_most};
	struct failure failure = {.error = OK};
	log_set_level(LOG_LEVEL_ERROR);
	gateway_metrics_init();
	test.loop = loop_new();
	ck_assert_int_eq(keys_start(&settings, "", &test.keys, &failure), OK);
}

static void sleep_ms(long ms)
{
	const struct timespec wait = {.tv_nsec = ms * 1000000};
	(void)nanosleep(&wait, NULL);
}

static void await_ready(void)
{
	struct buf reasons = {0};
	for (int i = 0; i < 1000 && !keys_ready(test.keys, &reasons); i++)
		sleep_ms(5);
	buf_clear(&reasons);
	ck_assert(keys_ready(test.keys, &reasons));
	buf_fini(&reasons);
}

static void end(void)
{
	keys_stop(test.keys);
	loop_free(test.loop);
	metrics_fini();
}

static void note_answer(struct key_lookup *lookup)
{
	struct request *request =
		(struct request *)((char *)lookup - offsetof(struct request, lookup));
	ck_assert_int_eq(request->answer, E_PENDING);
	request->answer = lookup->error;
	if (--test.waiting == 0)
		loop_stop(test.loop);
}

static struct api_key_digest digest_of(const struct api_key *key)
{
	return api_key_digest(span_of(key->text));
}

/* Takes: key - NULL: an invented one. later_ms - how much later than now it comes. */
static struct request *ask_from(
	const char *peer, size_t number, const struct api_key *key, int64_t later_ms)
{
	struct request *request = &test.requests[number];
	if (key)
		request->key = *key;
	else
		api_key_generate(&request->key);
	request->lookup = (struct key_lookup){.loop = test.loop,
		.key = span_from(request->key.text, API_KEY_LEN),
		.peer = span_of(peer),
		.done = note_answer};
	request->answer = keys_find(test.keys, &request->lookup, clock_wall_ms() + later_ms,
		clock_steady_ms() + later_ms);
	test.waiting += request->answer == E_PENDING;
	return request;
}

static struct request *ask(size_t number, const struct api_key *key, int64_t later_ms)
{
	return ask_from("192.0.2.1", number, key, later_ms);
}

static void await_answers(void)
{
	if (test.waiting > 0) {
		loop_run(test.loop);
		/* One that was stopped stays so. */
		loop_free(test.loop);
		test.loop = loop_new();
	}
	ck_assert_uint_eq(test.waiting, 0);
}

/* The answer to this request, while others wait for theirs. */
static enum error await_one(const struct request *request)
{
	while (request->answer == E_PENDING) {
		loop_run_posted(test.loop);
		sleep_ms(1);
	}
	return request->answer;
}

/* The answer to one request, however it comes. */
static enum error answer_to(const struct api_key *key, int64_t later_ms)
{
	const struct request *request = ask(0, key, later_ms);
	await_answers();
	return request->answer;
}

/* A key that Postgres knows. */
static struct api_key known_key(void)
{
	struct api_key key;
	api_key_generate(&key);
	struct api_key_digest digest = digest_of(&key);
	fake_add(&digest, business);
	return key;
}

START_TEST(a_key_is_looked_up_once)
{
	fake_reset();
	struct api_key key = known_key();
	begin(0);
	await_ready();
	const struct request *request = ask(0, &key, 0);
	ck_assert_int_eq(request->answer, E_PENDING);
	await_answers();
	ck_assert_int_eq(request->answer, OK);
	ck_assert_int_eq(uuid_compare(&request->lookup.grant.business_id, &business), 0);
	ck_assert_int_eq(ask(0, &key, 0)->answer, OK);
	ck_assert_int_eq(uuid_compare(&request->lookup.grant.business_id, &business), 0);
	ck_assert_uint_eq(fake_queries(), 1);
	end();
}
END_TEST

START_TEST(an_invented_key_is_looked_up_once)
{
	struct api_key key;
	api_key_generate(&key);
	fake_reset();
	begin(0);
	await_ready();
	ck_assert_int_eq(ask(0, &key, 0)->answer, E_PENDING);
	await_answers();
	ck_assert_int_eq(test.requests[0].answer, E_INVALID_API_KEY);
	ck_assert_int_eq(ask(0, &key, 0)->answer, E_INVALID_API_KEY);
	ck_assert_uint_eq(fake_queries(), 1);
	end();
}
END_TEST

START_TEST(keys_that_wait_are_asked_for_together)
{
	fake_reset();
	begin(0);
	await_ready();
	fake_hold(true);
	for (size_t i = 0; i < 640; i++)
		ck_assert_int_eq(ask(i, NULL, 0)->answer, E_PENDING);
	fake_hold(false);
	await_answers();
	ck_assert_uint_eq(fake_asked(), 640);
	/* Each thread may have taken some before the others came. */
	ck_assert_uint_le(fake_queries(), 640 / KEY_STORE_BATCH_MOST + 2 * KEY_POOL_THREADS);
	end();
}
END_TEST

START_TEST(a_full_queue_refuses_the_rest)
{
	fake_reset();
	begin(0);
	await_ready();
	fake_hold(true);
	size_t taken = 0;
	for (size_t i = 0; i < 2000; i++) {
		enum error answer = ask(i, NULL, 0)->answer;
		ck_assert(answer == E_PENDING || answer == E_KEYS_UNAVAILABLE);
		taken += answer == E_PENDING;
	}
	ck_assert_uint_ge(taken, KEY_POOL_QUEUE_MOST);
	ck_assert_uint_le(taken, KEY_POOL_QUEUE_MOST + KEY_POOL_THREADS * KEY_STORE_BATCH_MOST);
	fake_hold(false);
	await_answers();
	end();
}
END_TEST

START_TEST(a_known_key_goes_before_all_invented_ones)
{
	fake_reset();
	struct api_key key = known_key();
	struct api_key_digest digest = digest_of(&key);
	begin(0);
	await_ready();
	ck_assert_int_eq(answer_to(&key, 0), OK);
	fake_reset();
	fake_add(&digest, business);
	fake_hold(true);
	for (size_t i = 0; i < 2000; i++)
		(void)ask(i, NULL, 0);
	/* Too old to be used as it is. */
	ck_assert_int_eq(ask(2000, &key, KEY_CACHE_FRESH_MS)->answer, E_PENDING);
	fake_hold(false);
	await_answers();
	ck_assert_int_eq(test.requests[2000].answer, OK);
	ck_assert_uint_le(fake_place(&digest), KEY_POOL_THREADS * KEY_STORE_BATCH_MOST);
	end();
}
END_TEST

START_TEST(a_flood_from_one_address_keeps_no_other_out)
{
	fake_reset();
	struct api_key key = known_key();
	struct api_key_digest digest = digest_of(&key);
	begin(0);
	await_ready();
	fake_hold(true);
	for (size_t i = 0; i < 2000; i++)
		(void)ask(i, NULL, 0);
	ck_assert_int_eq(ask_from("192.0.2.2", 2000, &key, 0)->answer, E_PENDING);
	fake_hold(false);
	await_answers();
	ck_assert_int_eq(test.requests[2000].answer, OK);
	/* Behind those that were asked for already, and one of the flood. */
	ck_assert_uint_le(fake_place(&digest), KEY_POOL_THREADS * KEY_STORE_BATCH_MOST + 1);
	end();
}
END_TEST

START_TEST(a_key_that_was_refused_goes_first_when_it_comes_back)
{
	fake_reset();
	struct api_key key = known_key();
	struct api_key_digest digest = digest_of(&key);
	begin(0);
	await_ready();
	fake_hold(true);
	size_t next = 0;
	while (next < 2000 && ask(next, NULL, 0)->answer == E_PENDING)
		next++;
	ck_assert_int_eq(ask(next, &key, 0)->answer, E_KEYS_UNAVAILABLE);
	ck_assert_int_eq(ask(next, &key, 0)->answer, E_PENDING);
	fake_hold(false);
	await_answers();
	ck_assert_int_eq(test.requests[next].answer, OK);
	ck_assert_uint_le(fake_place(&digest), KEY_POOL_THREADS * KEY_STORE_BATCH_MOST);
	end();
}
END_TEST

START_TEST(a_key_in_use_is_looked_up_beside_its_requests)
{
	fake_reset();
	struct api_key key = known_key();
	begin(0);
	await_ready();
	ck_assert_int_eq(answer_to(&key, 0), OK);
	fake_hold(true);
	ck_assert_int_eq(ask(0, &key, AGING_MS)->answer, OK);
	ck_assert_int_eq(ask(0, &key, AGING_MS)->answer, OK);
	fake_hold(false);
	for (int i = 0; i < 1000 && fake_queries() < 2; i++)
		sleep_ms(5);
	sleep_ms(20);
	ck_assert_uint_eq(fake_queries(), 2);
	end();
}
END_TEST

START_TEST(a_key_that_is_no_more_is_found_out_beside_its_requests)
{
	fake_reset();
	struct api_key key = known_key();
	struct api_key_digest digest = digest_of(&key);
	begin(0);
	await_ready();
	ck_assert_int_eq(answer_to(&key, 0), OK);
	fake_remove(&digest);
	ck_assert_int_eq(ask(0, &key, AGING_MS)->answer, OK);
	for (int i = 0; i < 1000 && answer_to(&key, 0) == OK; i++)
		sleep_ms(5);
	ck_assert_int_eq(answer_to(&key, 0), E_INVALID_API_KEY);
	end();
}
END_TEST

START_TEST(a_connection_that_broke_meanwhile_is_nobodys_concern)
{
	fake_reset();
	struct api_key key = known_key();
	begin(0);
	await_ready();
	for (int i = 0; i < 20; i++) {
		fake_break();
		key_cache_drop_all(fake_cache());
		ck_assert_int_eq(answer_to(&key, 0), OK);
		ck_assert_int_eq(answer_to(NULL, 0), E_INVALID_API_KEY);
	}
	end();
}
END_TEST

START_TEST(known_keys_work_while_postgres_is_away)
{
	fake_reset();
	struct api_key key = known_key();
	begin(0);
	await_ready();
	ck_assert_int_eq(answer_to(&key, 0), OK);
	fake_set_up(false);
	ck_assert_int_eq(answer_to(NULL, 0), E_KEYS_UNAVAILABLE);
	ck_assert_int_eq(answer_to(&key, KEY_CACHE_FRESH_MS), OK);
	ck_assert_int_eq(answer_to(&key, KEY_CACHE_AWAY_MS), E_KEYS_UNAVAILABLE);
	fake_set_up(true);
	enum error error = E_KEYS_UNAVAILABLE;
	for (int i = 0; i < 1000 && error == E_KEYS_UNAVAILABLE; i++) {
		sleep_ms(5);
		error = answer_to(NULL, 0);
	}
	ck_assert_int_eq(error, E_INVALID_API_KEY);
	end();
}
END_TEST

START_TEST(one_connection_is_enough_where_postgres_lets_no_more_in)
{
	fake_reset();
	struct api_key key = known_key();
	fake_allow_connections(1);
	begin(0);
	await_ready();
	sleep_ms(100); /* the other thread was refused by now */
	ck_assert_int_eq(answer_to(&key, 0), OK);
	ck_assert_int_eq(answer_to(NULL, 0), E_INVALID_API_KEY);
	end();
}
END_TEST

START_TEST(a_start_without_postgres_is_no_failure_and_not_ready)
{
	struct buf reasons = {0};
	fake_reset();
	struct api_key key = known_key();
	fake_set_up(false);
	begin(10);
	ck_assert(!keys_ready(test.keys, &reasons));
	ck_assert_uint_gt(reasons.len, 0);
	buf_fini(&reasons);
	ck_assert_int_eq(answer_to(&key, 0), E_KEYS_UNAVAILABLE);
	end();
	fake_set_up(true);
	begin(10);
	await_ready();
	ck_assert_int_eq(answer_to(&key, 0), OK);
	end();
}
END_TEST

START_TEST(what_waits_when_we_stop_is_answered)
{
	fake_reset();
	begin(0);
	await_ready();
	fake_hold(true);
	for (size_t i = 0; i < 500; i++)
		ck_assert_int_eq(ask(i, NULL, 0)->answer, E_PENDING);
	fake_hold(false);
	keys_stop(test.keys);
	await_answers();
	loop_free(test.loop);
	metrics_fini();
}
END_TEST

/* A key, and the business that has only its slow hash. */
static struct api_key legacy_key(struct uuid business_id)
{
	struct api_key key;
	char stored[API_KEY_STORED_LEN + 1];
	api_key_generate(&key);
	ck_assert_int_eq(api_key_hash(span_of(key.text), stored), OK);
	fake_add_legacy(stored, business_id);
	return key;
}

START_TEST(a_slow_hash_is_computed_for_the_first_request_only)
{
	fake_reset();
	struct api_key key = legacy_key(business);
	begin(10);
	await_ready();
	ck_assert_int_eq(answer_to(&key, 0), OK);
	ck_assert_int_eq(uuid_compare(&test.requests[0].lookup.grant.business_id, &business), 0);
	ck_assert_uint_eq(metric_count(METRIC_KEY_LEGACY_HASHES), 1);
	key_cache_drop_all(fake_cache());
	ck_assert_int_eq(answer_to(&key, 0), OK);
	ck_assert_uint_eq(metric_count(METRIC_KEY_LEGACY_HASHES), 1);
	end();
}
END_TEST

START_TEST(requests_with_one_legacy_key_cost_one_slow_hash)
{
	fake_reset();
	struct api_key key = legacy_key(business);
	begin(10);
	await_ready();
	for (size_t i = 0; i < KEY_ATTEMPTS_SAME_MOST; i++)
		(void)ask(i, &key, 0);
	await_answers();
	for (size_t i = 0; i < KEY_ATTEMPTS_SAME_MOST; i++) {
		ck_assert_int_eq(test.requests[i].answer, OK);
		ck_assert_int_eq(
			uuid_compare(&test.requests[i].lookup.grant.business_id, &business), 0);
	}
	ck_assert_uint_eq(metric_count(METRIC_KEY_LEGACY_HASHES), 1);
	end();
}
END_TEST

START_TEST(an_invented_key_costs_a_slow_hash_a_business_and_then_none)
{
	struct api_key key;
	api_key_generate(&key);
	fake_reset();
	(void)legacy_key(business);
	(void)legacy_key(business);
	begin(10);
	await_ready();
	ck_assert_int_eq(answer_to(&key, 0), E_INVALID_API_KEY);
	ck_assert_uint_eq(metric_count(METRIC_KEY_LEGACY_HASHES), 2);
	ck_assert_int_eq(answer_to(&key, 0), E_INVALID_API_KEY);
	ck_assert_uint_eq(metric_count(METRIC_KEY_LEGACY_HASHES), 2);
	end();
}
END_TEST

START_TEST(a_legacy_key_made_after_the_start_is_found_after_its_notice)
{
	fake_reset();
	begin(10);
	await_ready();
	ck_assert_int_eq(answer_to(NULL, 0), E_INVALID_API_KEY);
	struct api_key key = legacy_key(business);
	key_cache_drop_business(fake_cache(), &business);
	ck_assert_int_eq(answer_to(&key, 0), OK);
	end();
}
END_TEST

START_TEST(without_legacy_keys_a_notice_costs_no_look_up_its_answer)
{
	fake_reset();
	begin(10);
	await_ready();
	key_cache_drop_business(fake_cache(), &business);
	for (size_t i = 0; i < 500; i++)
		ck_assert_int_eq(ask(i, NULL, 0)->answer, E_PENDING);
	await_answers();
	for (size_t i = 0; i < 500; i++)
		ck_assert_int_eq(test.requests[i].answer, E_INVALID_API_KEY);
	ck_assert_uint_eq(metric_count(METRIC_KEY_LEGACY_REFUSED), 0);
	end();
}
END_TEST

/* Each invented key comes from an address of its own, so that no budget stops it. */
static void ask_flood(size_t first, size_t count)
{
	static char peers[REQUESTS_MOST][48];
	for (size_t i = first; i < first + count; i++) {
		(void)snprintf(peers[i], sizeof(peers[i]), "10.0.%zu.%zu", i / 250, i % 250);
		(void)ask_from(peers[i], i, NULL, 0);
	}
}

START_TEST(in_a_flood_a_legacy_key_gets_in_when_it_comes_back)
{
	enum { ROWS = 6, SENDER = 0 };
	fake_reset();
	struct api_key key = legacy_key(business);
	for (size_t i = 1; i < ROWS; i++)
		(void)legacy_key((struct uuid){{(uint8_t)(100 + i)}});
	begin(10);
	await_ready();
	ask_flood(1, 2 * KEY_ATTEMPTS_FLOOD);
	while (metric_count(METRIC_KEY_LEGACY_REFUSED) < KEY_ATTEMPTS_FLOOD)
		sleep_ms(1);
	ck_assert_int_eq(await_one(ask_from("192.0.2.2", SENDER, &key, 0)), E_KEYS_UNAVAILABLE);
	uint64_t before = metric_count(METRIC_KEY_LEGACY_HASHES);
	ck_assert_int_eq(await_one(ask_from("192.0.2.2", SENDER, &key, 0)), OK);
	/* Its own, and what each thread was at. */
	ck_assert_uint_le(
		metric_count(METRIC_KEY_LEGACY_HASHES) - before, ROWS + 2 * KEY_LEGACY_THREADS);
	keys_stop(test.keys);
	loop_run_posted(test.loop);
	ck_assert_uint_eq(test.waiting, 0);
	loop_free(test.loop);
	metrics_fini();
}
END_TEST

/* The last business is taken over while invented keys wait: there is nothing left to try them against. */
START_TEST(keys_that_wait_when_the_last_legacy_key_is_taken_over_are_answered)
{
	enum { INVENTED = 8 };
	fake_reset();
	struct api_key key = legacy_key(business);
	begin(10);
	await_ready();
	/* The load that comes with the first look-up must be long enough ago for another one. */
	ck_assert_int_eq(answer_to(NULL, 0), E_INVALID_API_KEY);
	for (int waited_ms = 0; waited_ms < KEY_LEGACY_LOAD_LEAST_MS; waited_ms += 500)
		sleep_ms(500);
	(void)ask_from("192.0.2.2", 0, &key, 0);
	ask_flood(1, INVENTED);
	await_answers();
	ck_assert_int_eq(test.requests[0].answer, OK);
	for (size_t i = 1; i <= INVENTED; i++)
		ck_assert_int_eq(test.requests[i].answer, E_INVALID_API_KEY);
	ck_assert_uint_lt(metric_count(METRIC_KEY_LEGACY_HASHES), INVENTED);
	end();
}
END_TEST

START_TEST(a_key_is_not_called_unknown_where_not_all_hashes_were_tried)
{
	fake_reset();
	begin(1);
	await_ready();
	(void)legacy_key(business);
	(void)legacy_key(business);
	key_cache_drop_all(fake_cache());
	log_set_level(LOG_LEVEL_ERROR + 1);
	ck_assert_int_eq(answer_to(NULL, 0), E_KEYS_UNAVAILABLE);
	end();
}
END_TEST

START_TEST(more_legacy_keys_than_allowed_stop_the_start)
{
	const struct key_settings settings = {.legacy_keys_most = 1};
	struct failure failure = {.error = OK};
	fake_reset();
	gateway_metrics_init();
	log_set_level(LOG_LEVEL_ERROR + 1);
	(void)legacy_key(business);
	(void)legacy_key(business);
	ck_assert_int_eq(keys_start(&settings, "", &test.keys, &failure), E_CONFIG);
	ck_assert_ptr_nonnull(strstr(failure.detail, "GATEWAY_LEGACY_KEYS_MAX=1"));
	metrics_fini();
}
END_TEST

START_TEST(with_0_allowed_no_slow_hash_is_computed)
{
	fake_reset();
	struct api_key key = legacy_key(business);
	begin(0);
	await_ready();
	ck_assert_int_eq(answer_to(&key, 0), E_INVALID_API_KEY);
	ck_assert_uint_eq(metric_count(METRIC_KEY_LEGACY_HASHES), 0);
	end();
}
END_TEST

TESTS("keys", a_key_is_looked_up_once, an_invented_key_is_looked_up_once,
	keys_that_wait_are_asked_for_together, a_full_queue_refuses_the_rest,
	a_known_key_goes_before_all_invented_ones, a_flood_from_one_address_keeps_no_other_out,
	a_key_that_was_refused_goes_first_when_it_comes_back,
	a_key_in_use_is_looked_up_beside_its_requests,
	a_key_that_is_no_more_is_found_out_beside_its_requests,
	a_connection_that_broke_meanwhile_is_nobodys_concern,
	known_keys_work_while_postgres_is_away,
	one_connection_is_enough_where_postgres_lets_no_more_in,
	a_start_without_postgres_is_no_failure_and_not_ready, what_waits_when_we_stop_is_answered,
	a_slow_hash_is_computed_for_the_first_request_only,
	requests_with_one_legacy_key_cost_one_slow_hash,
	an_invented_key_costs_a_slow_hash_a_business_and_then_none,
	a_legacy_key_made_after_the_start_is_found_after_its_notice,
	without_legacy_keys_a_notice_costs_no_look_up_its_answer,
	in_a_flood_a_legacy_key_gets_in_when_it_comes_back,
	keys_that_wait_when_the_last_legacy_key_is_taken_over_are_answered,
	a_key_is_not_called_unknown_where_not_all_hashes_were_tried,
	more_legacy_keys_than_allowed_stop_the_start, with_0_allowed_no_slow_hash_is_computed)
