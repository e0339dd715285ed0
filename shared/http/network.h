/* SPDX-License-Identifier: Apache-2.0 */
/*
 * network - addresses of clients and proxies, and lists of the networks that they are in.
 *
 * All are kept as IPv6; an IPv4 address is IPv4-mapped (RFC 4291 section 2.5.5.2), so that a client is
 * the same one whether it came through an IPv4 or a dual-stack socket.
 */
#ifndef INTAKE_SHARED_HTTP_NETWORK_H
#define INTAKE_SHARED_HTTP_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "shared/error.h"
#include "shared/span.h"

enum {
	NETWORK_LIST_MOST = 64,  /* networks in a list */
	NETWORK_TEXT_BYTES = 46, /* INET6_ADDRSTRLEN */
	NETWORK_ADDRESS_BITS = 128,
};

struct network_address {
	uint8_t bytes[NETWORK_ADDRESS_BITS / 8];
};

struct network {
	struct network_address first; /* bits behind the prefix do not count */
	unsigned prefix_bits;         /* of the 128 */
};

/* All zero is the empty list. */
struct network_list {
	struct network networks[NETWORK_LIST_MOST];
	size_t count;
	bool unix_peers; /* whoever comes through a unix socket is in it, too */
};

/*
 * "203.0.113.7", "2001:db8::1", "::ffff:203.0.113.7"; nothing around it, no port, no zone.
 *
 * Returns: whether it is one; else ret_address is unchanged.
 */
bool network_address_parse(struct span text, struct network_address *ret_address);

/* Returns: false: the socket address is not one of IPv4 or IPv6. */
bool network_address_of(
	const struct sockaddr_storage *socket_address, struct network_address *ret_address);

/* As people write it: IPv4 with dots, IPv6 as RFC 5952 has it. */
void network_address_text(
	const struct network_address *address, char out[static NETWORK_TEXT_BYTES]);

/* 0 to 65535, digits alone. */
bool network_port_is_valid(struct span text);

/*
 * What one client is counted as: an IPv4 address whole, of an IPv6 address the /64, since that is what
 * a single customer is given (RFC 6177).
 */
struct network_address network_address_client(const struct network_address *address);

/*
 * Read a list: "10.0.0.0/8, 2001:db8::/32 192.0.2.1 unix", separated by commas or white space.
 *
 * Takes:   text - NULL: the empty list.
 * Returns: OK; E_CONFIG with the sentence, which names what is wrong.
 */
MUST_CHECK enum error network_list_parse(
	const char *text, struct network_list *ret_list, struct failure *failure);

bool network_list_holds(const struct network_list *list, const struct network_address *address);

#endif
