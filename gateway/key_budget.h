/* SPDX-License-Identifier: Apache-2.0 */
/* key_budget - how often a client address may cause costly work. */
#ifndef INTAKE_GATEWAY_KEY_BUDGET_H
#define INTAKE_GATEWAY_KEY_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/span.h"

enum { KEY_BUDGET_PLACES = 1024 }; /* addresses that share a place replace each other */

struct key_budget_place {
	uint8_t address[16]; /* IPv6, IPv4-mapped, or the beginning of another text */
	int64_t since_ms;
	int64_t taken;
};

struct key_budget {
	struct key_budget_place places[KEY_BUDGET_PLACES];
	uint8_t seed[16]; /* which addresses share a place is nobody's choice */
	int64_t most;
	int64_t window_ms;
};

/* Takes: most - times in window_ms, for each IPv4 address or IPv6 /64. */
void key_budget_init(struct key_budget *budget, int64_t most, int64_t window_ms);

/*
 * Takes:   peer - "203.0.113.7", "2001:db8::1", or another word for what is no address; now_ms -
 *          steady clock.
 * Returns: false: used up.
 * Thread:  the owner.
 */
bool key_budget_take(struct key_budget *budget, struct span peer, int64_t now_ms);

#endif
