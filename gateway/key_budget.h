/* SPDX-License-Identifier: Apache-2.0 */
/* key_budget - how often a client address has lately caused costly work. */
#ifndef INTAKE_GATEWAY_KEY_BUDGET_H
#define INTAKE_GATEWAY_KEY_BUDGET_H

#include <stdint.h>

#include "gateway/key_address.h"

enum { KEY_BUDGET_PLACES = 1024 }; /* addresses that share a place replace each other */

struct key_budget_place {
	struct key_address address;
	int64_t since_ms;
	int64_t taken;
};

/* Thread: the owner. Time is the steady clock. */
struct key_budget {
	struct key_budget_place places[KEY_BUDGET_PLACES];
	uint8_t seed[KEY_ADDRESS_SEED_BYTES];
	int64_t window_ms;
};

void key_budget_init(struct key_budget *budget, int64_t window_ms);

/* How often it took in its present window, which began with the first time. */
int64_t key_budget_taken(
	const struct key_budget *budget, const struct key_address *address, int64_t now_ms);

void key_budget_take(struct key_budget *budget, const struct key_address *address, int64_t now_ms);

#endif
