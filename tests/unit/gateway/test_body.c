/* SPDX-License-Identifier: Apache-2.0 */
/* test_body - what a body is taken for, and which of its members become a contact's fields. */
#include "gateway/issues.h"

#include <stdio.h>
#include <time.h>

#include "gateway/pipeline.h"
#include "tests/unit/test.h"

/* One body on its way up to the validation, in memory of its own. */
struct parsed {
	struct http_request request;
	struct submission submission;
	enum error error;
};

static void parse_as(struct parsed *parsed, const char *content_type, struct span body)
{
	*parsed = (struct parsed){.request = {.body = body}};
	parsed->submission.request = &parsed->request;
	if (content_type) {
		parsed->request.headers[0] =
			(struct http_header){SPAN("Content-Type"), span_of(content_type)};
		parsed->request.header_count = 1;
	}
	parsed->error = parse_body_step(&parsed->submission);
	if (!parsed->error)
		parsed->error = validate_step(&parsed->submission);
}

static void parse(struct parsed *parsed, const char *body)
{
	parse_as(parsed, NULL, span_of(body));
}

static void end(struct parsed *parsed)
{
	arena_fini(&parsed->request.arena);
}

static const struct contact *contact_of(const struct parsed *parsed, size_t index)
{
	ck_assert_uint_lt(index, parsed->submission.contact_count);
	return &parsed->submission.contacts[index].event.contact;
}

static void expect_span(const char *what, struct span got, const char *wanted, const char *body)
{
	ck_assert_msg(span_equal(got, span_of(wanted)), "%s is \"%.*s\", not \"%s\", in %s", what,
		(int)got.len, got.base ? got.base : "", wanted ? wanted : "", body);
}

static void expect_contact(const char *body, const char *name, const char *email, const char *phone)
{
	struct parsed parsed;
	parse(&parsed, body);
	ck_assert_msg(parsed.error == OK, "%s: %s", body, parsed.submission.failure.detail);
	expect_span("name", contact_of(&parsed, 0)->name, name, body);
	expect_span("email", contact_of(&parsed, 0)->email, email, body);
	expect_span("phone", contact_of(&parsed, 0)->phone, phone, body);
	end(&parsed);
}

static void expect_error(const char *body, enum error error, const char *sentence_part)
{
	struct parsed parsed;
	struct buf message = {0};
	parse(&parsed, body);
	ck_assert_msg(parsed.error == error, "%s: %s", body, error_name(parsed.error));
	if (error == E_VALIDATION_FAILED)
		issues_write_message(&message, &parsed.submission);
	else
		buf_add_text(&message, parsed.submission.failure.detail);
	ck_assert_msg(!sentence_part || strstr(buf_text(&message), sentence_part),
		"%s: \"%s\" lacks \"%s\"", body, buf_text(&message), sentence_part);
	buf_fini(&message);
	end(&parsed);
}

static void expect_warning(const char *body, const char *warning)
{
	struct parsed parsed;
	parse(&parsed, body);
	ck_assert_int_eq(parsed.error, OK);
	ck_assert_uint_eq(parsed.submission.warning_count, warning ? 1 : 0);
	if (warning)
		expect_span("warning", parsed.submission.warnings[0], warning, body);
	end(&parsed);
}

START_TEST(the_first_byte_decides_what_a_body_is)
{
	struct parsed parsed;
	static const char *const bodies[] = {
		"{\"name\":\"Ada\",\"email\":\"ada@example.com\"}",
		" \r\n\t{\"name\":\"Ada\",\"email\":\"ada@example.com\"}\n",
		"\xef\xbb\xbf\xef\xbb\xbf{\"name\":\"Ada\",\"email\":\"ada@example.com\"}",
		"[{\"name\":\"Ada\",\"email\":\"ada@example.com\"}]",
		"name=Ada&email=ada@example.com",
		"\xef\xbb\xbf\nname=Ada&email=ada%40example.com\r\n",
	};
	static const char *const types[] = {NULL, "application/json", "text/plain", "text/xml",
		"application/x-www-form-urlencoded; charset=UTF-8"};
	for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
		for (size_t k = 0; k < sizeof(types) / sizeof(*types); k++) {
			parse_as(&parsed, types[k], span_of(bodies[i]));
			ck_assert_msg(parsed.error == OK, "%s as %s", bodies[i],
				types[k] ? types[k] : "nothing");
			expect_span("name", contact_of(&parsed, 0)->name, "Ada", bodies[i]);
			ck_assert(parsed.submission.is_list == (bodies[i][0] == '['));
			end(&parsed);
		}
	}
}
END_TEST

