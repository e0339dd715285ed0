/* SPDX-License-Identifier: Apache-2.0 */
/* test_clock - moments as people write them. */
#include "shared/clock.h"
#include "shared/program.h"
#include "tests/unit/test.h"

START_TEST(what_is_written_is_read_back)
{
	static const int64_t moments[] = {
		0, 1, 951782399999, 951782400000, 1795392000123, 253402300799999};
	for (size_t i = 0; i < sizeof(moments) / sizeof(*moments); i++) {
		char text[CLOCK_RFC3339_BYTES];
		int64_t read_ms = -1;
		clock_rfc3339(text, moments[i]);
		ck_assert_msg(clock_parse(span_of(text), &read_ms), "%s", text);
		ck_assert_int_eq(read_ms, moments[i]);
	}
}
END_TEST

START_TEST(dates_zones_and_fractions_are_understood)
{
	static const struct {
		const char *text;
		int64_t wall_ms;
	} cases[] = {
		{"2026-11-23", 1795392000000},
		{"2026-11-23T00:00:00Z", 1795392000000},
		{"2026-11-23 00:00:00z", 1795392000000},
		{"2026-11-23T01:30:00+01:30", 1795392000000},
		{"2026-11-22T23:00:00-01:00", 1795392000000},
		{"2026-11-23T00:00:00.5Z", 1795392000500},
		{"2026-11-23T00:00:00.123999Z", 1795392000123},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int64_t wall_ms = -1;
		ck_assert_msg(clock_parse(span_of(cases[i].text), &wall_ms), "%s", cases[i].text);
		ck_assert_int_eq(wall_ms, cases[i].wall_ms);
	}
}
END_TEST

START_TEST(what_is_no_moment_is_refused)
{
	static const char *const texts[] = {"", "yesterday", "2026-11", "2026-11-23T",
		"2026-11-23T00:00", "2026-11-23T00:00:00", "2026-02-30", "2026-13-01", "2026-00-01",
		"2026-11-23T25:00:00Z", "2026-11-23T00:00:00+1", "2026-11-23T00:00:00+24:00",
		"2026-11-23T00:00:00.Z", "2026-11-23T00:00:00Zx", "1969-12-31", "-026-11-23",
		"2026-11-23x"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		int64_t wall_ms = 7;
		ck_assert_msg(!clock_parse(span_of(texts[i]), &wall_ms), "%s", texts[i]);
		ck_assert_int_eq(wall_ms, 7);
	}
}
END_TEST

START_TEST(a_duration_is_a_moment_before_now)
{
	int64_t at_ms = 0;
	ck_assert(program_moment("90s", 1000000, &at_ms));
	ck_assert_int_eq(at_ms, 910000);
	ck_assert(program_moment("1970-01-02", 1000000, &at_ms));
	ck_assert_int_eq(at_ms, 86400000);
	ck_assert(!program_moment("soon", 1000000, &at_ms));
}
END_TEST

TESTS("clock", what_is_written_is_read_back, dates_zones_and_fractions_are_understood,
	what_is_no_moment_is_refused, a_duration_is_a_moment_before_now)
