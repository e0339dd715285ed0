/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answers - reads what the gateway sent as a strict client would, and checks it against the trial.
 *
 * The tables here are the contract's, written down a second time.
 */
#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "shared/buf.h"
#include "tests/fuzz/pipeline/trial.h"
#include "tests/fuzz/reference.h"

struct answer {
	int status;
	struct span head; /* status line and headers, up to the empty line */
	struct span body;
	bool closes;
};

static const struct slug {
	int status;
	const char *text;
} slugs[] = {
	{400, "bad_request"},
	{400, "empty_body"},
	{400, "invalid_json"},
	{400, "invalid_utf8"},
	{400, "validation_failed"},
	{400, "too_many_contacts"},
	{400, "conflicting_keys"},
	{401, "missing_api_key"},
	{401, "invalid_api_key"},
	{404, "not_found"},
	{405, "method_not_allowed"},
	{408, "request_timeout"},
	{413, "body_too_large"},
	{415, "unsupported_media_type"},
	{429, "rate_limited"},
	{431, "headers_too_large"},
	{503, "not_stored"},
	{503, "maybe_stored"},
	{503, "overloaded"},
	{503, "keys_unavailable"},
};

static bool is_text(const json_t *value, const char *text)
{
	return json_is_string(value) && strcmp(json_string_value(value), text) == 0;
}

/* ---- HTTP */

/* The header's value; base NULL: there is none. It must not be there twice. */
static struct span header(const struct answer *answer, struct span name)
{
	struct span rest = answer->head;
	struct span line;
	struct span value = SPAN_NONE;
	while (reference_next(&rest, '\n', &line)) {
		if (line.len < name.len + 3 || memcmp(line.base, name.base, name.len) != 0 ||
			line.base[name.len] != ':')
			continue;
		ensure(!value.base && line.base[name.len + 1] == ' ');
		value = span_from(line.base + name.len + 2, line.len - name.len - 3);
	}
	return value;
}

static bool has_header(const struct answer *answer, struct span name)
{
	return header(answer, name).base != NULL;
}

/* Returns the number; -1: no such header. */
static long number(const struct answer *answer, struct span name)
{
	char text[24] = "";
	struct span value = header(answer, name);
	if (!value.base)
		return -1;
	ensure(value.len > 0 && value.len < sizeof(text));
	memcpy(text, value.base, value.len);
	ensure(strspn(text, "0123456789") == value.len);
	return strtol(text, NULL, 10);
}

/* "name: value" and a CR. By hand: there are a dozen an answer. */
static bool is_header_line(struct span line)
{
	size_t at = 0;
	while (at < line.len && (isalpha((unsigned char)line.base[at]) || line.base[at] == '-'))
		at++;
	if (at == 0 || line.len - at < 3 || memcmp(line.base + at, ": ", 2) != 0)
		return false;
	while (at < line.len && isprint((unsigned char)line.base[at]))
		at++;
	return at + 1 == line.len && line.base[at] == '\r';
}

/* RFC 9112 sections 4 and 5: a status line, then headers, each line ended by CRLF. */
static void check_lines(const struct answer *answer)
{
	struct span rest = answer->head;
	struct span line;
	ensure(reference_next(&rest, '\n', &line));
	ensure(reference_matches(line, "^HTTP/1[.]1 [1-5][0-9][0-9] [A-Za-z ]+\r$"));
	while (reference_next(&rest, '\n', &line))
		ensure(line.len == 0 || is_header_line(line));
}

/* Take the next answer off `rest`. False: nothing is left. */
static bool next_answer(struct span *rest, bool to_head, struct answer *ret_answer)
{
	if (!rest->len)
		return false;
	const char *end = memmem(rest->base, rest->len, "\r\n\r\n", 4);
	ensure(end && rest->len > 12);
	size_t head_len = (size_t)(end - rest->base) + 4;
	struct answer answer = {.head = span_from(rest->base, head_len - 2)};
	answer.status = (int)strtol(rest->base + 9, NULL, 10);
	check_lines(&answer);
	long len = number(&answer, SPAN("Content-Length"));
	ensure(answer.status == 100 ? len < 0 : len >= 0);
	if (to_head || answer.status == 304 || answer.status == 100)
		len = 0;
	ensure(rest->len - head_len >= (size_t)len);
	answer.body = span_from(rest->base + head_len, (size_t)len);
	answer.closes = span_equal(header(&answer, SPAN("Connection")), SPAN("close"));
	*rest = span_from(rest->base + head_len + len, rest->len - head_len - (size_t)len);
	*ret_answer = answer;
	return true;
}

