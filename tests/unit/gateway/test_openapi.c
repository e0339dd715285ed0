/* SPDX-License-Identifier: Apache-2.0 */
/* test_openapi - the description of the interface says what the code's tables say. */
#include "gateway/openapi.h"

#include <jansson.h>

#include "gateway/fields.h"
#include "gateway/reply.h"
#include "tests/unit/test.h"

static const struct gateway_settings settings = {
	.max_body_bytes = 131072,
	.requests_per_minute = 60,
};

/* Returned owned, free with json_decref. */
static json_t *make(const struct gateway_settings *with)
{
	struct buf text = {0};
	json_error_t problem;
	openapi_write(with, &text);
	ck_assert_ptr_null(strstr(buf_text(&text), "${"));
	json_t *document = json_loadb(text.base, text.len, JSON_REJECT_DUPLICATES, &problem);
	ck_assert_msg(
		document, "line %d, column %d: %s", problem.line, problem.column, problem.text);
	buf_fini(&text);
	return document;
}

static const json_t *responses_of(const json_t *document)
{
	const json_t *paths = json_object_get(document, "paths");
	const json_t *webhook = json_object_get(paths, "/api/webhooks/contacts");
	return json_object_get(json_object_get(webhook, "post"), "responses");
}

static const json_t *schema_of(const json_t *document, const char *name)
{
	const json_t *schemas = json_object_get(json_object_get(document, "components"), "schemas");
	return json_object_get(schemas, name);
}

static json_int_t limit_of(const json_t *document, const char *schema, const char *limit)
{
	return json_integer_value(json_object_get(schema_of(document, schema), limit));
}

static bool tells(const json_t *response, const struct refusal *refusal)
{
	json_t *status = NULL;
	json_t *slugs = NULL;
	size_t index;
	const json_t *slug;
	ck_assert_int_eq(json_unpack((json_t *)response, "{s:{s:{s:{s:{s:{s:o},s:{s:o}}}}}}",
				 "content", "application/json", "schema", "properties", "status",
				 "const", &status, "error", "enum", &slugs),
		0);
	ck_assert_int_eq(json_integer_value(status), refusal->status);
	json_array_foreach(slugs, index, slug)
	{
		if (strcmp(json_string_value(slug), refusal->slug) == 0)
			return true;
	}
	return false;
}

START_TEST(every_refusal_is_told_under_its_status)
{
	json_t *document = make(&settings);
	size_t told = 0;
	for (enum error error = OK; error < ERROR_COUNT; error++) {
		const struct refusal *refusal = reply_refusal(error);
		char status[16];
		if (!refusal || error == E_NOT_FOUND)
			continue;
		snprintf(status, sizeof(status), "%d", refusal->status);
		const json_t *response = json_object_get(responses_of(document), status);
		ck_assert_msg(response && tells(response, refusal), "%s", refusal->slug);
		const char *description =
			json_string_value(json_object_get(response, "description"));
		ck_assert_msg(strstr(description, refusal->message), "%s", refusal->slug);
		told++;
	}
	ck_assert_uint_gt(told, 15);
	json_decref(document);
}
END_TEST

START_TEST(the_webhook_never_answers_404_or_410)
{
	json_t *document = make(&settings);
	ck_assert_ptr_null(json_object_get(responses_of(document), "404"));
	ck_assert_ptr_null(json_object_get(responses_of(document), "410"));
	json_decref(document);
}
END_TEST

START_TEST(answers_that_ask_for_patience_say_for_how_long)
{
	static const char *const statuses[] = {"429", "503"};
	json_t *document = make(&settings);
	for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++) {
		const json_t *response = json_object_get(responses_of(document), statuses[i]);
		const json_t *headers = json_object_get(response, "headers");
		const json_t *header = json_object_get(headers, "Retry-After");
		ck_assert(json_is_true(json_object_get(header, "required")));
	}
	json_decref(document);
}
END_TEST

START_TEST(limits_are_the_codes_own)
{
	json_t *document = make(&settings);
	ck_assert_int_eq(limit_of(document, "Email", "maxLength"), CONTACT_EMAIL_BYTES);
	ck_assert_int_eq(limit_of(document, "ContactList", "maxItems"), SUBMISSION_CONTACTS_MOST);
	char within[16];
	snprintf(within, sizeof(within), "{0,%d}", CONTACT_NAME_UNITS - 2);
	const json_t *forms = json_object_get(schema_of(document, "Name"), "anyOf");
	const json_t *pattern = json_object_get(json_array_get(forms, 0), "pattern");
	ck_assert_ptr_nonnull(strstr(json_string_value(pattern), within));
	snprintf(within, sizeof(within), "{0,%d}", CONTACT_PHONE_UNITS - 2);
	forms = json_object_get(schema_of(document, "PhoneText"), "anyOf");
	pattern = json_object_get(json_array_get(forms, 0), "pattern");
	ck_assert_ptr_nonnull(strstr(json_string_value(pattern), within));
	json_decref(document);
}
END_TEST

/* The value of a body's member `name` as the contact's field, with that name for it. */
static void expect_taken(enum contact_field field, const char *name, const char *text)
{
	struct http_request request = {.connection = NULL};
	struct submission submission = {.request = &request};
	struct submission_contact contact = {.is_object = true};
	json_t *body = json_pack("{s:s}", name, text);
	fields_find(&submission, &contact, body);
	ck_assert_msg(contact.values[field].type == CONTACT_VALUE_TEXT &&
			      span_equal(contact.values[field].text, span_of(text)),
		"%s is not taken from %s", contact_field_name(field), name);
	json_decref(body);
	arena_fini(&request.arena);
}

START_TEST(the_names_it_promises_are_taken)
{
	static const char *const schemas[] = {"Email", "Name", "Phone"};
	json_t *document = make(&settings);
	for (enum contact_field field = 0; field < CONTACT_FIELD_COUNT; field++) {
		const json_t *names =
			json_object_get(schema_of(document, schemas[field]), "x-also-from");
		size_t index;
		const json_t *name;
		ck_assert_uint_gt(json_array_size(names), 0);
		json_array_foreach(names, index, name)
		{
			expect_taken(field, json_string_value(name), "value");
		}
	}
	json_decref(document);
}
END_TEST

static const char *server_of(const json_t *document)
{
	const json_t *server = json_array_get(json_object_get(document, "servers"), 0);
	return json_string_value(json_object_get(server, "url"));
}

START_TEST(the_server_is_the_public_address)
{
	struct gateway_settings with = settings;
	char url[] = "https://hooks.example.com/a\"b";
	with.public_url = url;
	json_t *document = make(&with);
	ck_assert_str_eq(server_of(document), url);
	json_decref(document);
	document = make(&settings);
	ck_assert_str_eq(server_of(document), "/");
	json_decref(document);
}
END_TEST

TESTS("openapi", every_refusal_is_told_under_its_status, the_webhook_never_answers_404_or_410,
	answers_that_ask_for_patience_say_for_how_long, limits_are_the_codes_own,
	the_names_it_promises_are_taken, the_server_is_the_public_address)
