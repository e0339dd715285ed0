/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_forwarded - any bytes as lines of X-Forwarded-For, and as a list of proxies: a client that is
 * found has a text that reads back as the same address.
 */
#include "shared/ensure.h"
#include "shared/http/forwarded.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_client(const struct http_request *request)
{
	struct network_list ours;
	struct network_address client;
	struct network_address again;
	char text[NETWORK_TEXT_BYTES];
	ensure(network_list_parse("10.0.0.0/8, fd00::/8", &ours, NULL) == OK);
	if (!forwarded_client(request, &ours, &client))
		return;
	network_address_text(&client, text);
	ensure(network_address_parse(span_of(text), &again));
	ensure(memcmp(&client, &again, sizeof(client)) == 0);
}

static void check_list(const uint8_t *data, size_t size)
{
	struct network_list list;
	struct network_address any = {.bytes = {0}};
	char *text = malloc(size + 1);
	ensure(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	if (network_list_parse(text, &list, NULL) == OK)
		(void)network_list_holds(&list, &any);
	free(text);
}

/* A line of input is a line of the header. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct http_request request;
	struct span rest = span_from((const char *)data, size);
	request.header_count = 0;
	while (rest.len && request.header_count < HTTP_HEADERS_MOST) {
		const char *end = memchr(rest.base, '\n', rest.len);
		size_t len = end ? (size_t)(end - rest.base) : rest.len;
		request.headers[request.header_count++] =
			(struct http_header){SPAN("X-Forwarded-For"), span_from(rest.base, len)};
		len += end != NULL;
		rest = span_from(rest.base + len, rest.len - len);
	}
	check_client(&request);
	if (size)
		check_list(data, size);
	return 0;
}