START_TEST(what_is_no_body_of_ours_is_refused_with_advice)
{
	struct parsed parsed;
	expect_error("", E_EMPTY_BODY, NULL);
	expect_error(" \n ", E_EMPTY_BODY, NULL);
	expect_error("<contact><name>Ada</name></contact>", E_UNSUPPORTED_MEDIA_TYPE, "XML");
	expect_error("\"{\\\"name\\\":\\\"Ada\\\"}\"", E_INVALID_JSON, "twice");
	expect_error("Ada, ada@example.com", E_INVALID_JSON, "neither JSON nor a form");
	expect_error("null", E_INVALID_JSON, "neither JSON nor a form");
	expect_error("{'name':'Ada'}", E_INVALID_JSON, "double (\")");
	expect_error("{\"name\":\"Ada\",}", E_INVALID_JSON, "a comma too many");
	expect_error("{\"name\":,\"email\":\"a@b.co\"}", E_INVALID_JSON, "before the comma");
	expect_error("{\"name\":\"A\nB\"}", E_INVALID_JSON, "written as \\n");
	expect_error("{\"name\":\"A\tB\"}", E_INVALID_JSON, "\\t");
	expect_error("{\"name\":\"say \"hi\"\"}", E_INVALID_JSON, "written as \\\"");
	expect_error("{\"name\":\"Ada\"", E_INVALID_JSON, "too early");
	expect_error("{\"name\":Ada}", E_INVALID_JSON, "double quotes");
	expect_error("{\"name\":\"A\\ud800\"}", E_INVALID_JSON, "surrogate");
	expect_error("{\"name\":\"A\\u0000\"}", E_INVALID_JSON, "NUL");
	expect_error("{\"name\":\"Ada\"} x", E_INVALID_JSON, "follows the end");
	expect_error("{\"x\":1e999}", E_INVALID_JSON, "too large");
	expect_error("name=%ff&email=a@b.co", E_INVALID_UTF8, "UTF-8");
	expect_error("name=a%00b&email=a@b.co", E_INVALID_UTF8, "NUL");
	expect_error("[]", E_EMPTY_BODY, "1 to 100");
	parse_as(&parsed, "multipart/form-data; boundary=x",
		SPAN("--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nAda\r\n--x--"));
	ck_assert_int_eq(parsed.error, E_UNSUPPORTED_MEDIA_TYPE);
	end(&parsed);
}
END_TEST

START_TEST(names_of_fields_are_compared_loosely)
{
	static const char *const names[] = {"name", "Name", "NAME", "full_name", "Full Name",
		"fullName", "contact-name", "customer.name", "Client Name", "client_name"};
	static const char *const emails[] = {"email", "E-Mail", "email_address", "Email Address",
		"mail", "contactEmail", "customer_email", "your-email", "YOUR EMAIL"};
	static const char *const phones[] = {"phone", "Phone Number", "mobile", "mobile_number",
		"MobilePhone", "cell", "telephone", "tel", "Tel."};
	char body[256];
	for (size_t i = 0; i < 10; i++) {
		(void)snprintf(body, sizeof(body),
			"{\"%s\":\"Ada\",\"%s\":\"ada@example.com\",\"%s\":\"123\"}", names[i],
			emails[i % 9], phones[i % 9]);
		expect_contact(body, "Ada", "ada@example.com", "123");
	}
	expect_contact("Full+Name=Ada&E-mail=ada%40example.com&Tel=%2B44+20", "Ada",
		"ada@example.com", "+44 20");
	expect_error("{\"nom\":\"Ada\",\"emails\":\"a@b.co\"}", E_VALIDATION_FAILED,
		"Fields received: nom, emails.");
}
END_TEST

