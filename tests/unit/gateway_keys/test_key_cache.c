/* SPDX-License-Identifier: Apache-2.0 */
/* test_key_cache - what the cache says, and what notices do to it. */
#include "gateway/key_cache.h"

#include <sodium.h>

#include "tests/unit/test.h"

enum { WALL_MS = 1000 * 1000, NOW_MS = 50 * 1000 };

static const struct key_grant nothing;

/* As random as digests are, and the same for the same number. */
static struct api_key_digest digest_of(uint32_t number)
{
	struct api_key_digest digest;
	(void)crypto_hash_sha256(digest.bytes, (const uint8_t *)&number, sizeof(number));
	return digest;
}

static struct key_grant grant_of(uint8_t business)
{
	struct key_grant grant = {.requests_per_minute = business};
	memset(grant.business_id.bytes, business, sizeof(grant.business_id.bytes));
	return grant;
}

static struct key_cache *hearing_cache(void)
{
	struct key_cache *cache = key_cache_new(1024, 1024);
	key_cache_set_hearing(cache, true);
	return cache;
}

static void put(struct key_cache *cache, uint32_t number, uint8_t business, int64_t now_ms)
{
	struct api_key_digest digest = digest_of(number);
	struct key_grant grant = grant_of(business);
	key_cache_put_known(cache, &digest, &grant, key_cache_sequence(cache), now_ms);
}

static void put_unknown(struct key_cache *cache, uint32_t number, int64_t now_ms)
{
	struct api_key_digest digest = digest_of(number);
	key_cache_put_unknown(cache, &digest, key_cache_sequence(cache), now_ms);
}

static enum key_cache_answer find(struct key_cache *cache, uint32_t number, int64_t now_ms)
{
	struct api_key_digest digest = digest_of(number);
	struct key_grant grant;
	return key_cache_find(cache, &digest, WALL_MS, now_ms, &grant);
}

static bool find_away(struct key_cache *cache, uint32_t number, int64_t now_ms)
{
	struct api_key_digest digest = digest_of(number);
	struct key_grant grant;
	return key_cache_find_away(cache, &digest, WALL_MS, now_ms, &grant);
}

START_TEST(an_empty_cache_knows_nothing)
{
	struct key_cache *cache = hearing_cache();
	ck_assert_int_eq(find(cache, 1, NOW_MS), KEY_CACHE_MISS);
	ck_assert(!find_away(cache, 1, NOW_MS));
	key_cache_free(cache);
}
END_TEST

START_TEST(a_known_key_gives_its_grant)
{
	struct key_cache *cache = hearing_cache();
	struct api_key_digest digest = digest_of(1);
	struct key_grant wanted = grant_of(7);
	struct key_grant grant = nothing;
	put(cache, 1, 7, NOW_MS);
	ck_assert_int_eq(key_cache_find(cache, &digest, WALL_MS, NOW_MS, &grant), KEY_CACHE_FRESH);
	ck_assert_int_eq(uuid_compare(&grant.business_id, &wanted.business_id), 0);
	ck_assert_int_eq(grant.requests_per_minute, 7);
	ck_assert_int_eq(find(cache, 2, NOW_MS), KEY_CACHE_MISS);
	key_cache_free(cache);
}
END_TEST

START_TEST(an_unknown_key_is_refused_for_30_s)
{
	struct key_cache *cache = hearing_cache();
	put_unknown(cache, 1, NOW_MS);
	ck_assert_int_eq(find(cache, 1, NOW_MS + KEY_CACHE_FRESH_MS - 1), KEY_CACHE_REFUSED);
	ck_assert_int_eq(find(cache, 1, NOW_MS + KEY_CACHE_FRESH_MS), KEY_CACHE_MISS);
	key_cache_free(cache);
}
END_TEST

START_TEST(an_entry_is_looked_up_beside_its_use_before_it_is_too_old)
{
	struct key_cache *cache = hearing_cache();
	put(cache, 1, 7, NOW_MS);
	int64_t aging_ms = NOW_MS + KEY_CACHE_FRESH_MS - 1;
	ck_assert_int_eq(find(cache, 1, NOW_MS + KEY_CACHE_FRESH_MS / 2), KEY_CACHE_FRESH);
	ck_assert_int_eq(find(cache, 1, aging_ms), KEY_CACHE_AGING);
	ck_assert_int_eq(find(cache, 1, aging_ms), KEY_CACHE_FRESH); /* one asks */
	ck_assert_int_eq(find(cache, 1, NOW_MS + KEY_CACHE_FRESH_MS), KEY_CACHE_STALE);
	put(cache, 1, 7, NOW_MS + KEY_CACHE_FRESH_MS);
	ck_assert_int_eq(find(cache, 1, NOW_MS + KEY_CACHE_FRESH_MS), KEY_CACHE_FRESH);
	key_cache_free(cache);
}
END_TEST

