/* SPDX-License-Identifier: Apache-2.0 */
/* loopback - whether an address is this machine's own, where plain http is safe. */
#include "gateway/settings/loopback.h"

#include <string.h>

/* Up to the port or the path; a v6 address with its brackets. */
static struct span host_of(struct span address)
{
	bool in_brackets = address.len && *address.base == '[';
	size_t len = 0;
	while (len < address.len && !strchr(in_brackets ? "]" : ":/?#", address.base[len]))
		len++;
	return span_from(address.base, in_brackets && len < address.len ? len + 1 : len);
}

/* Digits and dots only: "127.example.com" is somebody's name. */
static bool is_number(struct span host)
{
	for (size_t i = 0; i < host.len; i++) {
		if (!host.base[i] || !strchr("0123456789.", host.base[i]))
			return false;
	}
	return true;
}

/* "localhost:8080@example.com": what looks like the host is somebody's name and password. */
static bool has_user(struct span address)
{
	size_t len = 0;
	while (len < address.len && !strchr("@/?#", address.base[len]))
		len++;
	return len < address.len && address.base[len] == '@';
}

bool loopback_is(struct span address)
{
	struct span host = host_of(address);
	if (has_user(address))
		return false;
	return span_equal_nocase(host, SPAN("localhost")) || span_equal(host, SPAN("[::1]")) ||
	       (span_starts_nocase(host, SPAN("127.")) && is_number(host));
}
