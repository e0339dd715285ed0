/* SPDX-License-Identifier: Apache-2.0 */
/*
 * template - a page: HTML with holes, and what goes into them.
 *
 *	{{name}}                  a text; always escaped: there is no way to put markup in
 *	{{?name}} ... {{/name}}   only where the flag is set, or the text is not empty
 *	{{!name}} ... {{/name}}   only where not
 *	{{*name}} ... {{/name}}   for each row of the list
 *	{{>name}}                 another template
 *
 * A hole stands in text or in an attribute's double quotes, nowhere else, so that escaping & < > " ' is
 * enough; no attribute that holds script or style has one. template_check sees to it, at the start: a
 * template that breaks this, or any other rule, is the programmer's error.
 */
#ifndef INTAKE_GATEWAY_SETTINGS_TEMPLATE_H
#define INTAKE_GATEWAY_SETTINGS_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/buf.h"
#include "shared/span.h"

struct template
{
	const char *name;
	const char *text;
};

/* All templates that may name each other. */
struct template_set {
	const struct template *templates;
	size_t count;
};

struct template_value {
	const char *name;
	enum { TEMPLATE_TEXT, TEMPLATE_FLAG, TEMPLATE_LIST } type;
	struct span text; /* valid UTF-8, borrowed */
	bool flag;
	const struct template_scope *rows; /* borrowed */
	size_t row_count;
};

/* What names mean; those of a row first, then those around it. */
struct template_scope {
	const struct template_value *values; /* borrowed */
	size_t count;
	const struct template_scope *outer; /* NULL: none */
};

static inline struct template_value template_text(const char *name, struct span text)
{
	return (struct template_value){.name = name, .type = TEMPLATE_TEXT, .text = text};
}

static inline struct template_value template_flag(const char *name, bool flag)
{
	return (struct template_value){.name = name, .type = TEMPLATE_FLAG, .flag = flag};
}

/* Aborts where a template breaks the rules above. */
void template_check(const struct template_set *set);

/*
 * Add the template to `out`, its holes filled.
 *
 * Takes: set - checked; name - of one of them; scope - has every name that is met on the way.
 */
void template_render(const struct template_set *set, const char *name,
	const struct template_scope *scope, struct buf *out);

#endif
