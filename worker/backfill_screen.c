/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_screen - a backfill's progress drawn at a terminal, over what was drawn before. */
#include "worker/backfill_screen.h"

#include <string.h>

#include "worker/backfill_words.h"

enum {
	BAR_COLUMNS_MOST = 60,
	BAR_COLUMNS_FEWEST = 10,
	BARS_COLUMNS_FEWEST = 60, /* of a window that has bars */
	ROWS_BESIDE = 3,          /* the line below the bars, and what stands above */
	PARTITION_COLUMNS = 16,   /* "partition   12  " */
	FIGURE_COLUMNS = 11,      /* "[] 100 %  *" */
};

#define YELLOW "\033[33m"
#define GREEN "\033[32m"
#define PLAIN "\033[0m"
#define CLEAR_BELOW "\033[J"

/* One line being written: colours take no columns, and nothing reaches the last one. */
struct line {
	struct backfill_screen *screen;
	struct buf *out;
	int columns; /* that are left */
	int width;
};

static struct line line_begin(
	struct backfill_screen *screen, struct terminal_size size, struct buf *out)
{
	return (struct line){screen, out, size.columns - 1, 0};
}

static void line_add(struct line *line, const char *text)
{
	for (; *text && line->columns > 0; text++, line->columns--, line->width++)
		buf_add_char(line->out, *text);
}

/* Only whole: what does not fit is left out. */
static void line_add_whole(struct line *line, struct buf *text)
{
	if ((int)text->len <= line->columns)
		line_add(line, buf_text(text));
	buf_clear(text);
}

static void line_colour(struct line *line, const char *colour)
{
	if (line->screen->has_colour)
		buf_add_text(line->out, colour);
}

static void line_end(struct line *line)
{
	line->screen->widths[line->screen->line_count++] = line->width;
	buf_add_char(line->out, '\n');
}

/* ---- what is on the lines */

static void add_bar(struct line *line, int columns, int64_t done, int64_t offsets)
{
	int full = offsets ? (int)((double)columns * (double)done / (double)offsets) : columns;
	line_add(line, "[");
	line_colour(line, GREEN);
	for (int i = 0; i < columns; i++) {
		if (i == full)
			line_colour(line, PLAIN);
		line_add(line, i < full ? "#" : ".");
	}
	line_colour(line, PLAIN);
	line_add(line, "]");
}

static void draw_partition(struct backfill_screen *screen, const struct backfill_bar *bar,
	struct terminal_size size, struct buf *out)
{
	struct line line = line_begin(screen, size, out);
	struct buf text = {0};
	int columns = size.columns - 1 - PARTITION_COLUMNS - FIGURE_COLUMNS;
	buf_printf(&text, "partition %4d  ", bar->partition);
	line_add_whole(&line, &text);
	add_bar(&line, columns < BAR_COLUMNS_MOST ? columns : BAR_COLUMNS_MOST, bar->done,
		bar->offsets);
	buf_printf(&text, " %3d %%%s", backfill_view_percent(bar->done, bar->offsets),
		bar->at_work ? "  *" : "");
	line_add_whole(&line, &text);
	line_end(&line);
	buf_fini(&text);
}

/* Why it is throttled is left out before that it is. */
static void add_held(struct line *line, const struct backfill_view *view)
{
	bool is_throttled = view->speed.held == BACKFILL_HELD_THROTTLE;
	struct buf text = {0};
	buf_add_text(&text, "  ");
	backfill_view_held(view, &text);
	const char *why = strchr(buf_text(&text), ':');
	if (why && (int)text.len > line->columns)
		text.len = (size_t)(why - text.base);
	if (is_throttled)
		line_colour(line, YELLOW);
	line_add_whole(line, &text);
	if (is_throttled)
		line_colour(line, PLAIN);
	buf_fini(&text);
}

static void add_live(struct line *line, const struct backfill_view *view)
{
	struct buf text = {0};
	if (view->speed.live.is_known && view->speed.held != BACKFILL_HELD_THROTTLE)
		buf_printf(&text, "  live lag %lld", (long long)view->speed.live.lag_records);
	line_add_whole(line, &text);
	buf_fini(&text);
}

/* The more important a figure, the further left; what has no room is left out. */
static void draw_all(struct backfill_screen *screen, const struct backfill_view *view,
	struct terminal_size size, struct buf *out)
{
	struct line line = line_begin(screen, size, out);
	struct buf text = {0};
	int64_t left_s = backfill_view_left_s(view);
	if (view->bar_count == 0 || screen->line_count == 0)
		add_bar(&line,
			size.columns / 4 > BAR_COLUMNS_FEWEST ? size.columns / 4
							      : BAR_COLUMNS_FEWEST,
			view->done, view->offsets);
	buf_printf(&text, " %d %%", backfill_view_percent(view->done, view->offsets));
	line_add_whole(&line, &text);
	if (view->per_second >= 0)
		buf_printf(&text, "  %lld/s", (long long)view->per_second);
	line_add_whole(&line, &text);
	if (left_s >= 0) {
		buf_add_text(&text, "  ");
		backfill_words_duration(left_s, &text);
		buf_add_text(&text, " to go");
	}
	line_add_whole(&line, &text);
	add_held(&line, view);
	buf_printf(
		&text, "  %lld of %lld offsets", (long long)view->done, (long long)view->offsets);
	line_add_whole(&line, &text);
	add_live(&line, view);
	line_end(&line);
	buf_fini(&text);
}

/* ---- over what was there */

/* A window that became narrower has broken lines in two. */
static int rows_drawn(const struct backfill_screen *screen, struct terminal_size size)
{
	int rows = 0;
	for (int i = 0; i < screen->line_count; i++)
		rows += screen->widths[i] ? (screen->widths[i] + size.columns - 1) / size.columns
					  : 1;
	return rows < size.rows ? rows : size.rows - 1;
}

void backfill_screen_clear(
	struct backfill_screen *screen, struct terminal_size size, struct buf *out)
{
	int rows = rows_drawn(screen, size);
	if (rows > 0)
		buf_printf(out, "\r\033[%dA" CLEAR_BELOW, rows);
	screen->line_count = 0;
}

void backfill_screen_draw(struct backfill_screen *screen, const struct backfill_view *view,
	struct terminal_size size, struct buf *out)
{
	backfill_screen_clear(screen, size, out);
	bool has_room = size.columns >= BARS_COLUMNS_FEWEST &&
			view->bar_count < SCREEN_LINES_MOST &&
			(int)view->bar_count <= size.rows - ROWS_BESIDE;
	for (size_t i = 0; has_room && i < view->bar_count; i++)
		draw_partition(screen, &view->bars[i], size, out);
	draw_all(screen, view, size, out);
}
