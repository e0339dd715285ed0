/* SPDX-License-Identifier: Apache-2.0 */
/* openapi - serves the document; whoever asks for it needs no key, so it costs next to nothing. */
#include "gateway/openapi.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "gateway/metrics.h"
#include "shared/ensure.h"
#include "shared/memory.h"

enum { ETAG_BYTES = 16 };

static const struct span refusal_headers =
	SPAN("Content-Type: application/json\r\nAllow: GET, HEAD\r\nCache-Control: no-store\r\n");
static const struct span refusal_body = SPAN(
	"{\"success\":false,\"error\":\"method_not_allowed\",\"message\":\"This is a document: GET "
	"it.\",\"status\":405}");

struct openapi {
	struct http_service service;
	struct buf document;
	struct buf headers;            /* of 200 and 304 */
	char etag[2 * ETAG_BYTES + 3]; /* quotes included */
};

/* A list's next member (RFC 9110 section 5.6.1), taken off it. */
static struct span next_member(struct span *list)
{
	const char *comma = list->len ? memchr(list->base, ',', list->len) : NULL;
	size_t len = comma ? (size_t)(comma - list->base) : list->len;
	struct span member = span_from(list->base, len);
	size_t taken = comma ? len + 1 : len;
	*list = span_from(list->base + taken, list->len - taken);
	while (member.len && (member.base[0] == ' ' || member.base[0] == '\t'))
		member = span_from(member.base + 1, member.len - 1);
	while (member.len && strchr(" \t", member.base[member.len - 1]))
		member.len--;
	return member;
}

/* RFC 9110 section 13.1.2: "*" or a list of tags; weak ones (W/"...") compare equal too. */
static bool names_etag(struct span list, struct span etag)
{
	while (list.len) {
		struct span member = next_member(&list);
		if (member.len > 2 && member.base[0] == 'W' && member.base[1] == '/')
			member = span_from(member.base + 2, member.len - 2);
		if (span_equal(member, SPAN("*")) || span_equal(member, etag))
			return true;
	}
	return false;
}

static void answer(struct http_request *request, int status, struct span headers, struct span body)
{
	const struct http_response response = {.status = status, .headers = headers, .body = body};
	metric_add(METRIC_OPENAPI_REQUESTS, 1);
	http_answer(request, &response);
}

static void on_head(struct http_request *request, void *user)
{
	const struct openapi *openapi = user;
	struct span headers = buf_span(&openapi->headers);
	struct span document = buf_span(&openapi->document);
	struct span known = http_header_find(request, SPAN("if-none-match"));
	if (request->method != METHOD_GET && request->method != METHOD_HEAD)
		answer(request, 405, refusal_headers, refusal_body);
	else if (names_etag(known, span_of(openapi->etag)))
		answer(request, 304, headers, document);
	else
		answer(request, 200, headers, document);
}

static void make_etag(struct openapi *openapi)
{
	unsigned char hash[ETAG_BYTES];
	char hex[2 * ETAG_BYTES + 1];
	const struct buf *document = &openapi->document;
	ensure(crypto_generichash(hash, sizeof(hash), (const unsigned char *)document->base,
		       document->len, NULL, 0) == 0);
	(void)sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	(void)snprintf(openapi->etag, sizeof(openapi->etag), "\"%s\"", hex);
}

struct openapi *openapi_new(const struct gateway_settings *settings)
{
	struct openapi *openapi = memory_zeroed(1, sizeof(*openapi));
	openapi->service = (struct http_service){.head = on_head, .user = openapi};
	openapi_write(settings, &openapi->document);
	make_etag(openapi);
	/* Pages of other origins may read it: tools that show it run in browsers. */
	buf_printf(&openapi->headers,
		"Content-Type: application/json\r\nCache-Control: " OPENAPI_CACHE_CONTROL
		"\r\nETag: %s\r\nAccess-Control-Allow-Origin: *\r\nX-Content-Type-Options: "
		"nosniff\r\n",
		openapi->etag);
	return openapi;
}

void openapi_free(struct openapi *openapi)
{
	if (!openapi)
		return;
	buf_fini(&openapi->document);
	buf_fini(&openapi->headers);
	free(openapi);
}

const struct http_service *openapi_service(const struct openapi *openapi)
{
	return &openapi->service;
}
