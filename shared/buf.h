/* SPDX-License-Identifier: Apache-2.0 */
/* buf - owned bytes that grow. */
#ifndef INTAKE_SHARED_BUF_H
#define INTAKE_SHARED_BUF_H

#include <stddef.h>
#include <stdint.h>

#include "shared/span.h"

/* All zero is an empty one. */
struct buf {
	char *base; /* owned */
	size_t len;
	size_t capacity;
};

/* Takes half-built and empty ones; leaves an empty one. */
void buf_fini(struct buf *buf);

/* Room for `more` bytes behind what is there; returns where they go. The caller adds to buf->len. */
char *buf_reserve(struct buf *buf, size_t more);

void buf_add(struct buf *buf, struct span bytes);
void buf_add_char(struct buf *buf, char byte);
void buf_add_text(struct buf *buf, const char *text);
void buf_add_int(struct buf *buf, int64_t value);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Add the text as a JSON string, quotes included (RFC 8259 section 7). Takes: text - valid UTF-8. */
void buf_add_json(struct buf *buf, struct span text);

static inline void buf_clear(struct buf *buf)
{
	buf->len = 0;
}

/* Borrowed until the next change of the buf. */
static inline struct span buf_span(const struct buf *buf)
{
	return (struct span){buf->base, buf->len};
}

/* NUL-terminated; borrowed until the next change of the buf. */
const char *buf_text(struct buf *buf);

#endif
