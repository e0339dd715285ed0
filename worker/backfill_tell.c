/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_tell - what a backfill tells while it runs: lines for people, or events as JSON. */
#include "worker/backfill_tell.h"

#include <stdio.h>
#include <unistd.h>

#include "shared/clock.h"
#include "shared/terminal.h"

enum {
	PROGRESS_MS = 5000, /* between lines */
	DRAW_MS = 500,      /* between drawings */
};

static void put_job(struct buf *out, const struct backfill_tell *tell, const char *event)
{
	buf_printf(out, "{\"event\":\"%s\",\"job\":", event);
	buf_add_json(out, span_of(tell->job));
}

static void put_out(struct buf *out, FILE *file)
{
	(void)fputs(buf_text(out), file);
	(void)fflush(file);
	buf_fini(out);
}

void backfill_tell_ranges(
	const struct backfill_tell *tell, const struct backfill_range *ranges, size_t count)
{
	struct buf out = {0};
	for (size_t i = 0; i < count; i++) {
		if (tell->json) {
			put_job(&out, tell, "range");
			buf_printf(&out, ",\"partition\":%d,\"from\":%lld,\"to\":%lld}\n",
				ranges[i].partition, (long long)ranges[i].from,
				(long long)ranges[i].to);
		} else if (ranges[i].to > ranges[i].from) {
			buf_printf(&out, "partition %d: offsets %lld to %lld\n",
				ranges[i].partition, (long long)ranges[i].from,
				(long long)ranges[i].to - 1);
		}
	}
	put_out(&out, tell->json ? stdout : stderr);
}

static void put_gap(struct buf *out, const struct backfill_gap *gap)
{
	char start_time[CLOCK_RFC3339_BYTES];
	if (gap->is_exact)
		buf_printf(out, "partition %d: offsets %lld to %lld are gone", gap->partition,
			(long long)gap->first, (long long)gap->start - 1);
	else
		buf_printf(out, "partition %d: offsets before %lld are gone", gap->partition,
			(long long)gap->start);
	if (gap->start_ms < 0) {
		buf_add_text(out, ", and nothing is left\n");
		return;
	}
	clock_rfc3339(start_time, gap->start_ms);
	buf_printf(out, "; the first that is left came at %s\n", start_time);
}

static void put_gap_event(
	struct buf *out, const struct backfill_tell *tell, const struct backfill_gap *gap)
{
	put_job(out, tell, "gap");
	buf_printf(out, ",\"partition\":%d,\"from\":%lld,\"to\":%lld,\"exact\":%s}\n",
		gap->partition, (long long)gap->first, (long long)gap->start,
		gap->is_exact ? "true" : "false");
}

void backfill_tell_gaps(
	const struct backfill_tell *tell, const struct backfill_gap *gaps, size_t count)
{
	struct buf out = {0};
	for (size_t i = 0; i < count; i++) {
		if (tell->json)
			put_gap_event(&out, tell, &gaps[i]);
		else
			put_gap(&out, &gaps[i]);
	}
	put_out(&out, tell->json ? stdout : stderr);
}

void backfill_tell_begin(struct backfill_tell *tell, int64_t now_ms)
{
	tell->is_drawn = !tell->json && terminal_is_drawable(STDERR_FILENO);
	tell->screen.has_colour = terminal_has_colour();
	tell->told_ms = now_ms;
}

bool backfill_tell_is_due(const struct backfill_tell *tell, int64_t now_ms)
{
	return now_ms - tell->told_ms >= (tell->is_drawn ? DRAW_MS : PROGRESS_MS);
}

static void put_progress_event(
	struct buf *out, const struct backfill_tell *tell, const struct backfill_view *view)
{
	const struct backfill_speed *speed = &view->speed;
	put_job(out, tell, "progress");
	buf_printf(out,
		",\"offsets\":%lld,\"done\":%lld,\"per_second\":%lld,\"seconds_left\":%lld,"
		"\"held_by\":\"%s\",\"throttle\":%.3f,\"postgres_slow\":%s",
		(long long)view->offsets, (long long)view->done, (long long)view->per_second,
		(long long)backfill_view_left_s(view), backfill_held_name(speed->held),
		speed->share, speed->postgres_is_slow ? "true" : "false");
	if (speed->live.is_known)
		buf_printf(out, ",\"live_lag\":%lld,\"live_behind\":%s",
			(long long)speed->live.lag_records,
			speed->live.is_behind ? "true" : "false");
	buf_add_text(out, "}\n");
}

void backfill_tell_progress(
	struct backfill_tell *tell, const struct backfill_view *view, int64_t now_ms)
{
	struct buf out = {0};
	tell->told_ms = now_ms;
	if (tell->is_drawn) {
		backfill_screen_draw(&tell->screen, view, terminal_size_of(STDERR_FILENO), &out);
	} else if (tell->json) {
		put_progress_event(&out, tell, view);
	} else {
		backfill_view_line(view, &out);
		buf_add_char(&out, '\n');
	}
	put_out(&out, tell->json ? stdout : stderr);
}

void backfill_tell_clear(struct backfill_tell *tell)
{
	struct buf out = {0};
	if (tell->is_drawn)
		backfill_screen_clear(&tell->screen, terminal_size_of(STDERR_FILENO), &out);
	put_out(&out, stderr);
}

void backfill_tell_counts(
	const struct backfill_tell *tell, const char *event, const struct backfill_totals *totals)
{
	struct buf out = {0};
	if (tell->json) {
		put_job(&out, tell, event);
		buf_printf(&out, ",\"offsets\":%lld,\"done\":%lld", (long long)totals->offsets,
			(long long)totals->done);
#define X(name, sentence) buf_printf(&out, ",\"" #name "\":%lld", (long long)totals->counts.name);
		BACKFILL_COUNTS(X)
#undef X
		buf_add_text(&out, "}\n");
	} else {
#define X(name, sentence)                                                                          \
	if (totals->counts.name)                                                                   \
		buf_printf(&out, "%10lld  " sentence "\n", (long long)totals->counts.name);
		BACKFILL_COUNTS(X)
#undef X
	}
	put_out(&out, stdout);
}
