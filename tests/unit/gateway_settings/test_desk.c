/* SPDX-License-Identifier: Apache-2.0 */
/* test_desk - which paths are the page's. */
#include "gateway/settings/desk.h"

#include "tests/unit/test.h"

START_TEST(the_page_has_settings_and_all_below)
{
	ck_assert(desk_has(SPAN("/settings")));
	ck_assert(desk_has(SPAN("/settings/")));
	ck_assert(desk_has(SPAN("/settings/key")));
}
END_TEST

START_TEST(what_begins_alike_is_not_the_pages)
{
	ck_assert(!desk_has(SPAN("/settingsx")));
	ck_assert(!desk_has(SPAN("/setting")));
	ck_assert(!desk_has(SPAN("/SETTINGS")));
	ck_assert(!desk_has(SPAN("/")));
	ck_assert(!desk_has(SPAN_NONE));
}
END_TEST

TESTS("desk", the_page_has_settings_and_all_below, what_begins_alike_is_not_the_pages)
