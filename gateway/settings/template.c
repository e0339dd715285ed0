/* SPDX-License-Identifier: Apache-2.0 */
/* template - a page: HTML with holes, and what goes into them. */
#include "gateway/settings/template.h"

#include <string.h>

#include "shared/ensure.h"

enum { DEPTH_MOST = 8 };

/* A text's next part: what stands before a hole, and the hole. */
struct part {
	struct span before;
	char kind; /* one of "?!*>/", ' ' for a text, '\0': the text is over */
	struct span name;
};

static struct part next_part(struct span *text)
{
	const char *open = text->len ? memmem(text->base, text->len, "{{", 2) : NULL;
	struct part part = {.before = *text};
	if (!open) {
		*text = SPAN_NONE;
		return part;
	}
	part.before.len = (size_t)(open - text->base);
	struct span rest = span_from(open + 2, text->len - part.before.len - 2);
	const char *close = rest.len ? memmem(rest.base, rest.len, "}}", 2) : NULL;
	ensure(close && close > rest.base);
	part.kind = strchr("?!*>/", *rest.base) ? *rest.base : ' ';
	part.name = span_from(rest.base, (size_t)(close - rest.base));
	if (part.kind != ' ')
		part.name = span_from(part.name.base + 1, part.name.len - 1);
	*text = span_from(close + 2, rest.len - (size_t)(close - rest.base) - 2);
	return part;
}

static bool opens_section(char kind)
{
	return kind == '?' || kind == '!' || kind == '*';
}

/* What stands up to the section's end, which is taken off the text too. */
static struct span take_section(struct span *text, struct span name)
{
	const char *begin = text->base;
	size_t depth = 0;
	for (;;) {
		struct part part = next_part(text);
		ensure(part.kind);
		depth += opens_section(part.kind);
		if (part.kind == '/' && depth-- == 0) {
			ensure(span_equal(part.name, name));
			return span_from(
				begin, (size_t)(part.before.base + part.before.len - begin));
		}
	}
}

static struct span template_of(const struct template_set *set, struct span name)
{
	const char *text = NULL;
	for (size_t i = 0; i < set->count && !text; i++) {
		if (span_equal(name, span_of(set->templates[i].name)))
			text = set->templates[i].text;
	}
	ensure(text); /* a template of that name is there */
	return span_of(text);
}

/* ---- checking */

/* Where in HTML a hole stands; of a page as we write it, not of any. */
struct place {
	bool in_tag;
	bool in_quotes;
	struct span attribute; /* the name before the quotes */
};

static bool is_scripted(struct span attribute)
{
	return span_starts_nocase(attribute, SPAN("on")) ||
	       span_equal_nocase(attribute, SPAN("style")) ||
	       span_equal_nocase(attribute, SPAN("srcdoc"));
}

static void walk(struct place *place, struct span text)
{
	const char *word = text.base;
	for (const char *at = text.base; at < text.base + text.len; at++) {
		if (*at == '"' && place->in_tag) {
			if (!place->in_quotes && at > word)
				place->attribute = span_from(word, (size_t)(at - word - 1));
			place->in_quotes = !place->in_quotes;
		} else if (*at == '<' && !place->in_quotes) {
			place->in_tag = true;
		} else if (*at == '>' && !place->in_quotes) {
			place->in_tag = false;
		} else if (strchr(" \n\t", *at)) {
			word = at + 1;
		}
	}
}

static void check_text(struct span text)
{
	struct place place = {.in_tag = false};
	for (size_t depth = 0;;) {
		struct part part = next_part(&text);
		walk(&place, part.before);
		if (!part.kind) {
			ensure(depth == 0 && !place.in_tag);
			return;
		}
		ensure(part.kind != ' ' || !place.in_tag || place.in_quotes);
		ensure(part.kind != ' ' || !place.in_quotes || !is_scripted(place.attribute));
		if (opens_section(part.kind))
			ensure(++depth <= DEPTH_MOST);
		else if (part.kind == '/')
			ensure(depth-- > 0);
	}
}

void template_check(const struct template_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		const char *text = set->templates[i].text;
		ensure(!strcasestr(text, "<script>") && !strcasestr(text, "<style"));
		check_text(span_of(text));
	}
}

/* ---- rendering */

static const struct template_value *find(const struct template_scope *scope, struct span name)
{
	const struct template_value *found = NULL;
	for (; scope && !found; scope = scope->outer) {
		for (size_t i = 0; i < scope->count && !found; i++) {
			if (span_equal(name, span_of(scope->values[i].name)))
				found = &scope->values[i];
		}
	}
	ensure(found); /* somebody gave what the template names */
	return found;
}

static void add_escaped(struct buf *out, struct span text)
{
	static const struct {
		char byte;
		const char *escape;
	} escapes[] = {
		{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};
	for (size_t i = 0; i < text.len; i++) {
		const char *escape = NULL;
		for (size_t j = 0; j < sizeof(escapes) / sizeof(*escapes) && !escape; j++)
			escape = text.base[i] == escapes[j].byte ? escapes[j].escape : NULL;
		if (escape)
			buf_add_text(out, escape);
		else
			buf_add_char(out, text.base[i]);
	}
}

static bool is_set(const struct template_value *value)
{
	switch (value->type) {
	case TEMPLATE_TEXT:
		return value->text.len > 0;
	case TEMPLATE_LIST:
		return value->row_count > 0;
	case TEMPLATE_FLAG:
		break;
	}
	return value->flag;
}

static void render(const struct template_set *set, struct span text,
	const struct template_scope *scope, struct buf *out);

static void render_section(const struct template_set *set, const struct part *part,
	struct span section, const struct template_scope *scope, struct buf *out)
{
	const struct template_value *value = find(scope, part->name);
	if (part->kind != '*') {
		if (is_set(value) == (part->kind == '?'))
			render(set, section, scope, out);
		return;
	}
	ensure(value->type == TEMPLATE_LIST);
	for (size_t i = 0; i < value->row_count; i++) {
		struct template_scope row = value->rows[i];
		row.outer = scope;
		render(set, section, &row, out);
	}
}

static void render(const struct template_set *set, struct span text,
	const struct template_scope *scope, struct buf *out)
{
	for (;;) {
		struct part part = next_part(&text);
		buf_add(out, part.before);
		if (!part.kind)
			return;
		if (opens_section(part.kind)) {
			render_section(set, &part, take_section(&text, part.name), scope, out);
		} else if (part.kind == '>') {
			render(set, template_of(set, part.name), scope, out);
		} else {
			const struct template_value *value = find(scope, part.name);
			ensure(value->type == TEMPLATE_TEXT);
			add_escaped(out, value->text);
		}
	}
}

void template_render(const struct template_set *set, const char *name,
	const struct template_scope *scope, struct buf *out)
{
	render(set, template_of(set, span_of(name)), scope, out);
}
