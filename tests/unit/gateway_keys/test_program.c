/* SPDX-License-Identifier: Apache-2.0 */
/* test_program - commands, options and durations of a command line. */
#include "shared/program.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "tests/unit/test.h"

enum { ARGV_MOST = 12 };

static struct {
	int calls;
	int argc;
	char *argv[ARGV_MOST];
} called;

static int note_call(int argc, char **argv)
{
	called.calls++;
	called.argc = argc;
	for (int i = 0; i < argc; i++)
		called.argv[i] = argv[i];
	return 7;
}

static int must_not_run(int argc, char **argv)
{
	(void)argc;
	ck_abort_msg("%s was run", argv[0]);
	return 1;
}

static const struct program_command commands[] = {
	{"serve", "[--check]", note_call, "serve"},
	{"key revoke", "--business ID", note_call, "revoke"},
	{"key regenerate", "--business ID", must_not_run, "regenerate"},
};

static const struct program program = {
	.name = "intake-test",
	.purpose = "Tests.",
	.commands = commands,
	.count = sizeof(commands) / sizeof(*commands),
};

/* Runs the program; words end with NULL. */
static int run(const char *const *words)
{
	char *argv[ARGV_MOST] = {"intake-test"};
	int argc = 1;
	for (; *words; words++)
		argv[argc++] = (char *)*words;
	called.calls = 0;
	return program_main(&program, argc, argv);
}
#define RUN(...) run((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

START_TEST(a_command_of_one_word_is_run_with_its_options)
{
	ck_assert_int_eq(RUN("serve", "--check"), 7);
	ck_assert_int_eq(called.argc, 2);
	ck_assert_str_eq(called.argv[0], "serve");
	ck_assert_str_eq(called.argv[1], "--check");
}
END_TEST

START_TEST(a_command_of_two_words_is_run_with_its_options)
{
	ck_assert_int_eq(RUN("key", "revoke", "--business", "x"), 7);
	ck_assert_int_eq(called.argc, 3);
	ck_assert_str_eq(called.argv[0], "revoke");
	ck_assert_str_eq(called.argv[2], "x");
}
END_TEST

START_TEST(help_and_version_are_answered_and_run_nothing)
{
	ck_assert_int_eq(RUN("--help"), EXIT_DONE);
	ck_assert_int_eq(RUN("-h"), EXIT_DONE);
	ck_assert_int_eq(RUN("help"), EXIT_DONE);
	ck_assert_int_eq(RUN("--version"), EXIT_DONE);
	ck_assert_int_eq(RUN("key", "--help"), EXIT_DONE);
	ck_assert_int_eq(RUN("key", "regenerate", "--help"), EXIT_DONE);
	ck_assert_int_eq(RUN("key", "regenerate", "--business", "x", "-h"), EXIT_DONE);
}
END_TEST

START_TEST(what_is_no_command_is_wrong_usage)
{
	ck_assert_int_eq(RUN(), EXIT_USAGE);
	ck_assert_int_eq(RUN("key"), EXIT_USAGE);
	ck_assert_int_eq(RUN("key", "rotate"), EXIT_USAGE);
	ck_assert_int_eq(RUN("serv"), EXIT_USAGE);
	ck_assert_int_eq(RUN("key revok"), EXIT_USAGE);
	ck_assert_int_eq(RUN("--serve"), EXIT_USAGE);
	ck_assert_int_eq(RUN(""), EXIT_USAGE);
	ck_assert_int_eq(called.calls, 0);
}
END_TEST

struct given {
	const char *business;
	bool business_given;
	const char *keep_old;
	bool json;
};

static enum error read_options(struct given *given, const char *const *words)
{
	char *argv[ARGV_MOST] = {"regenerate"};
	int argc = 1;
	*given = (struct given){0};
	const struct program_option options[] = {
		{.name = "--business",
			.value = &given->business,
			.given = &given->business_given,
			.required = true},
		{.name = "--keep-old", .value = &given->keep_old},
		{.name = "--json", .given = &given->json},
		{.name = NULL},
	};
	for (; *words; words++)
		argv[argc++] = (char *)*words;
	return program_options(argc, argv, options);
}
#define READ(given, ...) read_options(given, (const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

START_TEST(a_value_stands_behind_its_option_or_an_equals_sign)
{
	struct given given;
	ck_assert_int_eq(READ(&given, "--business", "x", "--keep-old=24h", "--json"), OK);
	ck_assert_str_eq(given.business, "x");
	ck_assert(given.business_given);
	ck_assert_str_eq(given.keep_old, "24h");
	ck_assert(given.json);
	ck_assert_int_eq(READ(&given, "--business=--odd=name"), OK);
	ck_assert_str_eq(given.business, "--odd=name");
	ck_assert(!given.json);
	ck_assert_ptr_null(given.keep_old);
	ck_assert_int_eq(READ(&given, "--business", ""), OK);
	ck_assert_str_eq(given.business, "");
}
END_TEST

