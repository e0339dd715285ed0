/* SPDX-License-Identifier: Apache-2.0 */
/* test_reply - each answer's status, headers and body, as the contract has them. */
#include "gateway/reply.h"

#include <jansson.h>
#include <stdio.h>

#include "gateway/metrics.h"
#include "gateway/pipeline.h"
#include "shared/clock.h"
#include "tests/unit/test.h"

/* What the last answer was; http_answer of the library is replaced at link time. */
static struct {
	int status;
	bool close;
	char headers[4096];
	json_t *body; /* owned */
} answer;

void __wrap_http_answer(struct http_request *request, const struct http_response *response);

void __wrap_http_answer(struct http_request *request, const struct http_response *response)
{
	(void)request;
	answer.status = response->status;
	answer.close = response->close;
	ck_assert_uint_lt(response->headers.len, sizeof(answer.headers));
	(void)snprintf(answer.headers, sizeof(answer.headers), "%.*s", (int)response->headers.len,
		response->headers.base);
	json_decref(answer.body);
	answer.body =
		json_loadb(response->body.base, response->body.len, JSON_REJECT_DUPLICATES, NULL);
	ck_assert_msg(answer.body, "%.*s", (int)response->body.len, response->body.base);
}

/* One request on its way; `contacts` is what it holds. */
static struct http_request request;
static struct pipeline pipeline;
static struct submission_contact contacts[2];
static struct submission submission;

static void begin(void)
{
	gateway_metrics_init();
	log_set_level(LOG_LEVEL_ERROR);
	request = (struct http_request){.started_us = clock_steady_us()};
	pipeline = (struct pipeline){.loop = loop_new()};
	contacts[0] = contacts[1] = (struct submission_contact){.is_object = true};
	contacts[0].event.contact =
		(struct contact){SPAN("Ada \"A\" Lovelace"), SPAN("ada@example.com"), SPAN_NONE};
	contacts[1].event.contact =
		(struct contact){SPAN("Charles"), SPAN("charles@example.com"), SPAN("+44 20")};
	submission = (struct submission){
		.pipeline = &pipeline,
		.request = &request,
		.request_id = uuid7_new(clock_wall_ns()),
		.contacts = contacts,
		.contact_count = 1,
	};
}

static void end(void)
{
	json_decref(answer.body);
	answer.body = NULL;
	pipeline_fini(&pipeline);
	loop_free(pipeline.loop);
	metrics_fini();
}

/* "" where there is no such header. */
static const char *header(const char *name)
{
	static char value[256];
	char start[64];
	(void)snprintf(start, sizeof(start), "%s: ", name);
	const char *found = strstr(answer.headers, start);
	value[0] = '\0';
	if (found)
		(void)sscanf(found + strlen(start), "%255[^\r]", value);
	return value;
}

static const char *text(const char *name)
{
	const char *value = json_string_value(json_object_get(answer.body, name));
	return value ? value : "";
}

static void expect_common_headers(void)
{
	char id[UUID_TEXT_LEN + 1];
	uuid_format(id, &submission.request_id);
	ck_assert_str_eq(header("Content-Type"), "application/json");
	ck_assert_str_eq(header("X-Request-Id"), id);
	ck_assert_str_eq(header("Cache-Control"), "no-store");
	ck_assert_str_eq(header("X-Content-Type-Options"), "nosniff");
}

static void expect_refusal(enum error error, const struct refusal *refusal)
{
	reply_refuse(&submission, error);
	expect_common_headers();
	ck_assert_int_eq(answer.status, refusal->status);
	ck_assert(json_is_false(json_object_get(answer.body, "success")));
	ck_assert_str_eq(text("error"), refusal->slug);
	ck_assert_int_eq(
		json_integer_value(json_object_get(answer.body, "status")), refusal->status);
	ck_assert_str_eq(text("request_id"), header("X-Request-Id"));
	ck_assert_uint_gt(strlen(text("message")), 10);
}

static void make_invalid(struct submission_contact *contact)
{
	contact->issues.list[0] =
		(struct contact_issue){CONTACT_EMAIL, "invalid_email", "Invalid email"};
	contact->issues.count = 1;
}

START_TEST(every_refusal_has_the_contracts_members_and_is_counted)
{
	begin();
	make_invalid(&contacts[0]);
	for (enum error error = OK; error < ERROR_COUNT; error++) {
		const struct refusal *refusal = reply_refusal(error);
		if (!refusal)
			continue;
		expect_refusal(error, refusal);
		ck_assert_msg(metric_count(refusal->metric) == 1, "%s", refusal->slug);
		ck_assert_msg((*header("Retry-After") != '\0') == (refusal->status == 503), "%s",
			refusal->slug);
		ck_assert_msg((*header("WWW-Authenticate") != '\0') == (refusal->status == 401),
			"%s", refusal->slug);
		ck_assert_str_eq(header("Allow"), refusal->status == 405 ? "POST" : "");
		ck_assert_str_eq(header("X-RateLimit-Limit"), "");
	}
	end();
}
END_TEST

START_TEST(what_is_no_senders_business_is_told_as_not_stored)
{
	begin();
	expect_refusal(E_KAFKA_AWAY, reply_refusal(E_NOT_STORED));
	expect_refusal(E_SYSTEM, reply_refusal(E_NOT_STORED));
	end();
}
END_TEST

