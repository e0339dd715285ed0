/* SPDX-License-Identifier: Apache-2.0 */
/* key_budget - how often a client address may cause costly work. */
#include "gateway/key_budget.h"

#include <arpa/inet.h>
#include <sodium.h>

enum { ADDRESS_TEXT_BYTES = INET6_ADDRSTRLEN, ADDRESS_BYTES = 16, SUBNET_BYTES = 8 };

_Static_assert(sizeof(((struct key_budget *)0)->seed) == crypto_shorthash_KEYBYTES, "SipHash");

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/* What a budget is kept for. */
static void address_of(struct span peer, uint8_t out[static ADDRESS_BYTES])
{
	char text[ADDRESS_TEXT_BYTES] = "";
	size_t len = peer.len < sizeof(text) ? peer.len : sizeof(text) - 1;
	memset(out, 0, ADDRESS_BYTES);
	if (len)
		memcpy(text, peer.base, len);
	if (inet_pton(AF_INET, text, out + sizeof(mapped_prefix)) == 1) {
		memcpy(out, mapped_prefix, sizeof(mapped_prefix));
	} else if (inet_pton(AF_INET6, text, out) == 1) {
		if (memcmp(out, mapped_prefix, sizeof(mapped_prefix)) != 0)
			memset(out + SUBNET_BYTES, 0, ADDRESS_BYTES - SUBNET_BYTES);
	} else {
		memcpy(out, text, ADDRESS_BYTES);
	}
}

void key_budget_init(struct key_budget *budget, int64_t most, int64_t window_ms)
{
	*budget = (struct key_budget){.most = most, .window_ms = window_ms};
	randombytes_buf(budget->seed, sizeof(budget->seed));
}

bool key_budget_take(struct key_budget *budget, struct span peer, int64_t now_ms)
{
	uint8_t address[ADDRESS_BYTES];
	uint64_t hash;
	address_of(peer, address);
	(void)crypto_shorthash((uint8_t *)&hash, address, sizeof(address), budget->seed);
	struct key_budget_place *place = &budget->places[hash % KEY_BUDGET_PLACES];
	if (memcmp(place->address, address, sizeof(address)) != 0 ||
		now_ms - place->since_ms >= budget->window_ms) {
		memcpy(place->address, address, sizeof(address));
		place->since_ms = now_ms;
		place->taken = 0;
	}
	if (place->taken >= budget->most)
		return false;
	place->taken++;
	return true;
}