START_TEST(wrong_options_are_refused)
{
	struct given given;
	ck_assert_int_eq(READ(&given), E_USAGE);
	ck_assert_int_eq(READ(&given, "--json"), E_USAGE);
	ck_assert_int_eq(READ(&given, "--business"), E_USAGE);
	ck_assert_int_eq(READ(&given, "--business", "--json"), E_USAGE);
	ck_assert_int_eq(READ(&given, "--business", "x", "--business", "y"), E_USAGE);
	ck_assert_int_eq(READ(&given, "--business", "x", "--json=yes"), E_USAGE);
	ck_assert_int_eq(READ(&given, "--business", "x", "--jso"), E_USAGE);
	ck_assert_int_eq(READ(&given, "--business", "x", "y"), E_USAGE);
	ck_assert_int_eq(READ(&given, "--business", "x", ""), E_USAGE);
}
END_TEST

struct given_words {
	const char *job;
	const char *other;
	struct program_list list;
};

static enum error read_words(struct given_words *given, const char *const *words)
{
	char *argv[ARGV_MOST] = {"status"};
	int argc = 1;
	*given = (struct given_words){0};
	const struct program_option options[] = {
		{.name = "JOB", .value = &given->job},
		{.name = "OTHER", .value = &given->other},
		{.name = "--of", .list = &given->list},
		{.name = NULL},
	};
	for (; *words; words++)
		argv[argc++] = (char *)*words;
	return program_options(argc, argv, options);
}
#define READ_WORDS(given, ...)                                                                     \
	read_words(given, (const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

START_TEST(bare_words_are_taken_in_order_among_options)
{
	struct given_words given;
	ck_assert_int_eq(READ_WORDS(&given), OK);
	ck_assert_ptr_null(given.job);
	ck_assert_int_eq(READ_WORDS(&given, "one", "--of", "x", "two"), OK);
	ck_assert_str_eq(given.job, "one");
	ck_assert_str_eq(given.other, "two");
	ck_assert_int_eq(READ_WORDS(&given, "a=b"), OK);
	ck_assert_str_eq(given.job, "a=b");
	ck_assert_int_eq(READ_WORDS(&given, "one", "two", "three"), E_USAGE);
	ck_assert_int_eq(READ_WORDS(&given, "-one"), E_USAGE);
	ck_assert_int_eq(READ_WORDS(&given, "--JOB", "x"), E_USAGE);
}
END_TEST

START_TEST(a_list_takes_an_option_again_up_to_a_bound)
{
	struct given_words given;
	char *argv[2 * PROGRAM_LIST_MOST + 4] = {"status"};
	const struct program_option options[] = {
		{.name = "--of", .list = &given.list},
		{.name = NULL},
	};
	ck_assert_int_eq(READ_WORDS(&given, "--of", "x", "--of=y", "--of", "x"), OK);
	ck_assert_uint_eq(given.list.count, 3);
	ck_assert_str_eq(given.list.items[1], "y");
	ck_assert_int_eq(READ_WORDS(&given, "--of"), E_USAGE);
	for (int i = 1; i <= 2 * PROGRAM_LIST_MOST; i++)
		argv[i] = i % 2 ? "--of" : "x";
	given.list.count = 0;
	ck_assert_int_eq(program_options(2 * PROGRAM_LIST_MOST + 1, argv, options), OK);
	given.list.count = 0;
	argv[2 * PROGRAM_LIST_MOST + 1] = "--of=x";
	ck_assert_int_eq(program_options(2 * PROGRAM_LIST_MOST + 2, argv, options), E_USAGE);
}
END_TEST

START_TEST(durations_have_a_number_and_a_unit)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} good[] = {
		{"1s", 1},
		{"90s", 90},
		{"15m", 900},
		{"24h", 86400},
		{"7d", 604800},
		{"007d", 604800},
		{"3650d", INT64_C(3650) * 86400},
		{"315360000s", INT64_C(3650) * 86400},
	};
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		int64_t seconds = 0;
		ck_assert_msg(program_duration(good[i].text, &seconds), "%s", good[i].text);
		ck_assert_int_eq(seconds, good[i].seconds);
	}
}
END_TEST

START_TEST(what_is_no_duration_is_refused)
{
	static const char *const bad[] = {"", "s", "0s", "1", "-1s", "+1s", "1.5h", "1 h", " 1h",
		"1h ", "1hh", "1H", "1w", "0x1s", "3651d", "315360001s", "99999999999999999999s",
		"9223372036854775807d", "1h30m"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		int64_t seconds = 5;
		ck_assert_msg(!program_duration(bad[i], &seconds), "%s", bad[i]);
		ck_assert_int_eq(seconds, 5);
	}
}
END_TEST

START_TEST(a_hardened_process_leaves_no_core)
{
	struct rlimit limit = {1, 1};
	program_harden();
	ck_assert_int_eq(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
	ck_assert_int_eq(getrlimit(RLIMIT_CORE, &limit), 0);
	ck_assert_uint_eq(limit.rlim_max, 0);
	ck_assert_ptr_eq(signal(SIGPIPE, SIG_IGN), SIG_IGN);
}
END_TEST

TESTS("program", a_command_of_one_word_is_run_with_its_options,
	a_command_of_two_words_is_run_with_its_options,
	help_and_version_are_answered_and_run_nothing, what_is_no_command_is_wrong_usage,
	a_value_stands_behind_its_option_or_an_equals_sign, wrong_options_are_refused,
	bare_words_are_taken_in_order_among_options, a_list_takes_an_option_again_up_to_a_bound,
	durations_have_a_number_and_a_unit, what_is_no_duration_is_refused,
	a_hardened_process_leaves_no_core)
