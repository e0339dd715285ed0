/* SPDX-License-Identifier: Apache-2.0 */
/* key_budget - how often a client address has lately caused costly work. */
#include "gateway/key_budget.h"

#include <sodium.h>
#include <stdbool.h>
#include <string.h>

void key_budget_init(struct key_budget *budget, int64_t window_ms)
{
	*budget = (struct key_budget){.window_ms = window_ms};
	randombytes_buf(budget->seed, sizeof(budget->seed));
}

static size_t place_of(const struct key_budget *budget, const struct key_address *address)
{
	return key_address_hash(address, budget->seed) % KEY_BUDGET_PLACES;
}

static bool counts_for(const struct key_budget *budget, const struct key_budget_place *place,
	const struct key_address *address, int64_t now_ms)
{
	return memcmp(&place->address, address, sizeof(*address)) == 0 &&
	       now_ms - place->since_ms < budget->window_ms;
}

int64_t key_budget_taken(
	const struct key_budget *budget, const struct key_address *address, int64_t now_ms)
{
	const struct key_budget_place *place = &budget->places[place_of(budget, address)];
	return counts_for(budget, place, address, now_ms) ? place->taken : 0;
}

void key_budget_take(struct key_budget *budget, const struct key_address *address, int64_t now_ms)
{
	struct key_budget_place *place = &budget->places[place_of(budget, address)];
	if (!counts_for(budget, place, address, now_ms))
		*place = (struct key_budget_place){.address = *address, .since_ms = now_ms};
	place->taken++;
}