/* The next one that is not "100 Continue". */
static bool next_final_answer(struct span *rest, bool to_head, struct answer *ret_answer)
{
	bool found = false;
	do {
		found = next_answer(rest, to_head, ret_answer);
	} while (found && ret_answer->status == 100);
	return found;
}

/* ---- what is said */

static void check_same(const json_t *told, const char *name, struct span text)
{
	const json_t *value = json_object_get(told, name);
	ensure(text.base
			? span_equal(span_from(json_string_value(value), json_string_length(value)),
				  text)
			: value == NULL);
}

static void check_told_contact(const json_t *told, const struct contact *contact)
{
	check_same(told, "name", contact->name);
	check_same(told, "email", contact->email);
	check_same(told, "phone", contact->phone);
}

static void check_list(const json_t *root, const struct exchange *exchange)
{
	const json_t *contacts = json_object_get(root, "contacts");
	ensure(json_integer_value(json_object_get(root, "count")) ==
		(json_int_t)exchange->event_count);
	ensure(json_array_size(contacts) == exchange->event_count);
	for (size_t i = 0; i < exchange->event_count; i++) {
		const json_t *told = json_array_get(contacts, i);
		const struct trial_event *event = &exchange->events[i];
		ensure(is_text(json_object_get(told, "id"), event->id));
		check_told_contact(told, &event->contact);
		ensure(json_object_size(told) == (event->contact.phone.base ? 4 : 3));
	}
}

static void check_one(const json_t *root, const struct exchange *exchange)
{
	const json_t *contact = json_object_get(root, "contact");
	ensure(exchange->event_count == 1);
	ensure(is_text(json_object_get(root, "id"), exchange->events->id));
	check_told_contact(contact, &exchange->events->contact);
	ensure(json_object_size(contact) == (exchange->events->contact.phone.base ? 3 : 2));
}

static void check_warnings(const json_t *warnings)
{
	size_t i;
	json_t *warning;
	ensure(json_is_array(warnings));
	json_array_foreach(warnings, i, warning)
	{
		ensure(json_string_length(warning) > 0);
		ensure(!strstr(json_string_value(warning), TRIAL_MARKER));
		ensure(!strstr(json_string_value(warning), "sk_"));
	}
}

/* Contract section 0: 202 means stored. */
static void check_accepted(
	const struct answer *answer, const json_t *root, const struct exchange *exchange)
{
	ensure(exchange->is_produced && exchange->kafka_verdict == OK);
	ensure(json_is_true(json_object_get(root, "success")));
	ensure(is_text(json_object_get(root, "status"), "accepted"));
	check_warnings(json_object_get(root, "warnings"));
	if (json_object_get(root, "contacts"))
		check_list(root, exchange);
	else
		check_one(root, exchange);
	ensure(json_object_size(root) == 5);
	ensure(!reference_holds(answer->head, SPAN(TRIAL_MARKER)));
}

static bool is_in_contract(const json_t *slug, int status)
{
	for (size_t i = 0; i < sizeof(slugs) / sizeof(*slugs); i++) {
		if (is_text(slug, slugs[i].text))
			return slugs[i].status == status;
	}
	return false;
}

/* A refusal says how far the request came. */
static void check_reason(const json_t *slug, const struct exchange *exchange)
{
	static const struct {
		enum error error;
		const char *slug;
	} reasons[] = {
		{E_INVALID_API_KEY, "invalid_api_key"},
		{E_KEYS_UNAVAILABLE, "keys_unavailable"},
		{E_NOT_STORED, "not_stored"},
		{E_MAYBE_STORED, "maybe_stored"},
		{E_OVERLOADED, "overloaded"},
	};
	enum error error = exchange->is_produced ? exchange->kafka_verdict : exchange->key_verdict;
	ensure(!exchange->is_produced || error != OK);
	for (size_t i = 0; error && i < sizeof(reasons) / sizeof(*reasons); i++) {
		if (reasons[i].error == error)
			ensure(is_text(slug, reasons[i].slug));
	}
	ensure(!is_text(slug, "not_found") || !exchange->is_webhook);
	ensure(!is_text(slug, "rate_limited") || exchange->key_verdict == OK);
}

