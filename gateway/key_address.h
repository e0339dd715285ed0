/* SPDX-License-Identifier: Apache-2.0 */
/* key_address - which client addresses count as one where something is shared out. */
#ifndef INTAKE_GATEWAY_KEY_ADDRESS_H
#define INTAKE_GATEWAY_KEY_ADDRESS_H

#include <stdint.h>

#include "shared/span.h"

enum { KEY_ADDRESS_SEED_BYTES = 16 };

/* An IPv4 address (IPv4-mapped), an IPv6 /64, or the beginning of another text. */
struct key_address {
	uint8_t bytes[16];
};

/* Takes: peer - "203.0.113.7", "2001:db8::1", or another word for what is no address. */
struct key_address key_address_of(struct span peer);

/* Takes: seed - random, so that it is nobody's choice which addresses share a hash. */
uint64_t key_address_hash(
	const struct key_address *address, const uint8_t seed[static KEY_ADDRESS_SEED_BYTES]);

#endif
