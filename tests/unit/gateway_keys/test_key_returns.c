/* SPDX-License-Identifier: Apache-2.0 */
/* test_key_returns - which keys are remembered as refused, and since when. */
#include "gateway/key_returns.h"

#include <sodium.h>

#include "tests/unit/test.h"

static struct api_key_digest digest_of(uint32_t number)
{
	struct api_key_digest digest;
	(void)crypto_hash_sha256(digest.bytes, (const uint8_t *)&number, sizeof(number));
	return digest;
}

static void note(struct key_returns *returns, uint32_t number, int64_t now_ms)
{
	struct api_key_digest digest = digest_of(number);
	key_returns_note(returns, &digest, now_ms);
}

static int64_t since(struct key_returns *returns, uint32_t number)
{
	struct api_key_digest digest = digest_of(number);
	return key_returns_since(returns, &digest);
}

START_TEST(a_key_is_known_since_it_was_refused_first)
{
	struct key_returns *returns = key_returns_new();
	ck_assert_int_eq(since(returns, 1), KEY_RETURNS_NEVER);
	note(returns, 1, 1000);
	note(returns, 1, 9000);
	ck_assert_int_eq(since(returns, 1), 1000);
	ck_assert_int_eq(since(returns, 2), KEY_RETURNS_NEVER);
	key_returns_free(returns);
}
END_TEST

START_TEST(a_key_that_had_its_turn_is_forgotten)
{
	struct key_returns *returns = key_returns_new();
	struct api_key_digest digest = digest_of(1);
	note(returns, 1, 1000);
	key_returns_forget(returns, &digest);
	ck_assert_int_eq(since(returns, 1), KEY_RETURNS_NEVER);
	key_returns_forget(returns, &digest);
	note(returns, 1, 2000);
	ck_assert_int_eq(since(returns, 1), 2000);
	key_returns_free(returns);
}
END_TEST

/* 20,000 a second; a sender comes back after 5 s at most. */
START_TEST(a_flood_does_not_push_out_who_comes_back_in_time)
{
	struct key_returns *returns = key_returns_new();
	uint32_t next = 1000;
	for (int64_t second = 0; second < 60; second++) {
		for (uint32_t i = 0; i < 20000; i++)
			note(returns, next++, second * 1000 + i / 20);
		for (uint32_t sender = 0; second % 5 == 0 && sender < 100; sender++) {
			ck_assert_int_eq(since(returns, sender), second ? 1000 : KEY_RETURNS_NEVER);
			note(returns, sender, (second + 1) * 1000);
		}
	}
	key_returns_free(returns);
}
END_TEST

TESTS("key_returns", a_key_is_known_since_it_was_refused_first,
	a_key_that_had_its_turn_is_forgotten, a_flood_does_not_push_out_who_comes_back_in_time)
