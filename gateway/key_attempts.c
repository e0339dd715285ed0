/* SPDX-License-Identifier: Apache-2.0 */
/* key_attempts - unknown keys that wait to be tried against slow hashes. */
#include "gateway/key_attempts.h"

static bool is_free(const struct key_attempt *attempt)
{
	return attempt->count == 0;
}

void key_attempts_init(struct key_attempts *attempts)
{
	*attempts = (struct key_attempts){0};
	key_budget_init(&attempts->budget, KEY_ATTEMPTS_BUDGET, KEY_ATTEMPTS_BUDGET_MS);
}

static struct key_attempt *find_same(
	struct key_attempts *attempts, const struct api_key_digest *digest)
{
	for (size_t i = 0; i < KEY_ATTEMPTS_MOST; i++) {
		struct key_attempt *attempt = &attempts->places[i];
		if (!is_free(attempt) && memcmp(&attempt->digest, digest, sizeof(*digest)) == 0)
			return attempt;
	}
	return NULL;
}

static struct key_attempt *find_free(struct key_attempts *attempts)
{
	for (size_t i = 0; i < KEY_ATTEMPTS_MOST; i++) {
		if (is_free(&attempts->places[i]))
			return &attempts->places[i];
	}
	return NULL;
}

static void add_waiting(struct key_attempt *attempt, struct key_lookup *lookup)
{
	lookup->next = NULL;
	if (attempt->last)
		attempt->last->next = lookup;
	else
		attempt->first = lookup;
	attempt->last = lookup;
	attempt->count++;
}

bool key_attempts_add(
	struct key_attempts *attempts, struct key_lookup *lookup, bool costly, int64_t now_ms)
{
	struct key_attempt *attempt = find_same(attempts, &lookup->digest);
	if (attempt && attempt->count >= KEY_ATTEMPTS_SAME_MOST)
		return false;
	if (!attempt) {
		attempt = find_free(attempts);
		if (!attempt ||
			(costly && !key_budget_take(&attempts->budget, lookup->peer, now_ms)))
			return false;
		attempt->digest = lookup->digest;
		attempt->since_ms = now_ms;
		attempt->turn = ++attempts->turns;
	}
	add_waiting(attempt, lookup);
	return true;
}

struct key_attempt *key_attempts_next(struct key_attempts *attempts)
{
	struct key_attempt *next = NULL;
	for (size_t i = 0; i < KEY_ATTEMPTS_MOST; i++) {
		struct key_attempt *attempt = &attempts->places[i];
		if (!is_free(attempt) && !attempt->running && (!next || attempt->turn < next->turn))
			next = attempt;
	}
	if (next)
		next->running = true;
	return next;
}

struct key_lookup *key_attempts_end(struct key_attempt *attempt)
{
	struct key_lookup *first = attempt->first;
	*attempt = (struct key_attempt){0};
	return first;
}
