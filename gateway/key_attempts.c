/* SPDX-License-Identifier: Apache-2.0 */
/* key_attempts - unknown keys that are tried against slow hashes. */
#include "gateway/key_attempts.h"

void key_attempts_init(struct key_attempts *attempts)
{
	*attempts = (struct key_attempts){0};
	key_budget_init(&attempts->budget, KEY_ATTEMPTS_BUDGET_MS);
}

static bool is_free(const struct key_attempt *attempt)
{
	return attempt->count == 0;
}

static void turn_window(struct key_attempts *attempts, int64_t now_ms)
{
	int64_t age_ms = now_ms - attempts->window_since_ms;
	if (age_ms < KEY_ATTEMPTS_FLOOD_MS)
		return;
	attempts->window_before = age_ms / 2 < KEY_ATTEMPTS_FLOOD_MS ? attempts->window_count : 0;
	attempts->window_count = 0;
	attempts->window_since_ms = now_ms;
}

static bool is_flooded(struct key_attempts *attempts, int64_t now_ms)
{
	turn_window(attempts, now_ms);
	return attempts->window_count > KEY_ATTEMPTS_FLOOD ||
	       attempts->window_before > KEY_ATTEMPTS_FLOOD;
}

/* A flood leaves a key that is new untried. */
static bool is_left_out(const struct key_attempt *attempt, bool flooded)
{
	return flooded && !attempt->returned && !attempt->begun;
}

/* No thread is at work on it, nor has been for the last time. */
static bool waits(const struct key_attempt *attempt)
{
	return !is_free(attempt) && attempt->threads == 0 && !attempt->ended;
}

/* What its address has cost lately; what a key costs itself does not count against it. */
static int64_t cost_of(
	const struct key_attempts *attempts, const struct key_attempt *attempt, int64_t now_ms)
{
	return attempt->begun ? attempt->cost
			      : key_budget_taken(&attempts->budget, &attempt->address, now_ms);
}

/* Whether a goes before b. */
static bool is_better(const struct key_attempts *attempts, const struct key_attempt *a,
	const struct key_attempt *b, int64_t now_ms)
{
	int64_t a_cost = cost_of(attempts, a, now_ms);
	int64_t b_cost = cost_of(attempts, b, now_ms);
	if (a->returned != b->returned)
		return a->returned;
	if (a_cost != b_cost)
		return a_cost < b_cost;
	if (a->refused_ms != b->refused_ms)
		return a->refused_ms < b->refused_ms;
	return a->turn < b->turn;
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

/* A free place, else that of the worst that waits; NULL: none does. */
static struct key_attempt *find_room(struct key_attempts *attempts, int64_t now_ms)
{
	struct key_attempt *worst = NULL;
	for (size_t i = 0; i < KEY_ATTEMPTS_MOST; i++) {
		struct key_attempt *attempt = &attempts->places[i];
		if (is_free(attempt))
			return attempt;
		if (waits(attempt) && !attempt->begun &&
			(!worst || is_better(attempts, worst, attempt, now_ms)))
			worst = attempt;
	}
	return worst;
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

static bool is_within_budget(
	const struct key_attempts *attempts, const struct key_attempt *newcomer, int64_t now_ms)
{
	int64_t taken = key_budget_taken(&attempts->budget, &newcomer->address, now_ms);
	for (size_t i = 0; i < KEY_ATTEMPTS_MOST; i++) {
		const struct key_attempt *attempt = &attempts->places[i];
		taken += !is_free(attempt) && !attempt->begun &&
			 memcmp(&attempt->address, &newcomer->address, sizeof(newcomer->address)) ==
				 0;
	}
	return taken < (newcomer->returned ? KEY_ATTEMPTS_RETURNED_BUDGET : KEY_ATTEMPTS_BUDGET);
}

static struct key_attempt newcomer_of(
	const struct key_attempts *attempts, const struct key_lookup *lookup, int64_t now_ms)
{
	bool returned = lookup->rank == KEY_RANK_RETURNED;
	return (struct key_attempt){
		.digest = lookup->digest,
		.address = key_address_of(lookup->peer),
		.returned = returned,
		.refused_ms = returned ? lookup->refused_ms : now_ms,
		.since_ms = now_ms,
		.turn = attempts->turns + 1,
		.error = E_KEYS_UNAVAILABLE, /* without a verdict nothing opens */
	};
}

/* The place that it may have, with what a worse key left in it; NULL: none. */
static struct key_attempt *place_for(
	struct key_attempts *attempts, const struct key_attempt *newcomer, int64_t now_ms)
{
	if (!is_within_budget(attempts, newcomer, now_ms))
		return NULL;
	bool left_out = is_left_out(newcomer, is_flooded(attempts, now_ms));
	attempts->window_count += !newcomer->returned;
	if (left_out)
		return NULL;
	struct key_attempt *room = find_room(attempts, now_ms);
	bool is_taken = room && !is_free(room) && !is_better(attempts, newcomer, room, now_ms);
	return is_taken ? NULL : room;
}

struct key_lookup *key_attempts_add(
	struct key_attempts *attempts, struct key_lookup *lookup, int64_t now_ms)
{
	struct key_attempt *same = find_same(attempts, &lookup->digest);
	lookup->next = NULL;
	if (same && same->count >= KEY_ATTEMPTS_SAME_MOST)
		return lookup;
	if (same) {
		add_waiting(same, lookup);
		return NULL;
	}
	const struct key_attempt newcomer = newcomer_of(attempts, lookup, now_ms);
	struct key_attempt *place = place_for(attempts, &newcomer, now_ms);
	if (!place)
		return lookup;
	struct key_lookup *displaced = place->first;
	*place = newcomer;
	attempts->turns++;
	add_waiting(place, lookup);
	return displaced;
}

struct key_attempt *key_attempts_best(struct key_attempts *attempts, int64_t now_ms)
{
	struct key_attempt *best = NULL;
	bool flooded = is_flooded(attempts, now_ms);
	for (size_t i = 0; i < KEY_ATTEMPTS_MOST; i++) {
		struct key_attempt *attempt = &attempts->places[i];
		bool wants = !is_free(attempt) && !attempt->ended &&
			     !is_left_out(attempt, flooded) &&
			     (!attempt->begun || attempt->rows_left > 0);
		if (wants && (!best || is_better(attempts, attempt, best, now_ms)))
			best = attempt;
	}
	return best;
}

void key_attempts_begin(
	struct key_attempts *attempts, struct key_attempt *attempt, size_t rows, int64_t now_ms)
{
	attempt->cost = cost_of(attempts, attempt, now_ms);
	attempt->begun = true;
	attempt->rows_left = rows;
	key_budget_take(&attempts->budget, &attempt->address, now_ms);
}

struct key_attempt *key_attempts_overdue(
	struct key_attempts *attempts, const struct key_attempt *best, int64_t now_ms)
{
	bool flooded = is_flooded(attempts, now_ms);
	for (size_t i = 0; i < KEY_ATTEMPTS_MOST; i++) {
		struct key_attempt *attempt = &attempts->places[i];
		if (waits(attempt) && attempt != best &&
			(is_left_out(attempt, flooded) ||
				now_ms - attempt->since_ms >= KEY_ATTEMPTS_WAIT_MS))
			return attempt;
	}
	return NULL;
}

struct key_lookup *key_attempts_end(struct key_attempt *attempt)
{
	struct key_lookup *first = attempt->first;
	*attempt = (struct key_attempt){0};
	return first;
}
