/* SPDX-License-Identifier: Apache-2.0 */
/* test_manual - man pages from a program's tables. */
#include "shared/manual.h"

#include <string.h>

#include "shared/roff.h"
#include "tests/unit/test.h"

static int never_run(int argc, char **argv)
{
	(void)argc;
	ck_abort_msg("%s was run", argv[0]);
	return 1;
}

static const struct program_command commands[] = {
	{"serve", "[--check]", never_run, "Serves."},
	{"key revoke", "--business ID", never_run,
		"Leaves none.\n\n  --business ID  whose\n.not a request"},
};

static char *name;

static void write_settings(settings_writer *write, struct buf *out)
{
	static const struct setting rows[] = {
		{"TEST_NAME", SETTING_TEXT, 0, "it's -1", 0, 0, "", "What it is called.", 0},
	};
	const struct settings_group group = {"Test", rows, 1, &name};
	write(&group, 1, out);
}

static const struct program program = {
	.name = "intake-test",
	.purpose = "does nothing",
	.commands = commands,
	.count = sizeof(commands) / sizeof(*commands),
	.write_settings = write_settings,
};

START_TEST(a_page_has_every_command_and_every_setting)
{
	static const char *const wanted[] = {
		".TH INTAKE-TEST 8 \"" INTAKE_RELEASED "\" \"Intake " INTAKE_VERSION "\"\n",
		".SH NAME\nintake\\-test \\- does nothing\n",
		".HP\n\\fBintake\\-test\\fR \\fBserve\\fR [\\-\\-check]\n",
		".TP\n\\fBkey revoke\\fR \\-\\-business ID\nLeaves none.\n.IP\n.nf\n"
		"  \\-\\-business ID  whose\n\\&.not a request\n.fi\n",
		".SS \"Test\"\n.TP\n\\fBTEST_NAME\\fR (text; it\\(aqs \\-1)\nWhat it is called.\n",
	};
	struct buf page = {0};
	manual_write(&program, &page);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
		ck_assert_msg(strstr(buf_text(&page), wanted[i]), "no %s in %s", wanted[i],
			buf_text(&page));
	buf_fini(&page);
}
END_TEST

START_TEST(a_paragraph_is_broken_at_spaces_and_no_line_of_it_is_a_request)
{
	struct buf out = {0};
	roff_fill(&out, SPAN("a word that is short, and then one that is as long as a line may "
			     "be at most: .ends 'here"));
	ck_assert_span_eq(buf_span(&out),
		SPAN("a word that is short, and then one that is as long as a line may be at\n"
		     "most: .ends \\(aqhere\n"));
	buf_clear(&out);
	roff_fill(&out, SPAN("x123456789012345678901234567890123456789012345678901234567890123456"
			     "78901234567890 .y"));
	ck_assert_span_eq(buf_span(&out),
		SPAN("x12345678901234567890123456789012345678901234567890123456789012345678901234"
		     "567890\n\\&.y\n"));
	buf_fini(&out);
}
END_TEST

TESTS("manual", a_page_has_every_command_and_every_setting,
	a_paragraph_is_broken_at_spaces_and_no_line_of_it_is_a_request)