START_TEST(the_exact_name_wins_then_the_lists_order_then_what_is_not_empty)
{
	expect_contact(
		"{\"mail\":\"2@b.co\",\"Email\":\"1@b.co\",\"email\":\"0@b.co\",\"name\":\"A\"}",
		"A", "0@b.co", NULL);
	expect_contact("{\"your_email\":\"3@b.co\",\"mail\":\"2@b.co\",\"e-mail\":\"1@b.co\","
		       "\"name\":\"A\"}",
		"A", "1@b.co", NULL);
	expect_contact("{\"email\":\"\",\"mail\":null,\"contact_email\":\"3@b.co\",\"name\":\"A\"}",
		"A", "3@b.co", NULL);
	expect_contact("{\"email\":\" \",\"mail\":\"2@b.co\",\"name\":null,\"full_name\":\"A\"}",
		"A", "2@b.co", NULL);
	expect_contact("{\"email\":\"first@b.co\",\"email\":\"last@b.co\",\"name\":\"A\"}", "A",
		"last@b.co", NULL);
	expect_contact("email=first@b.co&name=A&email=last@b.co", "A", "last@b.co", NULL);
	/* What is there but wrong is an error, not a reason to look further. */
	expect_error("{\"email\":7,\"mail\":\"a@b.co\",\"name\":\"A\"}", E_VALIDATION_FAILED,
		"email: Must be text.");
}
END_TEST

START_TEST(first_and_last_name_make_a_name)
{
	expect_contact("{\"first_name\":\" Ada \",\"last_name\":\"Lovelace\",\"email\":\"a@b.co\"}",
		"Ada Lovelace", "a@b.co", NULL);
	expect_contact("{\"surname\":\"Lovelace\",\"givenName\":\"Ada\",\"email\":\"a@b.co\"}",
		"Ada Lovelace", "a@b.co", NULL);
	expect_contact("fname=Ada&lname=&email=a@b.co", "Ada", "a@b.co", NULL);
	expect_contact(
		"{\"family_name\":\"Lovelace\",\"email\":\"a@b.co\"}", "Lovelace", "a@b.co", NULL);
	expect_contact("{\"name\":\"Countess\",\"first_name\":\"Ada\",\"email\":\"a@b.co\"}",
		"Countess", "a@b.co", NULL);
	expect_contact("{\"name\":\"\",\"first_name\":\"Ada\",\"email\":\"a@b.co\"}", "Ada",
		"a@b.co", NULL);
	expect_contact("{\"name\":{\"first\":\"Ada\",\"last\":\"Lovelace\"},\"email\":\"a@b.co\"}",
		"Ada Lovelace", "a@b.co", NULL);
	expect_contact("{\"Name\":{\"firstName\":\"Ada\",\"Last\":null},\"email\":\"a@b.co\"}",
		"Ada", "a@b.co", NULL);
	expect_contact("{\"name\":{\"first\":\"\",\"last\":\"\"},\"full_name\":\"Ada\","
		       "\"email\":\"a@b.co\"}",
		"Ada", "a@b.co", NULL);
	expect_error("{\"name\":{\"title\":\"Dr\"},\"email\":\"a@b.co\"}", E_VALIDATION_FAILED,
		"name: Must be text.");
	expect_error("{\"first_name\":7,\"email\":\"a@b.co\"}", E_VALIDATION_FAILED,
		"name: Must be text.");
	/* "first" alone is a part of a name only inside of one. */
	expect_error("{\"first\":\"Ada\",\"email\":\"a@b.co\"}", E_VALIDATION_FAILED,
		"Fields received: first, email.");
}
END_TEST