/* The values of a body are never echoed; names of members only behind those words. */
static void check_no_echo(
	const struct answer *answer, const json_t *root, const struct exchange *exchange)
{
	static const char names[] = "Fields received: ";
	const char *message = json_string_value(json_object_get(root, "message"));
	const char *told = strstr(message, names);
	size_t before = told ? (size_t)(told - message) : strlen(message);
	bool echoed = reference_holds(answer->body, SPAN(TRIAL_MARKER));
	ensure(!reference_holds(answer->head, SPAN(TRIAL_MARKER)));
	ensure(!echoed || (exchange->may_echo_names && told));
	ensure(!reference_holds(span_from(message, before), SPAN(TRIAL_MARKER)));
	if (!echoed)
		return;
	char *members = json_dumps(json_object_get(root, "fieldErrors"), 0);
	char *issues = json_dumps(json_object_get(root, "issues"), 0);
	ensure(!strstr(members, TRIAL_MARKER) && !strstr(issues, TRIAL_MARKER));
	free(members);
	free(issues);
}

static void check_refused_headers(const struct answer *answer, const json_t *root)
{
	struct span id = header(answer, SPAN("X-Request-Id"));
	const json_t *told = json_object_get(root, "request_id");
	ensure(span_equal(id, span_from(json_string_value(told), json_string_length(told))));
	ensure((answer->status == 401) == has_header(answer, SPAN("WWW-Authenticate")));
	ensure((answer->status == 405) == has_header(answer, SPAN("Allow")));
	if (answer->status == 429 || answer->status == 503)
		ensure(number(answer, SPAN("Retry-After")) >= 1);
	else
		ensure(!has_header(answer, SPAN("Retry-After")));
	if (answer->status == 429)
		ensure(number(answer, SPAN("Retry-After")) ==
			json_integer_value(json_object_get(root, "retry_after")));
}

static void check_refused(
	const struct answer *answer, const json_t *root, const struct exchange *exchange)
{
	const json_t *slug = json_object_get(root, "error");
	bool invalid = is_text(slug, "validation_failed");
	size_t members = 5U + (invalid ? 2U : 0U) + (answer->status == 429 ? 1U : 0U);
	ensure(json_is_false(json_object_get(root, "success")));
	ensure(json_string_length(json_object_get(root, "message")) > 0);
	ensure(json_integer_value(json_object_get(root, "status")) == answer->status);
	ensure(is_in_contract(slug, answer->status));
	ensure(json_object_size(root) == members);
	if (invalid) {
		ensure(json_object_size(json_object_get(root, "fieldErrors")) > 0);
		ensure(json_array_size(json_object_get(root, "issues")) > 0);
	}
	check_reason(slug, exchange);
	check_refused_headers(answer, root);
	check_no_echo(answer, root, exchange);
	ensure(!is_text(slug, "bad_request") || answer->closes);
}

static void check_webhook_headers(const struct answer *answer, const struct exchange *exchange)
{
	struct span id = header(answer, SPAN("X-Request-Id"));
	struct uuid uuid;
	bool limited = exchange->is_key_asked && exchange->key_verdict == OK;
	ensure(uuid_parse(id, &uuid));
	ensure(span_equal(header(answer, SPAN("Content-Type")), SPAN("application/json")));
	ensure(span_equal(header(answer, SPAN("Cache-Control")), SPAN("no-store")));
	ensure(span_equal(header(answer, SPAN("X-Content-Type-Options")), SPAN("nosniff")));
	ensure(has_header(answer, SPAN("Date")));
	ensure((number(answer, SPAN("X-RateLimit-Limit")) > 0) == limited);
	ensure((number(answer, SPAN("X-RateLimit-Remaining")) >= 0) == limited);
	ensure((number(answer, SPAN("X-RateLimit-Reset")) > 0) == limited);
	ensure(has_header(answer, SPAN("RateLimit")) == limited);
	ensure(has_header(answer, SPAN("RateLimit-Policy")) == limited);
}

static json_t *parse(struct span body)
{
	json_t *root = json_loadb(body.base, body.len, JSON_REJECT_DUPLICATES, NULL);
	ensure(json_is_object(root));
	return root;
}

