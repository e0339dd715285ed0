/* SPDX-License-Identifier: Apache-2.0 */
/* summary - a line every ten seconds for a person who watches the worker in a terminal. */
#include "worker/summary.h"

#include "shared/buf.h"
#include "shared/log.h"
#include "worker/metrics.h"

enum { EVERY_MS = 10 * 1000, DIGITS_MOST = 32 };

struct summary summary_start(bool wanted, int64_t now_ms)
{
	return (struct summary){.wanted = wanted, .last_ms = now_ms};
}

/* 1234567 -> "1,234,567" */
static void add_count(struct buf *line, uint64_t count)
{
	char digits[DIGITS_MOST];
	size_t len = 0;
	do {
		digits[len++] = (char)('0' + count % 10);
		count /= 10;
	} while (count > 0);
	for (size_t i = len; i > 0; i--) {
		buf_add_char(line, digits[i - 1]);
		if (i > 1 && (i - 1) % 3 == 0)
			buf_add_char(line, ',');
	}
}

/* What a counter has grown by since the last line. */
static uint64_t growth(unsigned id, uint64_t *last)
{
	uint64_t now = metric_count(id);
	uint64_t more = now - *last;
	*last = now;
	return more;
}

static void add_part(struct buf *line, uint64_t count, const char *what)
{
	add_count(line, count);
	buf_add_text(line, what);
}

static void add_gauge(struct buf *line, unsigned id, const char *what)
{
	add_part(line, (uint64_t)metric_gauge(id), what);
}

void summary_tick(struct summary *summary, int64_t now_ms)
{
	int64_t passed_ms = now_ms - summary->last_ms;
	struct buf line = {0};
	if (!summary->wanted || passed_ms < EVERY_MS)
		return;
	summary->last_ms = now_ms;
	uint64_t read = growth(METRIC_EVENTS_READ, &summary->read);
	add_part(&line, read * 1000 / (uint64_t)passed_ms, " events/s: ");
	add_part(&line, growth(METRIC_ROWS_INSERTED, &summary->inserted), " new, ");
	add_part(&line, growth(METRIC_ROWS_UPDATED, &summary->updated), " changed, ");
	add_part(&line, growth(METRIC_ROWS_STALE, &summary->stale), " stale | behind ");
	add_gauge(&line, METRIC_LAG, " records, ");
	buf_printf(&line, "%.1f s | ", metric_gauge(METRIC_LAG_SECONDS));
	add_gauge(&line, METRIC_PARTITIONS, " partitions, ");
	if (metric_gauge(METRIC_PARTITIONS_PAUSED) > 0)
		add_gauge(&line, METRIC_PARTITIONS_PAUSED, " of them paused, ");
	add_gauge(&line, METRIC_LANES_CONNECTED, " of ");
	add_gauge(&line, METRIC_LANES, " lanes");
	log_plain(LOG_LEVEL_INFO, buf_text(&line));
	buf_fini(&line);
}