START_TEST(one_wrapper_is_opened_where_the_body_has_no_field)
{
	expect_contact("{\"event\":\"new\",\"data\":{\"name\":\"Ada\",\"email\":\"a@b.co\"}}",
		"Ada", "a@b.co", NULL);
	expect_contact(
		"{\"contact\":{\"Full Name\":\"Ada\",\"Mail\":\"a@b.co\"}}", "Ada", "a@b.co", NULL);
	expect_contact("{\"payload\":{\"name\":\"Ada\",\"email\":\"a@b.co\",\"phone\":1}}", "Ada",
		"a@b.co", "1");
	expect_contact("{\"data\":{\"id\":1},\"contact\":{\"name\":\"Ada\",\"email\":\"a@b.co\"}}",
		"Ada", "a@b.co", NULL);
	expect_error("{\"email\":\"a@b.co\",\"data\":{\"name\":\"Ada\"}}", E_VALIDATION_FAILED,
		"Fields received: email, data.");
	expect_error("{\"data\":{\"data\":{\"name\":\"Ada\",\"email\":\"a@b.co\"}}}",
		E_VALIDATION_FAILED, "Fields received: data.data.");
	expect_error("{\"data\":[{\"name\":\"Ada\",\"email\":\"a@b.co\"}]}", E_VALIDATION_FAILED,
		"Fields received: data.");
	expect_error("{}", E_VALIDATION_FAILED, "No fields were received.");
}
END_TEST

START_TEST(a_whole_number_is_a_phone)
{
	expect_contact("{\"name\":\"A\",\"email\":\"a@b.co\",\"phone\":442071234567}", "A",
		"a@b.co", "442071234567");
	expect_contact("{\"name\":\"A\",\"email\":\"a@b.co\",\"tel\":0}", "A", "a@b.co", "0");
	expect_contact("{\"name\":\"A\",\"email\":\"a@b.co\",\"phone\":null}", "A", "a@b.co", NULL);
	expect_contact("{\"name\":\"A\",\"email\":\"a@b.co\",\"phone\":\"\"}", "A", "a@b.co", NULL);
	expect_contact("{\"name\":\"A\",\"email\":\"a@b.co\",\"x\":12345678901234567890123}", "A",
		"a@b.co", NULL);
	expect_error("{\"name\":\"A\",\"email\":\"a@b.co\",\"phone\":1.5}", E_VALIDATION_FAILED,
		"phone: Must be text, or a whole number of up to 15 digits.");
	expect_error("{\"name\":\"A\",\"email\":\"a@b.co\",\"phone\":-5}", E_VALIDATION_FAILED,
		"phone:");
	expect_error("{\"name\":\"A\",\"email\":\"a@b.co\",\"phone\":1234567890123456}",
		E_VALIDATION_FAILED, "15 digits");
	expect_error("{\"name\":\"A\",\"email\":\"a@b.co\",\"phone\":true}", E_VALIDATION_FAILED,
		"phone:");
}
END_TEST

START_TEST(a_form_is_decoded_as_browsers_encode_it)
{
	expect_contact("name=Ada+Lovelace&email=ada%2Btag%40example.com&phone=%2b44",
		"Ada Lovelace", "ada+tag@example.com", "+44");
	expect_contact("&&name=Jos%C3%A9&&email=a@b.co&", "Jos\xc3\xa9", "a@b.co", NULL);
	expect_contact("name=100%25&email=a@b.co", "100%", "a@b.co", NULL);
	expect_contact("name=100%&email=a@b.co", "100%", "a@b.co", NULL);
	expect_contact("name=a=b&email=a@b.co&flag", "a=b", "a@b.co", NULL);
	expect_contact("name=Jos\xc3\xa9&email=a@b.co", "Jos\xc3\xa9", "a@b.co", NULL);
	expect_error("name=Ada&email=ada+tag@example.com", E_VALIDATION_FAILED, "%2B");
}
END_TEST

START_TEST(brackets_in_the_names_of_a_form_are_a_level)
{
	expect_contact("data[name]=Ada&data[email]=a@b.co", "Ada", "a@b.co", NULL);
	expect_contact("contact%5BName%5D=Ada&contact%5BE-Mail%5D=a@b.co&contact%5Btel%5D=1", "Ada",
		"a@b.co", "1");
	expect_contact(
		"name[first]=Ada&name[last]=Lovelace&email=a@b.co", "Ada Lovelace", "a@b.co", NULL);
	/* No level where there is a value already, and none from what is not one pair of brackets. */
	expect_contact("name=Ada&name[first]=Eve&email=a@b.co", "Ada", "a@b.co", NULL);
	expect_contact("name=Ada&email=a@b.co&x[]=1&[y]=2&z[=3&]w[=4&a[b][c]=5&d[e]f=6", "Ada",
		"a@b.co", NULL);
	expect_error("data[data][email]=a@b.co", E_VALIDATION_FAILED, "data[data][email].");
}
END_TEST