START_TEST(an_entry_counts_for_a_second_while_no_notice_can_come)
{
	struct key_cache *cache = key_cache_new(1024, 1024);
	put(cache, 1, 7, NOW_MS);
	put_unknown(cache, 2, NOW_MS);
	ck_assert_int_eq(find(cache, 1, NOW_MS), KEY_CACHE_FRESH);
	ck_assert_int_eq(find(cache, 1, NOW_MS + KEY_CACHE_DEAF_FRESH_MS), KEY_CACHE_STALE);
	ck_assert_int_eq(find(cache, 2, NOW_MS + KEY_CACHE_DEAF_FRESH_MS), KEY_CACHE_MISS);
	key_cache_set_hearing(cache, true);
	put(cache, 1, 7, NOW_MS);
	ck_assert_int_eq(find(cache, 1, NOW_MS + KEY_CACHE_DEAF_FRESH_MS), KEY_CACHE_FRESH);
	key_cache_set_hearing(cache, false);
	ck_assert_int_eq(find(cache, 1, NOW_MS + KEY_CACHE_DEAF_FRESH_MS), KEY_CACHE_STALE);
	key_cache_free(cache);
}
END_TEST

START_TEST(all_is_stale_once_notices_come_again)
{
	struct key_cache *cache = hearing_cache();
	put(cache, 1, 7, NOW_MS);
	put_unknown(cache, 2, NOW_MS);
	key_cache_set_hearing(cache, false);
	key_cache_set_hearing(cache, true);
	ck_assert_int_eq(find(cache, 1, NOW_MS), KEY_CACHE_STALE);
	ck_assert_int_eq(find(cache, 2, NOW_MS), KEY_CACHE_MISS);
	ck_assert(find_away(cache, 1, NOW_MS));
	put(cache, 1, 7, NOW_MS);
	ck_assert_int_eq(find(cache, 1, NOW_MS), KEY_CACHE_FRESH);
	key_cache_free(cache);
}
END_TEST

START_TEST(a_notice_drops_its_business_and_no_other)
{
	struct key_cache *cache = hearing_cache();
	struct key_grant grant = grant_of(7);
	put(cache, 1, 7, NOW_MS);
	put(cache, 2, 7, NOW_MS);
	put(cache, 3, 8, NOW_MS);
	key_cache_drop_business(cache, &grant.business_id);
	ck_assert_int_eq(find(cache, 1, NOW_MS), KEY_CACHE_MISS);
	ck_assert_int_eq(find(cache, 2, NOW_MS), KEY_CACHE_MISS);
	ck_assert_int_eq(find(cache, 3, NOW_MS), KEY_CACHE_FRESH);
	ck_assert(!find_away(cache, 1, NOW_MS));
	key_cache_free(cache);
}
END_TEST

START_TEST(a_notice_drops_all_that_say_nobodys)
{
	struct key_cache *cache = hearing_cache();
	struct key_grant grant = grant_of(7);
	put_unknown(cache, 1, NOW_MS);
	key_cache_drop_business(cache, &grant.business_id);
	ck_assert_int_eq(find(cache, 1, NOW_MS), KEY_CACHE_MISS);
	key_cache_free(cache);
}
END_TEST

START_TEST(a_notice_about_who_knows_what_drops_all)
{
	struct key_cache *cache = hearing_cache();
	put(cache, 1, 7, NOW_MS);
	put_unknown(cache, 2, NOW_MS);
	key_cache_drop_all(cache);
	ck_assert_int_eq(find(cache, 1, NOW_MS), KEY_CACHE_MISS);
	ck_assert_int_eq(find(cache, 2, NOW_MS), KEY_CACHE_MISS);
	ck_assert(!find_away(cache, 1, NOW_MS));
	key_cache_free(cache);
}
END_TEST

START_TEST(a_lookup_that_began_before_a_notice_fills_nothing_after_it)
{
	struct key_cache *cache = hearing_cache();
	struct api_key_digest digest = digest_of(1);
	struct api_key_digest other = digest_of(2);
	struct key_grant grant = grant_of(7);
	uint64_t before = key_cache_sequence(cache);
	key_cache_drop_business(cache, &grant.business_id);
	ck_assert(!key_cache_is_current(cache, before));
	key_cache_put_known(cache, &digest, &grant, before, NOW_MS);
	key_cache_put_unknown(cache, &other, before, NOW_MS);
	ck_assert_int_eq(find(cache, 1, NOW_MS), KEY_CACHE_MISS);
	ck_assert_int_eq(find(cache, 2, NOW_MS), KEY_CACHE_MISS);
	ck_assert(!find_away(cache, 1, NOW_MS));
	key_cache_free(cache);
}
END_TEST

START_TEST(an_older_answer_does_not_replace_a_newer_one)
{
	struct key_cache *cache = hearing_cache();
	struct api_key_digest digest = digest_of(1);
	struct key_grant other = grant_of(8);
	struct key_grant grant = nothing;
	uint64_t before = key_cache_sequence(cache);
	key_cache_drop_business(cache, &other.business_id);
	put(cache, 1, 7, NOW_MS);
	key_cache_put_unknown(cache, &digest, before, NOW_MS);
	key_cache_forget(cache, &digest, before);
	key_cache_put_known(cache, &digest, &nothing, before, NOW_MS);
	ck_assert_int_eq(key_cache_find(cache, &digest, WALL_MS, NOW_MS, &grant), KEY_CACHE_FRESH);
	ck_assert_int_eq(grant.requests_per_minute, 7);
	key_cache_free(cache);
}
END_TEST

