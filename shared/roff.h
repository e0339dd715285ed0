/* SPDX-License-Identifier: Apache-2.0 */
/* roff - text as a man page takes it (groff_man(7)). */
#ifndef INTAKE_SHARED_ROFF_H
#define INTAKE_SHARED_ROFF_H

#include "shared/buf.h"
#include "shared/span.h"

/*
 * Add the text with all that roff would read as its own escaped: backslashes, hyphens that are to stay
 * ASCII, quotes, and a full stop or quote at the beginning of a line.
 */
void roff_add(struct buf *out, struct span text);

/* The same, as lines of a paragraph: broken at spaces, and with a line end behind. */
void roff_fill(struct buf *out, struct span text);

#endif