START_TEST(data_in_the_place_of_a_name_is_not_told_back)
{
	expect_error("callback({\"email\":\"a@b.co\",\"x\":\"1=2\"})", E_VALIDATION_FAILED,
		"Fields received: (not shown).");
	expect_error(
		"{\"ada@example.com\":true}", E_VALIDATION_FAILED, "Fields received: (not shown).");
}
END_TEST

START_TEST(a_list_is_taken_whole_or_not_at_all)
{
	struct parsed parsed;
	parse(&parsed, "[{\"name\":\"Ada\",\"email\":\"ada@b.co\"},"
		       "{\"data\":{\"Mail\":\"bob@b.co\",\"fname\":\"Bob\"}}]");
	ck_assert_int_eq(parsed.error, OK);
	ck_assert_uint_eq(parsed.submission.contact_count, 2);
	expect_span("email", contact_of(&parsed, 1)->email, "bob@b.co", "the list");
	end(&parsed);
	expect_error("[{\"name\":\"Ada\",\"email\":\"ada@b.co\"},{\"name\":\"Bob\"}]",
		E_VALIDATION_FAILED,
		"Contact 2 of 2: email: Required. Fields received: name. None was taken.");
	expect_error("[1]", E_VALIDATION_FAILED, "Contact 1 of 1: Must be an object");
	expect_error("[[{\"name\":\"Ada\",\"email\":\"ada@b.co\"}]]", E_VALIDATION_FAILED,
		"Must be an object");
	expect_error("[{},{},{},{},{},{},{}]", E_VALIDATION_FAILED,
		"2 more contacts are not valid. None was taken.");
}
END_TEST

START_TEST(issues_of_a_list_begin_with_the_index)
{
	struct parsed parsed;
	struct buf members = {0};
	parse(&parsed,
		"[{\"name\":\"Ada\",\"email\":\"ada@b.co\"},7,{\"name\":\"Bob\",\"email\":\"x\"}]");
	issues_write_members(&members, &parsed.submission);
	ck_assert_str_eq(buf_text(&members),
		",\"fieldErrors\":{\"1\":[\"Must be an object with name and email\"],"
		"\"2.email\":[\"Invalid email\"]},"
		"\"issues\":[{\"path\":[1],\"code\":\"not_an_object\","
		"\"message\":\"Must be an object with name and email\"},"
		"{\"path\":[2,\"email\"],\"code\":\"invalid_email\",\"message\":\"Invalid "
		"email\"}]");
	buf_fini(&members);
	end(&parsed);
}
END_TEST

/* A list of `count` contacts with `members` members each. */
static void add_contacts(struct buf *body, size_t count, size_t members)
{
	buf_add_char(body, '[');
	for (size_t i = 0; i < count; i++) {
		buf_printf(body, "%s{\"name\":\"Ada\",\"email\":\"ada%zu@b.co\"", i ? "," : "", i);
		for (size_t k = 2; k < members; k++)
			buf_printf(body, ",\"m%zu\":[1,2]", k);
		buf_add_char(body, '}');
	}
	buf_add_char(body, ']');
}

START_TEST(a_body_has_its_bounds)
{
	static const struct {
		size_t contacts;
		size_t members;
		enum error error;
	} cases[] = {
		{100, 2, OK},
		{101, 2, E_TOO_MANY_CONTACTS},
		{50, 40, OK},
		{1, 1000, OK},
		{1, 1001, E_INVALID_JSON},
		{2, 1001, E_INVALID_JSON},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buf body = {0};
		add_contacts(&body, cases[i].contacts, cases[i].members);
		expect_error(buf_text(&body), cases[i].error, NULL);
		buf_fini(&body);
	}
	expect_error("{\"name\":\"A\",\"email\":\"a@b.co\",\"x\":[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]}",
		OK, NULL);
	expect_error("{\"x\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}", E_INVALID_JSON, "nested");
	struct buf list = {0};
	for (int i = 0; i < 20000; i++)
		buf_add_text(&list, i ? ",{}" : "{\"x\":[{}");
	buf_add_text(&list, "]}");
	expect_error(buf_text(&list), E_INVALID_JSON, "20,000 values");
	buf_fini(&list);
	struct buf form = {0};
	buf_add_text(&form, "name=A&email=a@b.co");
	for (int i = 0; i < 999; i++)
		buf_printf(&form, "&f%d=", i);
	expect_error(buf_text(&form), E_INVALID_JSON, "1,000 fields");
	buf_fini(&form);
}
END_TEST