/* A key comes back as a contact's name at the most. */
static void check_no_key(const struct answer *answer, const struct exchange *exchange)
{
	static const struct span keys[] = {{TRIAL_KEY, API_KEY_LEN},
		{TRIAL_KEY_LIMITED, API_KEY_LEN}, {TRIAL_KEY_AWAY, API_KEY_LEN},
		{TRIAL_KEY_UNKNOWN, API_KEY_LEN}};
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		bool named = false;
		for (size_t k = 0; k < exchange->event_count; k++)
			named = named || reference_holds(exchange->events[k].contact.name, keys[i]);
		ensure(!reference_holds(answer->head, keys[i]));
		ensure(!reference_holds(answer->body, keys[i]) || named);
	}
}

static void check_webhook(const struct answer *answer, const struct exchange *exchange)
{
	bool accepted = exchange->is_produced && exchange->kafka_verdict == OK;
	ensure((answer->status == 202) == accepted);
	check_webhook_headers(answer, exchange);
	check_no_key(answer, exchange);
	if (exchange->method == METHOD_HEAD)
		return;
	json_t *root = parse(answer->body);
	if (answer->status == 202)
		check_accepted(answer, root, exchange);
	else
		check_refused(answer, root, exchange);
	json_decref(root);
}

static void check_openapi(
	const struct answer *answer, const struct exchange *exchange, struct span document)
{
	ensure(answer->status == 200 || answer->status == 304 || answer->status == 405);
	ensure((answer->status == 405) ==
		(exchange->method != METHOD_GET && exchange->method != METHOD_HEAD));
	if (answer->status == 200 && exchange->method == METHOD_GET)
		ensure(span_equal(answer->body, document));
	if (answer->status == 405)
		json_decref(parse(answer->body));
}

/* Quotes that a sender chose are escaped, so this is no echo. */
static bool refuses_as(const struct answer *answer, const char *slug)
{
	char member[64];
	(void)snprintf(member, sizeof(member), "\"error\":\"%s\"", slug);
	return reference_holds(answer->body, span_of(member));
}

/* Three fields that were sent as JSON: what became of them is what their rules say. */
static void check_expected(const struct trial *trial, const struct answer *answer)
{
	const struct exchange *exchange = &trial->exchanges[0];
	const struct contact *contact = &trial->expected;
	static const char *const elsewhere[] = {
		"invalid_json", "invalid_utf8", "empty_body", "too_many_contacts", "bad_request"};
	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(*elsewhere); i++)
		ensure(!refuses_as(answer, elsewhere[i]));
	ensure(!trial->is_expected_valid || !refuses_as(answer, "validation_failed"));
	if (!exchange->is_produced)
		return;
	ensure(trial->is_expected_valid && exchange->event_count == 1);
	ensure(span_equal(exchange->events->contact.name, contact->name));
	ensure(span_equal(exchange->events->contact.email, contact->email));
	ensure(span_equal(exchange->events->contact.phone, contact->phone));
}

void answers_check(const struct trial *trial, struct span sent, struct span openapi_document)
{
	struct answer answer = {.closes = false};
	struct span rest = sent;
	for (size_t i = 0; i < trial->exchange_count; i++) {
		const struct exchange *exchange = &trial->exchanges[i];
		bool to_head = exchange->method == METHOD_HEAD;
		ensure(!answer.closes);
		if (!next_final_answer(&rest, to_head, &answer)) {
			ensure(exchange->is_gone && i + 1 == trial->exchange_count);
			break;
		}
		ensure(!exchange->is_gone);
		if (exchange->is_openapi)
			check_openapi(&answer, exchange, openapi_document);
		else
			check_webhook(&answer, exchange);
		if (i == 0 && trial->is_expected)
			check_expected(trial, &answer);
	}
	ensure(!rest.len); /* nothing but the answers */
}

void answers_statuses(const struct trial *trial, struct span sent, struct buf *out)
{
	struct answer answer;
	struct span rest = sent;
	for (size_t i = 0; i < trial->exchange_count; i++) {
		bool to_head = trial->exchanges[i].method == METHOD_HEAD;
		if (next_final_answer(&rest, to_head, &answer))
			buf_printf(out, "%d ", answer.status);
	}
}
