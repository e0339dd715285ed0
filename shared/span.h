/* SPDX-License-Identifier: Apache-2.0 */
/* span - borrowed bytes, by value: {base, len}. Not NUL-terminated unless somebody says so. */
#ifndef INTAKE_SHARED_SPAN_H
#define INTAKE_SHARED_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

struct span {
	const char *base; /* borrowed; NULL: absent */
	size_t len;
};

/* A string literal as a span. */
#define SPAN(literal) ((struct span){"" literal, sizeof(literal) - 1})
#define SPAN_NONE ((struct span){NULL, 0})

static inline struct span span_of(const char *text)
{
	return (struct span){text, text ? strlen(text) : 0};
}

static inline struct span span_from(const char *base, size_t len)
{
	return (struct span){base, len};
}

static inline bool span_equal(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.base, b.base, a.len) == 0);
}

/* ASCII letters compare equal whatever their case. */
static inline bool span_equal_nocase(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || strncasecmp(a.base, b.base, a.len) == 0);
}

static inline bool span_starts_nocase(struct span text, struct span prefix)
{
	return text.len >= prefix.len &&
	       (prefix.len == 0 || strncasecmp(text.base, prefix.base, prefix.len) == 0);
}

/* Compares as memcmp does, the shorter first where one begins the other. */
static inline int span_compare(struct span a, struct span b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len ? memcmp(a.base, b.base, len) : 0;
	return order ? order : (a.len > b.len) - (a.len < b.len);
}

#endif
