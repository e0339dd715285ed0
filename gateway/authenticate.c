/* SPDX-License-Identifier: Apache-2.0 */
/* authenticate - third step: whose key is it? */
#include "gateway/pipeline.h"
#include "shared/clock.h"

enum { BASIC_BYTES = 256 }; /* decoded "user:password"; a key has 67 */

/* What a request carries in the place of a key. */
struct found_keys {
	struct span first; /* base NULL: none yet */
	bool conflict;
};

static void found(struct found_keys *keys, struct span key)
{
	if (!keys->first.base)
		keys->first = key;
	else if (!span_equal(keys->first, key))
		keys->conflict = true;
}

static struct span strip_scheme(struct span value, struct span scheme)
{
	if (!span_starts_nocase(value, scheme))
		return SPAN_NONE;
	value = span_from(value.base + scheme.len, value.len - scheme.len);
	while (value.len && value.base[0] == ' ')
		value = span_from(value.base + 1, value.len - 1);
	return value;
}

/* RFC 7617: the key as user or as password; the other one does not matter. */
static void find_in_basic(
	struct found_keys *keys, struct span credentials, struct http_request *request)
{
	char *decoded = arena_alloc(&request->arena, BASIC_BYTES);
	size_t len = api_key_decode_basic(credentials, decoded, BASIC_BYTES);
	const char *colon = len ? memchr(decoded, ':', len) : NULL;
	if (!colon)
		return;
	struct span user = span_from(decoded, (size_t)(colon - decoded));
	struct span password = span_from(colon + 1, len - user.len - 1);
	if (span_starts_nocase(user, SPAN("sk_")))
		found(keys, user);
	if (span_starts_nocase(password, SPAN("sk_")))
		found(keys, password);
}

/* A scheme that is not ours, or a token that is no key, may be meant for a proxy before us. */
static void find_in_authorization(
	struct found_keys *keys, struct span value, struct http_request *request)
{
	struct span bearer = strip_scheme(value, SPAN("Bearer "));
	struct span basic = strip_scheme(value, SPAN("Basic "));
	if (bearer.base && (!keys->first.base || span_starts_nocase(bearer, SPAN("sk_"))))
		found(keys, bearer);
	if (basic.base)
		find_in_basic(keys, basic, request);
}

static struct found_keys find_keys(struct http_request *request)
{
	struct found_keys keys = {.first = SPAN_NONE};
	for (size_t i = 0; i < request->header_count; i++) {
		const struct http_header *header = &request->headers[i];
		if (header->value.len && span_equal_nocase(header->name, SPAN("x-api-key")))
			found(&keys, header->value);
	}
	for (size_t i = 0; i < request->header_count; i++) {
		const struct http_header *header = &request->headers[i];
		if (header->value.len && span_equal_nocase(header->name, SPAN("authorization")))
			find_in_authorization(&keys, header->value, request);
	}
	return keys;
}

static enum error conclude(struct submission *submission, enum error error)
{
	submission->authenticated = !error;
	return error;
}

static void looked_up(struct key_lookup *lookup)
{
	struct submission *submission =
		(struct submission *)((char *)lookup - offsetof(struct submission, lookup));
	pipeline_resume(submission, conclude(submission, lookup->error));
}

enum error authenticate_step(struct submission *submission)
{
	struct pipeline *pipeline = submission->pipeline;
	struct found_keys keys = find_keys(submission->request);
	if (keys.conflict)
		return E_CONFLICTING_KEYS;
	if (!keys.first.base)
		return E_MISSING_API_KEY;
	if (!api_key_is_well_formed(keys.first))
		return E_INVALID_API_KEY;
	submission->lookup = (struct key_lookup){
		.loop = pipeline->loop,
		.key = keys.first,
		.peer = http_peer(submission->request),
		.done = looked_up,
	};
	enum error error = keys_find(pipeline->keys, &submission->lookup,
		submission->wall_ns / CLOCK_NS_PER_MS, loop_now_ms(pipeline->loop));
	return error == E_PENDING ? E_PENDING : conclude(submission, error);
}