START_TEST(a_key_that_is_no_more_leaves_the_known_ones)
{
	struct key_cache *cache = hearing_cache();
	put(cache, 1, 7, NOW_MS);
	put_unknown(cache, 1, NOW_MS);
	ck_assert_int_eq(find(cache, 1, NOW_MS), KEY_CACHE_REFUSED);
	ck_assert(!find_away(cache, 1, NOW_MS));
	ck_assert_uint_eq(key_cache_known_count(cache), 0);
	put(cache, 1, 7, NOW_MS);
	ck_assert_int_eq(find(cache, 1, NOW_MS), KEY_CACHE_FRESH);
	struct api_key_digest digest = digest_of(1);
	key_cache_forget(cache, &digest, key_cache_sequence(cache));
	ck_assert(!find_away(cache, 1, NOW_MS));
	key_cache_free(cache);
}
END_TEST

START_TEST(a_key_that_has_expired_is_refused)
{
	struct key_cache *cache = hearing_cache();
	struct api_key_digest digest = digest_of(1);
	struct key_grant grant = grant_of(7);
	grant.expires_ms = WALL_MS + 1;
	key_cache_put_known(cache, &digest, &grant, key_cache_sequence(cache), NOW_MS);
	ck_assert_int_eq(key_cache_find(cache, &digest, WALL_MS, NOW_MS, &grant), KEY_CACHE_FRESH);
	ck_assert_int_eq(grant.expires_ms, WALL_MS + 1);
	ck_assert_int_eq(
		key_cache_find(cache, &digest, WALL_MS + 1, NOW_MS, &grant), KEY_CACHE_REFUSED);
	ck_assert(!key_cache_find_away(cache, &digest, WALL_MS + 1, NOW_MS, &grant));
	key_cache_free(cache);
}
END_TEST

START_TEST(a_known_key_works_for_an_hour_without_postgres)
{
	struct key_cache *cache = hearing_cache();
	put(cache, 1, 7, NOW_MS);
	ck_assert(find_away(cache, 1, NOW_MS + KEY_CACHE_AWAY_MS - 1));
	ck_assert(!find_away(cache, 1, NOW_MS + KEY_CACHE_AWAY_MS));
	put_unknown(cache, 2, NOW_MS);
	ck_assert(!find_away(cache, 2, NOW_MS));
	key_cache_free(cache);
}
END_TEST

START_TEST(invented_keys_push_out_no_known_one)
{
	struct key_cache *cache = key_cache_new(1024, 1024);
	key_cache_set_hearing(cache, true);
	for (uint32_t i = 0; i < 500; i++)
		put(cache, i, 7, NOW_MS);
	for (uint32_t i = 0; i < 100 * 1000; i++)
		put_unknown(cache, 1000000 + i, NOW_MS);
	for (uint32_t i = 0; i < 500; i++)
		ck_assert_int_eq(find(cache, i, NOW_MS), KEY_CACHE_FRESH);
	ck_assert_uint_le(key_cache_unknown_count(cache), 1024);
	key_cache_free(cache);
}
END_TEST

START_TEST(the_cache_is_bounded_and_gives_up_what_was_looked_up_longest_ago)
{
	struct key_cache *cache = hearing_cache();
	for (uint32_t i = 0; i < 20 * 1000; i++) {
		put(cache, i, 7, NOW_MS);
		put(cache, 0, 7, NOW_MS); /* used all the time */
	}
	ck_assert_uint_le(key_cache_known_count(cache), 1024);
	ck_assert_int_eq(find(cache, 0, NOW_MS), KEY_CACHE_FRESH);
	ck_assert_int_eq(find(cache, 19999, NOW_MS), KEY_CACHE_FRESH);
	ck_assert_int_eq(find(cache, 1, NOW_MS), KEY_CACHE_MISS);
	key_cache_free(cache);
}
END_TEST

TESTS("key_cache", an_empty_cache_knows_nothing, a_known_key_gives_its_grant,
	an_unknown_key_is_refused_for_30_s,
	an_entry_is_looked_up_beside_its_use_before_it_is_too_old,
	an_entry_counts_for_a_second_while_no_notice_can_come, all_is_stale_once_notices_come_again,
	a_notice_drops_its_business_and_no_other, a_notice_drops_all_that_say_nobodys,
	a_notice_about_who_knows_what_drops_all,
	a_lookup_that_began_before_a_notice_fills_nothing_after_it,
	an_older_answer_does_not_replace_a_newer_one, a_key_that_is_no_more_leaves_the_known_ones,
	a_key_that_has_expired_is_refused, a_known_key_works_for_an_hour_without_postgres,
	invented_keys_push_out_no_known_one,
	the_cache_is_bounded_and_gives_up_what_was_looked_up_longest_ago)