START_TEST(retry_after_of_a_503_is_by_chance_and_short)
{
	bool seen[16] = {false};
	size_t different = 0;
	begin();
	for (int i = 0; i < 200; i++) {
		reply_refuse(&submission, E_OVERLOADED);
		long seconds = strtol(header("Retry-After"), NULL, 10);
		ck_assert(seconds >= 1 && seconds <= 5);
		different += !seen[seconds];
		seen[seconds] = true;
	}
	ck_assert_uint_eq(different, 5);
	end();
}
END_TEST

START_TEST(a_429_says_when_in_header_and_body)
{
	begin();
	submission.limit = (struct limit_verdict){
		.limit = 60,
		.reset_ms = clock_wall_ms() + 30000,
		.retry_after_s = 17,
	};
	reply_refuse(&submission, E_RATE_LIMITED);
	ck_assert_str_eq(header("Retry-After"), "17");
	ck_assert_int_eq(json_integer_value(json_object_get(answer.body, "retry_after")), 17);
	ck_assert_str_eq(header("X-RateLimit-Limit"), "60");
	ck_assert_str_eq(header("X-RateLimit-Remaining"), "0");
	ck_assert_str_eq(header("RateLimit-Policy"), "\"per-key\";q=60;w=60");
	ck_assert_int_eq(strncmp(header("RateLimit"), "\"per-key\";r=0;t=", 16), 0);
	end();
}
END_TEST

START_TEST(a_contact_that_is_not_valid_is_told_by_field)
{
	begin();
	make_invalid(&contacts[0]);
	expect_refusal(E_VALIDATION_FAILED, reply_refusal(E_VALIDATION_FAILED));
	ck_assert_str_eq(text("message"), "email: Invalid email.");
	json_t *wanted = json_pack("{s:{s:[s]},s:[{s:[s],s:s,s:s}]}", "fieldErrors", "email",
		"Invalid email", "issues", "path", "email", "code", "invalid_email", "message",
		"Invalid email");
	const char *name;
	json_t *value;
	json_object_foreach(wanted, name, value)
	{
		ck_assert(json_equal(json_object_get(answer.body, name), value));
	}
	json_decref(wanted);
	end();
}
END_TEST

START_TEST(a_stages_own_sentence_goes_before_the_tables)
{
	begin();
	(void)failure_set(&submission.failure, E_INVALID_JSON, "Line %d: \"%s\".", 3, "a comma");
	expect_refusal(E_INVALID_JSON, reply_refusal(E_INVALID_JSON));
	ck_assert_str_eq(text("message"), "Line 3: \"a comma\".");
	end();
}
END_TEST

START_TEST(what_cannot_be_told_apart_any_more_closes)
{
	begin();
	reply_refuse(&submission, E_BAD_REQUEST);
	ck_assert(answer.close);
	reply_refuse(&submission, E_HEADERS_TOO_LARGE);
	ck_assert(answer.close);
	reply_refuse(&submission, E_VALIDATION_FAILED);
	ck_assert(!answer.close);
	end();
}
END_TEST

START_TEST(an_accepted_contact_is_told_as_it_is_stored)
{
	begin();
	contacts[0].event.id = uuid7_new(clock_wall_ns());
	char id[UUID_TEXT_LEN + 1];
	uuid_format(id, &contacts[0].event.id);
	reply_accept(&submission);
	expect_common_headers();
	ck_assert_int_eq(answer.status, 202);
	json_t *wanted = json_pack("{s:b,s:s,s:s,s:{s:s,s:s},s:[]}", "success", 1, "status",
		"accepted", "id", id, "contact", "name", "Ada \"A\" Lovelace", "email",
		"ada@example.com", "warnings");
	ck_assert(json_equal(answer.body, wanted));
	ck_assert_uint_eq(metric_count(METRIC_REQUESTS_ACCEPTED), 1);
	json_decref(wanted);
	end();
}
END_TEST

START_TEST(an_accepted_list_is_told_contact_by_contact)
{
	begin();
	submission.is_list = true;
	submission.contact_count = 2;
	reply_accept(&submission);
	const json_t *list = json_object_get(answer.body, "contacts");
	ck_assert_int_eq(json_integer_value(json_object_get(answer.body, "count")), 2);
	ck_assert_uint_eq(json_array_size(list), 2);
	ck_assert_str_eq(
		json_string_value(json_object_get(json_array_get(list, 1), "phone")), "+44 20");
	ck_assert_ptr_null(json_object_get(json_array_get(list, 0), "phone"));
	ck_assert_uint_eq(metric_count(METRIC_CONTACTS_ACCEPTED), 2);
	end();
}
END_TEST

START_TEST(an_old_key_and_odd_fields_are_warned_of)
{
	begin();
	submission.lookup.grant.expires_ms = INT64_C(1790000000000);
	submission.warnings[0] = SPAN("phone: it came as a number.");
	submission.warning_count = 1;
	reply_accept(&submission);
	const json_t *warnings = json_object_get(answer.body, "warnings");
	ck_assert_uint_eq(json_array_size(warnings), 2);
	ck_assert_ptr_nonnull(
		strstr(json_string_value(json_array_get(warnings, 0)), "2026-09-21T"));
	end();
}
END_TEST

TESTS("reply", every_refusal_has_the_contracts_members_and_is_counted,
	what_is_no_senders_business_is_told_as_not_stored,
	retry_after_of_a_503_is_by_chance_and_short, a_429_says_when_in_header_and_body,
	a_contact_that_is_not_valid_is_told_by_field, a_stages_own_sentence_goes_before_the_tables,
	what_cannot_be_told_apart_any_more_closes, an_accepted_contact_is_told_as_it_is_stored,
	an_accepted_list_is_told_contact_by_contact, an_old_key_and_odd_fields_are_warned_of)
