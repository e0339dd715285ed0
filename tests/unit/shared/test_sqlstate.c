/* SPDX-License-Identifier: Apache-2.0 */
/* test_sqlstate - what each error code of Postgres is to us. */
#include "shared/sqlstate.h"

#include "tests/unit/test.h"

static void expect(enum error error, const char *const *states)
{
	for (; *states; states++)
		ck_assert_msg(sqlstate_find(*states)->error == error, "%s is %s", *states,
			error_name(sqlstate_find(*states)->error));
}
#define EXPECT(error, ...) expect(error, (const char *const[]){__VA_ARGS__, NULL})

START_TEST(every_code_has_its_class)
{
	EXPECT(E_POSTGRES_AWAY, "08000", "08006", "08P01", "53000", "53100", "53200", "53300",
		"57P01", "57P02", "57P03", "57P05", "25006");
	EXPECT(E_POSTGRES_CONTENTION, "40001", "40P01", "55P03", "57014", "25P04");
	EXPECT(E_POSTGRES_DATA, "22001", "22003", "22021", "22P02", "23502", "23503", "23505",
		"23514", "23P01", "44000", "54000", "P0001");
	EXPECT(E_POSTGRES_CONFIG, "42P01", "42703", "42501", "42883", "42601", "28000", "28P01",
		"3D000", "3F000", "0A000");
}
END_TEST

START_TEST(a_class_that_nobody_foresaw_is_for_somebody_to_look_at)
{
	EXPECT(E_POSTGRES_CONFIG, "XX000", "XX001", "58030", "F0000", "HV000", "25001", "25P02",
		"26000", "55000", "57000", "40003", "P0000", "P0002", "P0004", "99999", "");
}
END_TEST

START_TEST(a_wait_in_vain_is_told_from_a_conflict)
{
	ck_assert(sqlstate_is_timeout("57014"));
	ck_assert(sqlstate_is_timeout("55P03"));
	ck_assert(!sqlstate_is_timeout("40P01"));
	ck_assert(!sqlstate_is_timeout(""));
}
END_TEST

TESTS("sqlstate", every_code_has_its_class, a_class_that_nobody_foresaw_is_for_somebody_to_look_at,
	a_wait_in_vain_is_told_from_a_conflict)
