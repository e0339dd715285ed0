/* SPDX-License-Identifier: Apache-2.0 */
/* test_template - what goes into a page is text, wherever it stands; what could be more stops the start. */
#include "gateway/settings/template.h"

#include <signal.h>

#include "tests/unit/test.h"

static void check_render(
	const char *text, const struct template_value *values, size_t count, const char *wanted)
{
	const struct template templates[] = {{"page", text}, {"part", "[{{name}}]"}};
	const struct template_set set = {templates, 2};
	const struct template_scope scope = {values, count, NULL};
	struct buf out = {0};
	template_check(&set);
	template_render(&set, "page", &scope, &out);
	ck_assert_span_eq(buf_span(&out), span_of(wanted));
	buf_fini(&out);
}

START_TEST(a_text_is_escaped_wherever_it_stands)
{
	const struct template_value name =
		template_text("name", SPAN("<b>\"Ada\"</b> & 'Co' {{name}}"));
	check_render("<p title=\"{{name}}\">{{name}}</p>", &name, 1,
		"<p title=\"&lt;b&gt;&quot;Ada&quot;&lt;/b&gt; &amp; &#39;Co&#39; {{name}}\">"
		"&lt;b&gt;&quot;Ada&quot;&lt;/b&gt; &amp; &#39;Co&#39; {{name}}</p>");
}
END_TEST

START_TEST(a_section_is_there_or_not)
{
	const struct template_value values[] = {template_flag("yes", true),
		template_flag("no", false), template_text("name", SPAN("Ada")),
		template_text("nothing", SPAN(""))};
	check_render("{{?yes}}a{{/yes}}{{?no}}b{{/no}}{{!yes}}c{{/yes}}{{!no}}d{{/no}}"
		     "{{?name}}e{{!nothing}}f{{/nothing}}{{/name}}{{?nothing}}g{{/nothing}}",
		values, 4, "adef");
}
END_TEST

START_TEST(a_section_may_hold_another_of_its_name)
{
	const struct template_value yes = template_flag("yes", true);
	check_render("{{?yes}}a{{?yes}}b{{/yes}}c{{/yes}}d", &yes, 1, "abcd");
}
END_TEST

START_TEST(a_list_is_a_row_each_and_a_row_sees_what_is_around_it)
{
	const struct template_value ada = template_text("name", SPAN("Ada"));
	const struct template_value bob = template_text("name", SPAN("<Bob>"));
	const struct template_scope rows[] = {{&ada, 1, NULL}, {&bob, 1, NULL}};
	const struct template_value values[] = {
		{.name = "people", .type = TEMPLATE_LIST, .rows = rows, .row_count = 2},
		template_text("end", SPAN("."))};
	check_render("{{*people}}{{>part}}{{end}}{{/people}}", values, 2, "[Ada].[&lt;Bob&gt;].");
}
END_TEST

static void check_only(const char *text)
{
	const struct template template = {"page", text};
	const struct template_set set = {&template, 1};
	template_check(&set);
}

START_TEST(a_hole_outside_of_quotes_stops_the_start)
{
	check_only("<p class={{name}}>");
}
END_TEST

START_TEST(a_hole_in_a_handler_stops_the_start)
{
	check_only("<p onclick=\"{{name}}\">");
}
END_TEST

START_TEST(a_hole_in_a_style_stops_the_start)
{
	check_only("<p class=\"a\" style=\"color: {{name}}\">");
}
END_TEST

START_TEST(a_script_within_a_page_stops_the_start)
{
	check_only("<script>x</script>");
}
END_TEST

START_TEST(a_section_without_an_end_stops_the_start)
{
	check_only("{{?name}}x");
}
END_TEST

START_TEST(a_name_that_nobody_gave_is_a_bug)
{
	check_render("{{unknown}}", NULL, 0, "");
}
END_TEST

/* A text where a flag belongs, or the like, cannot be rendered as something else. */
START_TEST(a_flag_is_no_text)
{
	const struct template_value flag = template_flag("flag", true);
	check_render("{{flag}}", &flag, 1, "");
}
END_TEST

int main(void)
{
	const TTest *const good[] = {a_text_is_escaped_wherever_it_stands,
		a_section_is_there_or_not, a_section_may_hold_another_of_its_name,
		a_list_is_a_row_each_and_a_row_sees_what_is_around_it};
	const TTest *const aborting[] = {a_hole_outside_of_quotes_stops_the_start,
		a_hole_in_a_handler_stops_the_start, a_hole_in_a_style_stops_the_start,
		a_script_within_a_page_stops_the_start, a_section_without_an_end_stops_the_start,
		a_name_that_nobody_gave_is_a_bug, a_flag_is_no_text};
	Suite *suite = suite_create("template");
	TCase *all = tcase_create("template");
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		tcase_add_test(all, good[i]);
	for (size_t i = 0; i < sizeof(aborting) / sizeof(*aborting); i++)
		tcase_add_test_raise_signal(all, aborting[i], SIGABRT);
	suite_add_tcase(suite, all);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
