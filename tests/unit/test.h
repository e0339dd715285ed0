/* SPDX-License-Identifier: Apache-2.0 */
/* test - what every Check program of ours does around its tests. */
#ifndef INTAKE_TESTS_UNIT_TEST_H
#define INTAKE_TESTS_UNIT_TEST_H

#include <check.h>
#include <stdlib.h>

#include "shared/span.h"

/* A test's name is a sentence; TESTS(name, ...) makes the program of them. */
#define TESTS(suite_name, ...)                                                                     \
	int main(void)                                                                             \
	{                                                                                          \
		const TTest *const tests[] = {__VA_ARGS__};                                        \
		Suite *suite = suite_create(suite_name);                                           \
		TCase *all = tcase_create(suite_name);                                             \
		tcase_set_timeout(all, 120);                                                       \
		for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)                        \
			tcase_add_test(all, tests[i]);                                             \
		suite_add_tcase(suite, all);                                                       \
		SRunner *runner = srunner_create(suite);                                           \
		srunner_run_all(runner, CK_ENV);                                                   \
		int failed = srunner_ntests_failed(runner);                                        \
		srunner_free(runner);                                                              \
		return failed ? EXIT_FAILURE : EXIT_SUCCESS;                                       \
	}

#define ck_assert_span_eq(got, wanted)                                                             \
	do {                                                                                       \
		struct span got_span = (got);                                                      \
		struct span wanted_span = (wanted);                                                \
		ck_assert_msg(span_equal(got_span, wanted_span), "got \"%.*s\", wanted \"%.*s\"",  \
			(int)got_span.len, got_span.base, (int)wanted_span.len, wanted_span.base); \
	} while (0)

#endif
