/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_key_header - any headers: no key is asked for but the one that is there, and two keys are never
 * one.
 *
 * A line of input is a header; its first byte says which: "k" x-api-key, "b" Bearer credentials, "c"
 * Basic ones (the line holds them before base64), "a" Authorization as it stands, else another one.
 */
#include <sodium.h>

#include "gateway/pipeline.h"
#include "shared/ensure.h"
#include "tests/fuzz/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINES_MOST = 8, BASIC_MOST = 256 };

/* The keys that a request carries, by the contract. */
struct carried {
	struct span key; /* base NULL: none */
	bool differ;     /* there is another one */
	bool others;     /* something else that may count */
};

struct keys {
	struct span asked; /* base NULL: none */
};

enum error keys_find(
	struct keys *keys, struct key_lookup *lookup, int64_t wall_ms, int64_t steady_ms)
{
	(void)wall_ms;
	(void)steady_ms;
	ensure(!keys->asked.base && reference_is_key(lookup->key));
	keys->asked = lookup->key;
	return OK;
}

void pipeline_resume(struct submission *submission, enum error error)
{
	(void)submission;
	(void)error;
	ensure(false); /* nothing is answered late here */
}

static void carry(struct carried *carried, struct span text)
{
	if (!reference_is_key(text))
		carried->others = carried->others || text.len;
	else if (!carried->key.base)
		carried->key = text;
	else if (!span_equal(carried->key, text))
		carried->differ = true;
}

static struct span join(struct arena *arena, struct span scheme, struct span rest)
{
	char *text = arena_alloc(arena, scheme.len + rest.len + 1);
	memcpy(text, scheme.base, scheme.len);
	if (rest.len)
		memcpy(text + scheme.len, rest.base, rest.len);
	return span_from(text, scheme.len + rest.len);
}

static struct span base64(struct arena *arena, struct span text)
{
	const int variant = sodium_base64_VARIANT_ORIGINAL;
	size_t room = sodium_base64_encoded_len(text.len, variant);
	char *out = arena_alloc(arena, room);
	(void)sodium_bin2base64(out, room, (const unsigned char *)text.base, text.len, variant);
	return span_of(out);
}

/* HTTP takes white space off both ends of a value. */
static struct span strip(struct span text)
{
	while (text.len && (text.base[0] == ' ' || text.base[0] == '\t'))
		text = span_from(text.base + 1, text.len - 1);
	while (text.len && strchr(" \t", text.base[text.len - 1]) && text.base[text.len - 1])
		text.len--;
	return text;
}

static struct span basic(struct arena *arena, struct span plain, struct carried *carried)
{
	struct span rest = plain;
	struct span user;
	if (plain.len <= BASIC_MOST && memchr(plain.base, ':', plain.len) &&
		reference_next(&rest, ':', &user)) {
		if (reference_is_key(user))
			carry(carried, user);
		if (reference_is_key(rest))
			carry(carried, rest);
	}
	carried->others = true; /* half a key, perhaps */
	return strip(join(arena, SPAN("Basic "), base64(arena, plain)));
}

static struct http_header header_of(struct arena *arena, struct span line, struct carried *carried)
{
	struct span value = strip(span_from(line.base + 1, line.len - 1));
	switch (line.base[0]) {
	case 'k':
		carry(carried, value);
		return (struct http_header){SPAN("X-Api-Key"), value};
	case 'b':
		carry(carried, value);
		return (struct http_header){
			SPAN("authorization"), strip(join(arena, SPAN("bearer "), value))};
	case 'c':
		return (struct http_header){SPAN("Authorization"), basic(arena, value, carried)};
	case 'a':
		carried->others = true;
		return (struct http_header){SPAN("Authorization"), value};
	default:
		return (struct http_header){SPAN("X-Api-Keys"), value};
	}
}

/* What is carried in an Authorization "as it stands" is not worked out here. */
static void check(
	enum error error, const struct keys *keys, const struct carried *carried, bool raw)
{
	ensure((error == OK) == (keys->asked.base != NULL));
	ensure(error == OK || error == E_CONFLICTING_KEYS || error == E_MISSING_API_KEY ||
		error == E_INVALID_API_KEY);
	if (carried->differ)
		ensure(error == E_CONFLICTING_KEYS);
	else if (keys->asked.base && !raw)
		ensure(span_equal(keys->asked, carried->key));
	else if (carried->key.base && !carried->others)
		ensure(error == OK);
}

/* Returns: whether there is an Authorization "as it stands". */
static bool read_headers(struct http_request *request, struct span input, struct carried *carried)
{
	struct span line;
	bool raw = false;
	request->header_count = 0;
	while (request->header_count < LINES_MOST && reference_next(&input, '\n', &line)) {
		if (!line.len)
			continue;
		raw = raw || line.base[0] == 'a';
		request->headers[request->header_count++] =
			header_of(&request->arena, line, carried);
	}
	return raw;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct http_request request;
	static struct loop *loop; /* its clock is read */
	struct keys keys = {.asked = SPAN_NONE};
	struct carried carried = {.key = SPAN_NONE};
	struct pipeline pipeline = {.keys = &keys, .loop = loop ? loop : (loop = loop_new())};
	struct submission submission = {.request = &request, .pipeline = &pipeline};
	bool raw = read_headers(&request, span_from((const char *)data, size), &carried);
	check(authenticate_step(&submission), &keys, &carried, raw);
	arena_fini(&request.arena);
	return 0;
}
