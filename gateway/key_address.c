/* SPDX-License-Identifier: Apache-2.0 */
/* key_address - which client addresses count as one where something is shared out. */
#include "gateway/key_address.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <string.h>

enum { TEXT_BYTES = INET6_ADDRSTRLEN, SUBNET_BYTES = 8 };

_Static_assert(KEY_ADDRESS_SEED_BYTES == crypto_shorthash_KEYBYTES, "SipHash");

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

struct key_address key_address_of(struct span peer)
{
	struct key_address address = {{0}};
	uint8_t *bytes = address.bytes;
	char text[TEXT_BYTES] = "";
	size_t len = peer.len < sizeof(text) ? peer.len : sizeof(text) - 1;
	if (len)
		memcpy(text, peer.base, len);
	if (inet_pton(AF_INET, text, bytes + sizeof(mapped_prefix)) == 1) {
		memcpy(bytes, mapped_prefix, sizeof(mapped_prefix));
	} else if (inet_pton(AF_INET6, text, bytes) == 1) {
		if (memcmp(bytes, mapped_prefix, sizeof(mapped_prefix)) != 0)
			memset(bytes + SUBNET_BYTES, 0, sizeof(address) - SUBNET_BYTES);
	} else {
		memcpy(bytes, text, sizeof(address));
	}
	return address;
}

uint64_t key_address_hash(
	const struct key_address *address, const uint8_t seed[static KEY_ADDRESS_SEED_BYTES])
{
	uint64_t hash;
	(void)crypto_shorthash((uint8_t *)&hash, address->bytes, sizeof(address->bytes), seed);
	return hash;
}
