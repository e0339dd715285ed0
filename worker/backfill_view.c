/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_view - how far a job is, how fast it goes and what holds it back, as all who tell it need it. */
#include "worker/backfill_view.h"

#include "worker/backfill_words.h"

enum { WINDOW_MS = 15000, MS_PER_S = 1000, PERCENT = 100 };

void speedometer_look(struct speedometer *meter, int64_t done, int64_t now_ms)
{
	size_t place = meter->count++ % SPEEDOMETER_LOOKS;
	meter->looks[place].ms = now_ms;
	meter->looks[place].done = done;
}

int64_t speedometer_speed(const struct speedometer *meter)
{
	size_t last = meter->count - 1;
	size_t first = last;
	if (meter->count < 2)
		return -1;
	int64_t since_ms = meter->looks[last % SPEEDOMETER_LOOKS].ms - WINDOW_MS;
	while (first > 0 && last - first < SPEEDOMETER_LOOKS - 1 &&
		(first == last || meter->looks[(first - 1) % SPEEDOMETER_LOOKS].ms >= since_ms))
		first--;
	int64_t took_ms = meter->looks[last % SPEEDOMETER_LOOKS].ms -
			  meter->looks[first % SPEEDOMETER_LOOKS].ms;
	int64_t done = meter->looks[last % SPEEDOMETER_LOOKS].done -
		       meter->looks[first % SPEEDOMETER_LOOKS].done;
	return took_ms > 0 ? done * MS_PER_S / took_ms : -1;
}

int64_t backfill_view_left_s(const struct backfill_view *view)
{
	int64_t left = view->offsets - view->done;
	if (left == 0)
		return 0;
	return view->per_second > 0 ? (left + view->per_second - 1) / view->per_second : -1;
}

int backfill_view_percent(int64_t done, int64_t offsets)
{
	if (offsets > INT64_MAX / PERCENT)
		return (int)(done / (offsets / PERCENT));
	return offsets ? (int)(done * PERCENT / offsets) : PERCENT;
}

static void add_throttle(const struct backfill_speed *speed, struct buf *out)
{
	buf_printf(out, "throttled to %d %%: ", (int)(speed->share * PERCENT));
	if (speed->live.is_behind)
		buf_printf(out, "live workers are %lld records behind",
			(long long)speed->live.lag_records);
	else
		buf_add_text(
			out, speed->postgres_is_slow ? "Postgres is slow" : "it is coming back");
}

void backfill_view_held(const struct backfill_view *view, struct buf *out)
{
	switch (view->speed.held) {
	case BACKFILL_HELD_KAFKA:
		buf_add_text(out, "waits for Kafka");
		return;
	case BACKFILL_HELD_POSTGRES:
		buf_add_text(out, "waits for Postgres");
		return;
	case BACKFILL_HELD_RATE:
		buf_printf(out, "held at --rate %lld", (long long)view->rate);
		return;
	case BACKFILL_HELD_THROTTLE:
	case BACKFILL_HELD_COUNT:
		add_throttle(&view->speed, out);
		return;
	}
}

void backfill_view_line(const struct backfill_view *view, struct buf *out)
{
	int64_t left_s = backfill_view_left_s(view);
	buf_printf(out, "%lld of %lld offsets, %d %%", (long long)view->done,
		(long long)view->offsets, backfill_view_percent(view->done, view->offsets));
	if (view->per_second >= 0)
		buf_printf(out, ", %lld/s", (long long)view->per_second);
	if (left_s >= 0) {
		buf_add_text(out, ", ");
		backfill_words_duration(left_s, out);
		buf_add_text(out, " to go");
	}
	buf_add_text(out, "; ");
	backfill_view_held(view, out);
}
