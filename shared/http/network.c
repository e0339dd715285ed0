/* SPDX-License-Identifier: Apache-2.0 */
/* network - addresses of clients and proxies, and lists of the networks that they are in. */
#include "shared/http/network.h"

#include <arpa/inet.h>

#include <netinet/in.h>

enum { MAPPED_BITS = 96, CLIENT_BYTES = 8, PREFIX_DIGITS_MOST = 3, SHOWN_BYTES = 64 };

static const uint8_t mapped[MAPPED_BITS / 8] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool is_mapped(const struct network_address *address)
{
	return memcmp(address->bytes, mapped, sizeof(mapped)) == 0;
}

static void set_mapped(struct network_address *address, const void *v4)
{
	memcpy(address->bytes, mapped, sizeof(mapped));
	memcpy(address->bytes + sizeof(mapped), v4, sizeof(struct in_addr));
}

bool network_address_parse(struct span text, struct network_address *ret_address)
{
	char copy[NETWORK_TEXT_BYTES];
	struct in_addr v4;
	struct network_address v6;
	if (text.len == 0 || text.len >= sizeof(copy) || memchr(text.base, '\0', text.len))
		return false;
	memcpy(copy, text.base, text.len);
	copy[text.len] = '\0';
	if (inet_pton(AF_INET, copy, &v4) == 1) {
		set_mapped(ret_address, &v4);
		return true;
	}
	if (inet_pton(AF_INET6, copy, v6.bytes) != 1)
		return false;
	*ret_address = v6;
	return true;
}

bool network_address_of(
	const struct sockaddr_storage *socket_address, struct network_address *ret_address)
{
	if (socket_address->ss_family == AF_INET) {
		const struct sockaddr_in *v4 = (const struct sockaddr_in *)socket_address;
		set_mapped(ret_address, &v4->sin_addr);
		return true;
	}
	if (socket_address->ss_family == AF_INET6) {
		const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)socket_address;
		memcpy(ret_address->bytes, &v6->sin6_addr, sizeof(ret_address->bytes));
		return true;
	}
	return false;
}

void network_address_text(
	const struct network_address *address, char out[static NETWORK_TEXT_BYTES])
{
	bool v4 = is_mapped(address);
	(void)inet_ntop(v4 ? AF_INET : AF_INET6, address->bytes + (v4 ? sizeof(mapped) : 0), out,
		NETWORK_TEXT_BYTES);
}

bool network_port_is_valid(struct span text)
{
	enum { PORT_DIGITS_MOST = 5 };
	uint32_t port = 0;
	for (size_t i = 0; i < text.len && i <= PORT_DIGITS_MOST; i++) {
		if (text.base[i] < '0' || text.base[i] > '9')
			return false;
		port = port * 10 + (uint32_t)(text.base[i] - '0');
	}
	return text.len > 0 && text.len <= PORT_DIGITS_MOST && port <= UINT16_MAX;
}

struct network_address network_address_client(const struct network_address *address)
{
	struct network_address client = *address;
	if (!is_mapped(address))
		memset(client.bytes + CLIENT_BYTES, 0, sizeof(client.bytes) - CLIENT_BYTES);
	return client;
}

/* The digits behind "/". Returns false: not a number, or more than `most`. */
static bool parse_prefix(struct span text, unsigned most, unsigned *ret_bits)
{
	unsigned bits = 0;
	if (text.len == 0 || text.len > PREFIX_DIGITS_MOST)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.base[i] < '0' || text.base[i] > '9')
			return false;
		bits = bits * 10 + (unsigned)(text.base[i] - '0');
	}
	*ret_bits = bits;
	return bits <= most;
}

static bool parse_network(struct span text, struct network *ret_network)
{
	const char *slash = memchr(text.base, '/', text.len);
	size_t address_len = slash ? (size_t)(slash - text.base) : text.len;
	struct network network = {.prefix_bits = NETWORK_ADDRESS_BITS};
	struct span address = span_from(text.base, address_len);
	if (!network_address_parse(address, &network.first))
		return false;
	/* "::ffff:10.0.0.0/104" counts its bits as IPv6, "10.0.0.0/8" as IPv4. */
	unsigned skipped = memchr(address.base, ':', address.len) ? 0 : MAPPED_BITS;
	if (slash) {
		struct span digits = span_from(slash + 1, text.len - address_len - 1);
		if (!parse_prefix(digits, NETWORK_ADDRESS_BITS - skipped, &network.prefix_bits))
			return false;
		network.prefix_bits += skipped;
	}
	*ret_network = network;
	return true;
}

static enum error add_word(struct network_list *list, struct span word, struct failure *failure)
{
	if (span_equal(word, SPAN("unix"))) {
		list->unix_peers = true;
		return OK;
	}
	if (list->count == NETWORK_LIST_MOST)
		return failure_set(
			failure, E_CONFIG, "at most %d networks are taken", NETWORK_LIST_MOST);
	if (!parse_network(word, &list->networks[list->count]))
		return failure_set(failure, E_CONFIG,
			"%.*s: must be an address (192.0.2.1), a network (10.0.0.0/8) or unix",
			(int)(word.len < SHOWN_BYTES ? word.len : SHOWN_BYTES), word.base);
	list->count++;
	return OK;
}

enum error network_list_parse(
	const char *text, struct network_list *ret_list, struct failure *failure)
{
	static const char separators[] = ", \t\r\n";
	*ret_list = (struct network_list){.count = 0};
	text = text ? text : "";
	for (text += strspn(text, separators); *text; text += strspn(text, separators)) {
		size_t len = strcspn(text, separators);
		enum error error = add_word(ret_list, span_from(text, len), failure);
		if (error)
			return error;
		text += len;
	}
	return OK;
}

static bool is_in(const struct network_address *address, const struct network *network)
{
	unsigned whole = network->prefix_bits / 8;
	unsigned rest = network->prefix_bits % 8;
	if (memcmp(address->bytes, network->first.bytes, whole) != 0)
		return false;
	return rest == 0 ||
	       (address->bytes[whole] ^ network->first.bytes[whole]) >> (8 - rest) == 0;
}

bool network_list_holds(const struct network_list *list, const struct network_address *address)
{
	for (size_t i = 0; i < list->count; i++) {
		if (is_in(address, &list->networks[i]))
			return true;
	}
	return false;
}
