/* SPDX-License-Identifier: Apache-2.0 */
/* test_settings - configuration from the environment. */
#include "shared/settings.h"

#include <stdio.h>
#include <unistd.h>

#include "tests/unit/test.h"

struct values {
	char *name;
	char *password;
	int64_t size;
	bool on;
};

static const struct setting rows[] = {
	{"T_NAME", SETTING_TEXT, offsetof(struct values, name), "ada", 0, 0, "", "A name.", 0},
	{"T_PASSWORD", SETTING_SECRET, offsetof(struct values, password), NULL, 0, 0, "",
		"A secret.", SETTING_REQUIRED},
	{"T_SIZE", SETTING_INT, offsetof(struct values, size), "5", 1, 10, "ms", "A size.", 0},
	{"T_ON", SETTING_BOOL, offsetof(struct values, on), "false", 0, 0, "", "A switch.", 0},
};

static struct values values;
static struct buf problems;
static const struct settings_group group = {"Test", rows, 4, &values};

static enum error load(void)
{
	values = (struct values){0};
	buf_clear(&problems);
	return settings_load(&group, 1, "T_", &problems);
}

static void done(void)
{
	settings_free(&group, 1);
	buf_fini(&problems);
}

START_TEST(defaults_hold_where_nothing_is_set)
{
	setenv("T_PASSWORD", "x", 1);
	ck_assert_int_eq(load(), OK);
	ck_assert_str_eq(values.name, "ada");
	ck_assert_int_eq(values.size, 5);
	ck_assert(!values.on);
	done();
}
END_TEST

START_TEST(all_problems_are_told_at_once)
{
	setenv("T_SIZE", "11", 1);
	setenv("T_ON", "perhaps", 1);
	setenv("T_NAMES", "typo", 1);
	ck_assert_int_eq(load(), E_CONFIG);
	const char *text = buf_text(&problems);
	ck_assert_ptr_nonnull(strstr(text, "T_PASSWORD: must be set\n"));
	ck_assert_ptr_nonnull(strstr(text, "T_SIZE: must be between 1 and 10 ms\n"));
	ck_assert_ptr_nonnull(strstr(text, "T_ON: must be true or false\n"));
	ck_assert_ptr_nonnull(strstr(text, "T_NAMES: there is no such setting"));
	done();
}
END_TEST

START_TEST(a_number_is_a_number_to_its_last_character)
{
	static const char *const bad[] = {"1x", " ", "0x5", "5.0", "99999999999999999999"};
	setenv("T_PASSWORD", "x", 1);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		setenv("T_SIZE", bad[i], 1);
		ck_assert_msg(load() == E_CONFIG, "'%s'", bad[i]);
		settings_free(&group, 1);
	}
	done();
}
END_TEST

START_TEST(an_empty_variable_counts_as_unset)
{
	setenv("T_PASSWORD", "x", 1);
	setenv("T_SIZE", "", 1);
	ck_assert_int_eq(load(), OK);
	ck_assert_int_eq(values.size, 5);
	setenv("T_PASSWORD", "", 1);
	settings_free(&group, 1);
	ck_assert_int_eq(load(), E_CONFIG);
	done();
}
END_TEST

START_TEST(a_secret_may_come_from_a_file)
{
	char path[] = "/tmp/test_settings.XXXXXX";
	int fd = mkstemp(path);
	ck_assert_int_eq(write(fd, "from file\n", 10), 10);
	close(fd);
	setenv("T_PASSWORD_FILE", path, 1);
	ck_assert_int_eq(load(), OK);
	ck_assert_str_eq(values.password, "from file");
	settings_free(&group, 1);
	/* As in an environment file that leaves it open. */
	setenv("T_PASSWORD", "", 1);
	ck_assert_int_eq(load(), OK);
	ck_assert_str_eq(values.password, "from file");
	settings_free(&group, 1);
	setenv("T_PASSWORD", "as well", 1);
	ck_assert_int_eq(load(), E_CONFIG);
	unlink(path);
	done();
}
END_TEST

START_TEST(a_problem_never_tells_the_value)
{
	setenv("T_PASSWORD", "hunter2", 1);
	setenv("T_SIZE", "hunter2", 1);
	ck_assert_int_eq(load(), E_CONFIG);
	ck_assert_ptr_null(strstr(buf_text(&problems), "hunter2"));
	done();
}
END_TEST

START_TEST(a_file_that_is_not_there_is_a_problem)
{
	setenv("T_PASSWORD_FILE", "/nowhere/at/all", 1);
	ck_assert_int_eq(load(), E_CONFIG);
	ck_assert_ptr_nonnull(strstr(buf_text(&problems), "T_PASSWORD_FILE: cannot read"));
	done();
}
END_TEST

START_TEST(a_folder_and_a_file_too_long_are_no_values)
{
	setenv("T_PASSWORD_FILE", "/tmp", 1);
	ck_assert_int_eq(load(), E_CONFIG);
	ck_assert_ptr_nonnull(strstr(buf_text(&problems), "T_PASSWORD_FILE: cannot read /tmp"));
	settings_free(&group, 1);
	setenv("T_PASSWORD_FILE", "/dev/zero", 1);
	ck_assert_int_eq(load(), E_CONFIG);
	ck_assert_ptr_nonnull(strstr(buf_text(&problems), "longer than"));
	done();
}
END_TEST

TESTS("settings", defaults_hold_where_nothing_is_set, all_problems_are_told_at_once,
	a_number_is_a_number_to_its_last_character, an_empty_variable_counts_as_unset,
	a_secret_may_come_from_a_file, a_problem_never_tells_the_value,
	a_file_that_is_not_there_is_a_problem, a_folder_and_a_file_too_long_are_no_values)
