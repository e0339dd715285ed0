/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_form - any bytes as a form: what comes of it is what comes of the same names and values as JSON.
 *
 * The form is decoded a second time here, as the WHATWG URL standard has it (section 5.1).
 */
#include <ctype.h>
#include <stdlib.h>

#include "gateway/body.h"
#include "gateway/pipeline.h"
#include "shared/buf.h"
#include "shared/ensure.h"
#include "shared/utf8.h"
#include "tests/fuzz/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The form as an object of JSON, and what is wrong with it. */
struct decoded {
	struct buf json;
	size_t pairs;
	bool is_text;      /* all is UTF-8 without NUL */
	bool has_brackets; /* "data[email]" becomes an object within: not compared */
};

static enum error parse(struct submission *submission)
{
	enum error error = parse_body_step(submission);
	return error ? error : validate_step(submission);
}

static struct span percent_decode(struct span text, struct arena *arena)
{
	char *out = arena_alloc(arena, text.len + 1);
	size_t len = 0;
	for (size_t i = 0; i < text.len; i++) {
		char hex[3] = "";
		out[len] = text.base[i] == '+' ? ' ' : text.base[i];
		if (text.base[i] == '%' && text.len - i > 2)
			memcpy(hex, text.base + i + 1, 2);
		if (isxdigit((unsigned char)hex[0]) && isxdigit((unsigned char)hex[1])) {
			out[len] = (char)strtoul(hex, NULL, 16);
			i += 2;
		}
		len++;
	}
	return span_from(out, len);
}

static bool is_text(struct span text)
{
	return utf8_is_valid(text) && !(text.len && memchr(text.base, '\0', text.len));
}

static void add_pair(struct decoded *decoded, struct span pair, struct arena *arena)
{
	struct span name = SPAN("");
	struct span value = pair;
	(void)reference_next(&value, '=', &name);
	name = percent_decode(name, arena);
	value = value.base ? percent_decode(value, arena) : SPAN("");
	decoded->pairs++;
	decoded->has_brackets = decoded->has_brackets || reference_holds(name, SPAN("]"));
	decoded->is_text = decoded->is_text && is_text(name) && is_text(value);
	if (!decoded->is_text)
		return;
	buf_add_char(&decoded->json, decoded->json.len ? ',' : '{');
	buf_add_json(&decoded->json, name);
	buf_add_char(&decoded->json, ':');
	buf_add_json(&decoded->json, value);
}

static void decode(struct span form, struct arena *arena, struct decoded *decoded)
{
	struct span pair;
	*decoded = (struct decoded){.is_text = true};
	while (reference_next(&form, '&', &pair)) {
		if (pair.len)
			add_pair(decoded, pair, arena);
	}
	buf_add_text(&decoded->json, decoded->json.len ? "}" : "{}");
}

static void check_same(const struct submission *form, const struct submission *json)
{
	const struct submission_contact *a = form->contacts;
	const struct submission_contact *b = json->contacts;
	ensure(form->contact_count == 1 && json->contact_count == 1 && !form->is_list);
	ensure(a->issues.count == b->issues.count && a->name_count == b->name_count);
	for (size_t i = 0; i < a->issues.count; i++)
		ensure(a->issues.list[i].field == b->issues.list[i].field &&
			strcmp(a->issues.list[i].code, b->issues.list[i].code) == 0);
	for (size_t i = 0; i < a->name_count; i++)
		ensure(span_equal(a->names[i], b->names[i]));
	ensure(span_equal(a->event.contact.name, b->event.contact.name));
	ensure(span_equal(a->event.contact.email, b->event.contact.email));
	ensure(span_equal(a->event.contact.phone, b->event.contact.phone));
}

static void check(struct submission *form, enum error error, const struct decoded *decoded)
{
	struct http_request request = {.body = buf_span(&decoded->json)};
	struct submission json = {.request = &request};
	bool too_many = decoded->pairs > BODY_MEMBERS_MOST;
	if (too_many && error == E_INVALID_JSON)
		return;
	ensure(!too_many || error == E_INVALID_UTF8);
	ensure(decoded->is_text == (error != E_INVALID_UTF8));
	if (error == E_INVALID_UTF8 || decoded->has_brackets)
		return;
	ensure(parse(&json) == error);
	check_same(form, &json);
	arena_fini(&request.arena);
}

/* What begins a body of another kind, and what a form must hold. */
static bool is_form(struct span body)
{
	return body.len && !strchr(" \t\r\n{[<\"\xef", body.base[0]) && is_text(body) &&
	       !span_starts_nocase(body, SPAN("%7b")) && !span_starts_nocase(body, SPAN("%5b")) &&
	       memchr(body.base, '=', body.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_request request = {.body = span_from((const char *)data, size)};
	struct submission submission = {.request = &request};
	struct decoded decoded = {.pairs = 0};
	struct span form = request.body;
	enum error error = parse(&submission);
	ensure(error == OK || error_blame(error) == BLAME_CALLER);
	while (form.len && strchr(" \t\r\n", form.base[form.len - 1]) && form.base[form.len - 1])
		form.len--;
	if (is_form(form)) {
		decode(form, &request.arena, &decoded);
		check(&submission, error, &decoded);
	}
	buf_fini(&decoded.json);
	arena_fini(&request.arena);
	return 0;
}
