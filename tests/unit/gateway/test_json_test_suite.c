/* SPDX-License-Identifier: Apache-2.0 */
/* test_json_test_suite - what is JSON and what is not, by the cases of JSONTestSuite. */
#include <jansson.h>

#include "gateway/pipeline.h"
#include "shared/buf.h"
#include "tests/unit/test.h"

static enum error parse(struct span text)
{
	char *exact = memcpy(malloc(text.len), text.base, text.len); /* for the address sanitizer */
	struct http_request request = {.body = span_from(exact, text.len)};
	struct submission submission = {.request = &request};
	enum error error = parse_body_step(&submission);
	if (!error)
		error = validate_step(&submission);
	arena_fini(&request.arena);
	free(exact);
	return error;
}

static enum error parse_as_member(struct span value)
{
	struct buf body = {0};
	buf_add_text(&body, "{\"name\":\"Ada\",\"email\":\"ada@example.com\",\"x\":");
	buf_add(&body, value);
	buf_add_char(&body, '}');
	enum error error = parse(buf_span(&body));
	buf_fini(&body);
	return error;
}

/* In none of the cases it stands at the beginning. */
static bool has_escaped_nul(struct span input)
{
	const char *at = memmem(input.base, input.len, "\\u0000", 6);
	return at && at[-1] != '\\';
}

static void expect_taken(const char *name, struct span input)
{
	/* Postgres cannot store a NUL. */
	enum error wanted = has_escaped_nul(input) ? E_INVALID_JSON : OK;
	enum error error = parse_as_member(input);
	ck_assert_msg(error == wanted, "%s: %s", name, error_name(error));
}

static void expect_refused(const char *name, struct span input)
{
	enum error error = parse_as_member(input);
	ck_assert_msg(error == E_INVALID_JSON || error == E_INVALID_UTF8, "%s as a member: %s",
		name, error_name(error));
	if (!input.len || !strchr("{[", input.base[0]))
		return; /* alone it is no JSON for us, but a form */
	error = parse(input);
	ck_assert_msg(error == E_INVALID_JSON || error == E_INVALID_UTF8, "%s alone: %s", name,
		error_name(error));
}

START_TEST(what_is_json_is_taken_and_what_is_not_is_refused)
{
	json_t *file = json_load_file(VECTORS_DIR "/json-test-suite.json", JSON_ALLOW_NUL, NULL);
	json_t *cases = json_object_get(file, "cases");
	size_t index;
	json_t *one;
	ck_assert_uint_gt(json_array_size(cases), 250);
	json_array_foreach(cases, index, one)
	{
		const json_t *input = json_object_get(one, "input");
		struct span text = span_from(json_string_value(input), json_string_length(input));
		const char *name = json_string_value(json_object_get(one, "name"));
		if (name[0] == 'y')
			expect_taken(name, text);
		else if (name[0] == 'n')
			expect_refused(name, text);
		else
			ck_assert_int_ne(error_blame(parse_as_member(text)), BLAME_BROKEN);
	}
	json_decref(file);
}
END_TEST

TESTS("json_test_suite", what_is_json_is_taken_and_what_is_not_is_refused)
