/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backfill_screen - a backfill's progress drawn at a terminal, over what was drawn before.
 *
 * A bar a partition where the window has room for them, else one line.
 */
#ifndef INTAKE_WORKER_BACKFILL_SCREEN_H
#define INTAKE_WORKER_BACKFILL_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/buf.h"
#include "shared/terminal.h"
#include "worker/backfill_view.h"

enum { SCREEN_LINES_MOST = 64 };

/* All zero: nothing has been drawn. */
struct backfill_screen {
	bool has_colour;
	int widths[SCREEN_LINES_MOST]; /* of the lines that stand there, in columns */
	int line_count;
};

/*
 * Add what draws the view: text and control sequences (ECMA-48).
 *
 * Takes: size - of the window now; it may have changed since.
 */
void backfill_screen_draw(struct backfill_screen *screen, const struct backfill_view *view,
	struct terminal_size size, struct buf *out);

/* Add what removes it. */
void backfill_screen_clear(
	struct backfill_screen *screen, struct terminal_size size, struct buf *out);

#endif