/* The least time that parsing takes, in microseconds of this thread. */
static double parse_us(const char *body)
{
	double least_us = 1e9;
	for (int i = 0; i < 50; i++) {
		struct timespec began;
		struct timespec ended;
		struct parsed parsed;
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &began);
		parse(&parsed, body);
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ended);
		ck_assert_int_eq(parsed.error, OK);
		end(&parsed);
		double us = (double)(ended.tv_sec - began.tv_sec) * 1e6 +
			    (double)(ended.tv_nsec - began.tv_nsec) / 1e3;
		least_us = us < least_us ? us : least_us;
	}
	return least_us;
}

/*
 * The file holds 998 names whose hash, jansson's lookup3 with the seed 12345, ends in twelve zeros: with
 * that seed they are one long list, and take four times as long. The seed is a random one.
 */
START_TEST(names_that_are_made_to_collide_cost_no_more_than_others)
{
	struct buf plain = {0};
	char flood[16384] = "";
	FILE *file = fopen(VECTORS_DIR "/hash-flood.json", "r");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_gt(fread(flood, 1, sizeof(flood) - 1, file), 10000);
	ck_assert_int_eq(fclose(file), 0);
	buf_add_text(&plain, "{\"name\":\"Ada\",\"email\":\"ada@example.com\"");
	for (unsigned i = 0; i < 998; i++)
		buf_printf(&plain, ",\"%x\":0", 0x100000 + i * 4096);
	buf_add_char(&plain, '}');
	double flood_us = parse_us(flood);
	double plain_us = parse_us(buf_text(&plain));
	ck_assert_msg(flood_us < 2.5 * plain_us, "%.0f us, not %.0f us", flood_us, plain_us);
	buf_fini(&plain);
}
END_TEST

START_TEST(what_was_changed_is_told)
{
	expect_warning("{\"name\":\" Ada \",\"email\":\"ADA@b.co\"}", NULL);
	expect_warning("{\"name\":\"Ada\\nLovelace\",\"email\":\"ada@b.co\"}",
		"name: line breaks and tabs became spaces.");
	expect_warning("{\"name\":\"Ada\",\"email\":\"ada@b.co\",\"phone\":5}",
		"phone: it came as a number; send it as text to keep a leading + or 0.");
	expect_warning("{\"name\":\"Ada\",\"mail\":\"2@b.co\",\"email\":\"1@b.co\"}",
		"email: taken from email; mail holds something else.");
	expect_warning("{\"name\":\"Ada\",\"mail\":\"1@b.co\",\"email\":\"1@b.co\"}", NULL);
	expect_warning("name=Tom & Jerry&email=tom@b.co",
		"form: a part without = was left out; an & inside a value must be sent as %26.");
	expect_warning("[{\"name\":\"Ada\",\"email\":\"ada@b.co\"},"
		       "{\"name\":\"A\\tB\",\"email\":\"ab@b.co\"}]",
		"contact 2: name: line breaks and tabs became spaces.");
}
END_TEST

TESTS("body", the_first_byte_decides_what_a_body_is, what_is_no_body_of_ours_is_refused_with_advice,
	names_of_fields_are_compared_loosely,
	the_exact_name_wins_then_the_lists_order_then_what_is_not_empty,
	first_and_last_name_make_a_name, one_wrapper_is_opened_where_the_body_has_no_field,
	a_whole_number_is_a_phone, a_form_is_decoded_as_browsers_encode_it,
	brackets_in_the_names_of_a_form_are_a_level, data_in_the_place_of_a_name_is_not_told_back,
	a_list_is_taken_whole_or_not_at_all, issues_of_a_list_begin_with_the_index,
	a_body_has_its_bounds, names_that_are_made_to_collide_cost_no_more_than_others,
	what_was_changed_is_told)
