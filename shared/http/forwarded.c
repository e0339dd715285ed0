/* SPDX-License-Identifier: Apache-2.0 */
/* forwarded - the client's address from X-Forwarded-For, as far as proxies of ours vouch for it. */
#include "shared/http/forwarded.h"

/* How far the header's entries have been read, from the right. */
struct reading {
	const struct network_list *trusted;
	struct network_address last; /* read; where `any` */
	bool any;
	bool done; /* that one is no proxy of ours */
};

static struct span trim(struct span text)
{
	while (text.len && (text.base[0] == ' ' || text.base[0] == '\t'))
		text = span_from(text.base + 1, text.len - 1);
	while (text.len && (text.base[text.len - 1] == ' ' || text.base[text.len - 1] == '\t'))
		text.len--;
	return text;
}

/* "[2001:db8::1]" with or without a port. */
static bool parse_bracketed(struct span text, struct network_address *ret_address)
{
	const char *end = memchr(text.base, ']', text.len);
	if (!end)
		return false;
	struct span inside = span_from(text.base + 1, (size_t)(end - text.base) - 1);
	struct span behind = span_from(end + 1, text.len - inside.len - 2);
	if (behind.len && (behind.base[0] != ':' || !network_port_is_valid(span_from(
							    behind.base + 1, behind.len - 1))))
		return false;
	return memchr(inside.base, ':', inside.len) && network_address_parse(inside, ret_address);
}

/* An address, as proxies write it: some add the port (HAProxy and Azure's do). */
static bool parse_entry(struct span text, struct network_address *ret_address)
{
	if (text.len && text.base[0] == '[')
		return parse_bracketed(text, ret_address);
	const char *colon = text.len ? memchr(text.base, ':', text.len) : NULL;
	size_t host_len = colon ? (size_t)(colon - text.base) : text.len;
	struct span port = colon ? span_from(colon + 1, text.len - host_len - 1) : SPAN_NONE;
	if (colon && memchr(text.base, '.', host_len) && network_port_is_valid(port))
		text.len = host_len;
	return network_address_parse(text, ret_address);
}

/* Returns: false: an entry is not an address. */
static bool read_line(struct reading *reading, struct span line)
{
	while (line.len && !reading->done) {
		const char *comma = memrchr(line.base, ',', line.len);
		size_t start = comma ? (size_t)(comma - line.base) + 1 : 0;
		struct span entry = trim(span_from(line.base + start, line.len - start));
		line.len = comma ? start - 1 : 0;
		if (entry.len == 0)
			continue; /* RFC 9110 section 5.6.1.2: empty elements do not count */
		if (!parse_entry(entry, &reading->last))
			return false;
		reading->any = true;
		reading->done = !network_list_holds(reading->trusted, &reading->last);
	}
	return true;
}

bool forwarded_client(const struct http_request *request, const struct network_list *trusted,
	struct network_address *ret_client)
{
	struct reading reading = {.trusted = trusted};
	for (size_t i = request->header_count; i-- > 0 && !reading.done;) {
		const struct http_header *header = &request->headers[i];
		if (span_equal_nocase(header->name, SPAN("x-forwarded-for")) &&
			!read_line(&reading, header->value))
			return false;
	}
	if (reading.any)
		*ret_client = reading.last;
	return reading.any;
}
