/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"
#include "worker/backfill_screen.h"

static const struct backfill_bar two_bars[] = {
	{.partition = 0, .offsets = 100, .done = 100},
	{.partition = 12, .offsets = 100, .done = 29, .at_work = true},
};

static struct backfill_view view_of_two(void)
{
	return (struct backfill_view){
		.job = "job",
		.offsets = 200,
		.done = 129,
		.per_second = 10,
		.rate = 10,
		.speed = {.share = 1, .held = BACKFILL_HELD_RATE, .live = {.is_known = true}},
		.bars = two_bars,
		.bar_count = 2,
	};
}

static void check_drawn(struct backfill_screen *screen, const struct backfill_view *view,
	int columns, int rows, const char *wanted)
{
	struct buf out = {0};
	backfill_screen_draw(screen, view, (struct terminal_size){columns, rows}, &out);
	ck_assert_str_eq(buf_text(&out), wanted);
	buf_fini(&out);
}

START_TEST(a_bar_a_partition_where_there_is_room)
{
	struct backfill_screen screen = {.has_colour = false};
	struct backfill_view view = view_of_two();
	check_drawn(&screen, &view, 60, 5,
		"partition    0  [################################] 100 %\n"
		"partition   12  [#########.......................]  29 %  *\n"
		" 64 %  10/s  8 s to go  held at --rate 10  live lag 0\n");
	check_drawn(&screen, &view, 60, 4,
		"\r\033[3A\033[J[#########......] 64 %  10/s  8 s to go  held at --rate 10\n");
}
END_TEST

START_TEST(what_has_no_room_is_left_out_whole)
{
	struct backfill_screen screen = {.has_colour = false};
	struct backfill_view view = view_of_two();
	view.bar_count = 0;
	check_drawn(&screen, &view, 40, 24, "[######....] 64 %  10/s  8 s to go\n");
	screen.line_count = 0;
	check_drawn(&screen, &view, 18, 24, "[######....] 64 %\n");
	screen.line_count = 0;
	check_drawn(&screen, &view, 5, 24, "[###\n");
	screen.line_count = 0;
	check_drawn(&screen, &view, 120, 24,
		"[###################...........] 64 %  10/s  8 s to go  held at --rate 10"
		"  129 of 200 offsets  live lag 0\n");
}
END_TEST

START_TEST(lines_that_a_narrower_window_broke_are_removed_whole)
{
	struct backfill_screen screen = {.has_colour = false};
	struct backfill_view view = view_of_two();
	struct buf out = {0};
	backfill_screen_draw(&screen, &view, (struct terminal_size){80, 24}, &out);
	buf_clear(&out);
	/* 74, 77 and 41 columns: 2, 2 and 2 rows of 40. */
	backfill_screen_clear(&screen, (struct terminal_size){40, 24}, &out);
	ck_assert_str_eq(buf_text(&out), "\r\033[6A\033[J");
	buf_clear(&out);
	backfill_screen_clear(&screen, (struct terminal_size){40, 24}, &out);
	ck_assert_str_eq(buf_text(&out), "");
	buf_fini(&out);
}
END_TEST

START_TEST(colours_take_no_columns)
{
	struct backfill_screen screen = {.has_colour = true};
	struct backfill_view view = view_of_two();
	view.bar_count = 0;
	view.speed = (struct backfill_speed){.share = 0.25,
		.held = BACKFILL_HELD_THROTTLE,
		.live = {.is_known = true, .is_behind = true, .lag_records = 7}};
	check_drawn(&screen, &view, 79, 24,
		"[\033[32m############\033[0m.......\033[0m] 64 %  10/s  8 s to go"
		"\033[33m  throttled to 25 %\033[0m\n");
	screen.line_count = 0;
	check_drawn(&screen, &view, 110, 24,
		"[\033[32m#################\033[0m..........\033[0m] 64 %  10/s  8 s to go"
		"\033[33m  throttled to 25 %: live workers are 7 records behind\033[0m\n");
}
END_TEST

START_TEST(the_speed_is_that_of_the_last_seconds)
{
	struct speedometer meter = {.count = 0};
	speedometer_look(&meter, 0, 1000);
	ck_assert_int_eq(speedometer_speed(&meter), -1);
	speedometer_look(&meter, 5000, 6000);
	ck_assert_int_eq(speedometer_speed(&meter), 1000);
	speedometer_look(&meter, 5000, 106000);
	ck_assert_int_eq(speedometer_speed(&meter), 0);
	for (int64_t i = 1; i <= 1000; i++)
		speedometer_look(&meter, 5000 + 100 * i, 106000 + 500 * i);
	ck_assert_int_eq(speedometer_speed(&meter), 200);
}
END_TEST

START_TEST(percent_is_100_at_the_end_alone)
{
	ck_assert_int_eq(backfill_view_percent(0, 0), 100);
	ck_assert_int_eq(backfill_view_percent(999999, 1000000), 99);
	ck_assert_int_eq(backfill_view_percent(INT64_MAX / 2, INT64_MAX), 50);
	struct backfill_view view = view_of_two();
	ck_assert_int_eq(backfill_view_left_s(&view), 8);
	view.per_second = 0;
	ck_assert_int_eq(backfill_view_left_s(&view), -1);
	view.done = view.offsets;
	ck_assert_int_eq(backfill_view_left_s(&view), 0);
}
END_TEST

TESTS("backfill_screen", a_bar_a_partition_where_there_is_room, what_has_no_room_is_left_out_whole,
	lines_that_a_narrower_window_broke_are_removed_whole, colours_take_no_columns,
	the_speed_is_that_of_the_last_seconds, percent_is_100_at_the_end_alone)
