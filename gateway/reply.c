/* SPDX-License-Identifier: Apache-2.0 */
/* reply - the answer: 202, or an error that says what to change. */
#include "gateway/reply.h"

#include <sodium.h>

#include "gateway/issues.h"
#include "gateway/metrics.h"
#include "gateway/pipeline.h"
#include "shared/clock.h"
#include "shared/ensure.h"

enum {
	RETRY_LEAST_S = 1, /* Retry-After of a 503, by chance: senders are not to return together */
	RETRY_MOST_S = 5,
	SENDER_ID_BYTES = 64, /* of a sender's X-Request-Id; a longer one is not logged */
};

static const struct refusal refusals[ERROR_COUNT] = {
	[E_BAD_REQUEST] = {400, "bad_request", METRIC_REQUESTS_BAD_REQUEST,
		"This is not a valid HTTP/1.1 request."},
	[E_EMPTY_BODY] = {400, "empty_body", METRIC_REQUESTS_EMPTY_BODY,
		"The body is empty. Send a JSON object or a form with name and email."},
	[E_INVALID_JSON] = {400, "invalid_json", METRIC_REQUESTS_INVALID_JSON,
		"The body is not valid JSON."},
	[E_INVALID_UTF8] = {400, "invalid_utf8", METRIC_REQUESTS_INVALID_UTF8,
		"The body is not UTF-8. Encode it as UTF-8 (Windows PowerShell: add -ContentType "
		"'application/json; charset=utf-8')."},
	[E_VALIDATION_FAILED] = {400, "validation_failed", METRIC_REQUESTS_VALIDATION_FAILED,
		"The contact is not valid."},
	[E_TOO_MANY_CONTACTS] = {400, "too_many_contacts", METRIC_REQUESTS_TOO_MANY_CONTACTS,
		"The body holds too many contacts."},
	[E_CONFLICTING_KEYS] = {400, "conflicting_keys", METRIC_REQUESTS_CONFLICTING_KEYS,
		"The request carries two different keys. Send one, in x-api-key."},
	[E_MISSING_API_KEY] = {401, "missing_api_key", METRIC_REQUESTS_MISSING_API_KEY,
		"The request carries no key. Send it in the x-api-key header."},
	[E_INVALID_API_KEY] = {401, "invalid_api_key", METRIC_REQUESTS_INVALID_API_KEY,
		"The key is not valid. Copy it again, whole, or generate a new one on the settings "
		"page."},
	[E_NOT_FOUND] = {404, "not_found", METRIC_REQUESTS_NOT_FOUND, "There is nothing here."},
	[E_METHOD_NOT_ALLOWED] = {405, "method_not_allowed", METRIC_REQUESTS_METHOD_NOT_ALLOWED,
		"This address takes contacts by POST. It works; it has nothing to show in a "
		"browser. "
		"Paste it into Zapier, Make, n8n or your own program."},
	[E_REQUEST_TIMEOUT] = {408, "request_timeout", METRIC_REQUESTS_REQUEST_TIMEOUT,
		"The request did not arrive in time. Send it again."},
	[E_BODY_TOO_LARGE] = {413, "body_too_large", METRIC_REQUESTS_BODY_TOO_LARGE,
		"The body is too large. Send fewer or shorter fields."},
	[E_UNSUPPORTED_MEDIA_TYPE] = {415, "unsupported_media_type",
		METRIC_REQUESTS_UNSUPPORTED_MEDIA_TYPE,
		"Bodies of this type are not taken. Send the contact as a JSON object or as a "
		"form."},
	[E_HEADERS_TOO_LARGE] = {431, "headers_too_large", METRIC_REQUESTS_HEADERS_TOO_LARGE,
		"The headers are too large: 16 KiB and 100 lines at most."},
	[E_RATE_LIMITED] = {429, "rate_limited", METRIC_REQUESTS_RATE_LIMITED,
		"Too many requests with this key. Wait as long as Retry-After says."},
	[E_NOT_STORED] = {503, "not_stored", METRIC_REQUESTS_NOT_STORED,
		"Nothing was stored. Send it again."},
	[E_MAYBE_STORED] = {503, "maybe_stored", METRIC_REQUESTS_MAYBE_STORED,
		"It may or may not have been stored. Send it again: that is safe, it makes no "
		"second contact."},
	[E_OVERLOADED] = {503, "overloaded", METRIC_REQUESTS_OVERLOADED,
		"There is too much to do right now. Nothing was stored. Send it again later."},
	[E_KEYS_UNAVAILABLE] = {503, "keys_unavailable", METRIC_REQUESTS_KEYS_UNAVAILABLE,
		"The key could not be checked right now. Nothing was stored. Send it again."},
};

const struct refusal *reply_refusal(enum error error)
{
	ensure(error < ERROR_COUNT);
	return refusals[error].slug ? &refusals[error] : NULL;
}

/* Anything that is in no row is ours: nothing was stored, and the sender should come again. */
static const struct refusal *refusal_of(enum error error)
{
	const struct refusal *refusal = reply_refusal(error);
	return refusal ? refusal : &refusals[E_NOT_STORED];
}

static void add_header(struct buf *headers, struct span name, int64_t value)
{
	buf_add(headers, name);
	buf_add_int(headers, value);
	buf_add(headers, SPAN("\r\n"));
}

static int64_t seconds_up(int64_t ms)
{
	return (ms + 999) / 1000;
}

static void add_limit_headers(struct buf *headers, const struct submission *submission)
{
	const struct limit_verdict *limit = &submission->limit;
	int64_t left_ms = limit->reset_ms - clock_wall_ms(); /* the answer may be late */
	int64_t window_s = LIMIT_WINDOW_MS / 1000;
	if (limit->limit == 0)
		return; /* refused before the limit was looked at */
	add_header(headers, SPAN("X-RateLimit-Limit: "), limit->limit);
	add_header(headers, SPAN("X-RateLimit-Remaining: "), limit->remaining);
	add_header(headers, SPAN("X-RateLimit-Reset: "), seconds_up(limit->reset_ms));
	buf_add(headers, SPAN("RateLimit-Policy: \"per-key\";q="));
	buf_add_int(headers, limit->limit);
	add_header(headers, SPAN(";w="), window_s);
	buf_add(headers, SPAN("RateLimit: \"per-key\";r="));
	buf_add_int(headers, limit->remaining);
	add_header(headers, SPAN(";t="), left_ms > 0 ? seconds_up(left_ms) : 0);
}

static void begin_common_headers(struct buf *headers, const char *request_id)
{
	buf_clear(headers);
	buf_add(headers, SPAN("Content-Type: application/json\r\nX-Request-Id: "));
	buf_add(headers, span_from(request_id, UUID_TEXT_LEN));
	buf_add(headers,
		SPAN("\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"));
}

/* Returns the request's id as text, in `out`. */
static struct span begin_headers(struct submission *submission, char out[static UUID_TEXT_LEN + 1])
{
	struct buf *headers = &submission->pipeline->headers;
	uuid_format(out, &submission->request_id);
	begin_common_headers(headers, out);
	add_limit_headers(headers, submission);
	return span_from(out, UUID_TEXT_LEN);
}

static void send_answer(struct submission *submission, int status, bool close_behind)
{
	struct pipeline *pipeline = submission->pipeline;
	const struct http_response response = {
		.status = status,
		.headers = buf_span(&pipeline->headers),
		.body = buf_span(&pipeline->body),
		.close = close_behind,
	};
	http_answer(submission->request, &response);
}

static void add_member(struct buf *body, struct span name, struct span value)
{
	buf_add(body, name);
	buf_add_json(body, value);
}

static void add_warnings(struct buf *body, const struct submission *submission)
{
	char until[CLOCK_RFC3339_BYTES];
	int64_t expires_ms = submission->lookup.grant.expires_ms;
	buf_add(body, SPAN(",\"warnings\":["));
	if (expires_ms > 0) {
		clock_rfc3339(until, expires_ms);
		buf_printf(body,
			"\"This key was replaced and stops working at %s. Use the new one.\"",
			until);
	}
	for (size_t i = 0; i < submission->warning_count; i++) {
		buf_add_text(body, i || expires_ms > 0 ? "," : "");
		buf_add_json(body, submission->warnings[i]);
	}
	buf_add_char(body, ']');
}

static void add_contact(struct buf *body, const struct contact *contact)
{
	add_member(body, SPAN("\"name\":"), contact->name);
	add_member(body, SPAN(",\"email\":"), contact->email);
	if (contact->phone.base)
		add_member(body, SPAN(",\"phone\":"), contact->phone);
}

static void add_event_id(struct buf *body, const struct event *event)
{
	char text[UUID_TEXT_LEN + 1];
	uuid_format(text, &event->id);
	buf_add(body, SPAN("\"id\":\""));
	buf_add(body, span_from(text, UUID_TEXT_LEN));
	buf_add_char(body, '"');
}

static void add_one(struct buf *body, const struct event *event)
{
	buf_add_char(body, ',');
	add_event_id(body, event);
	buf_add(body, SPAN(",\"contact\":{"));
	add_contact(body, &event->contact);
	buf_add_char(body, '}');
}

static void add_list(struct buf *body, const struct submission *submission)
{
	buf_add(body, SPAN(",\"count\":"));
	buf_add_int(body, (int64_t)submission->contact_count);
	buf_add(body, SPAN(",\"contacts\":["));
	for (size_t i = 0; i < submission->contact_count; i++) {
		const struct event *event = &submission->contacts[i].event;
		buf_add_text(body, i ? ",{" : "{");
		add_event_id(body, event);
		buf_add_char(body, ',');
		add_contact(body, &event->contact);
		buf_add_char(body, '}');
	}
	buf_add_char(body, ']');
}

void reply_accept(struct submission *submission)
{
	char request_id[UUID_TEXT_LEN + 1];
	struct buf *body = &submission->pipeline->body;
	(void)begin_headers(submission, request_id);
	buf_clear(body);
	buf_add(body, SPAN("{\"success\":true,\"status\":\"accepted\""));
	if (submission->is_list)
		add_list(body, submission);
	else
		add_one(body, &submission->contacts->event);
	add_warnings(body, submission);
	buf_add_char(body, '}');
	metric_add(METRIC_REQUESTS_ACCEPTED, 1);
	metric_add(METRIC_CONTACTS_ACCEPTED, submission->contact_count);
	metric_observe(METRIC_REQUEST_SECONDS,
		(double)(clock_steady_us() - submission->request->started_us) / 1e6);
	send_answer(submission, 202, false);
}

static void write_message(struct buf *body, const struct submission *submission, enum error error,
	const struct refusal *refusal)
{
	struct buf message = {0};
	if (error == E_VALIDATION_FAILED)
		issues_write_message(&message, submission);
	else if (error == E_BAD_REQUEST && submission->request->problem)
		buf_add_text(&message, submission->request->problem);
	else if (submission->failure.detail[0])
		buf_add_text(&message, submission->failure.detail);
	else
		buf_add_text(&message, refusal->message);
	buf_add_json(body, buf_span(&message));
	buf_fini(&message);
}

static int64_t later_s(void)
{
	return RETRY_LEAST_S + randombytes_uniform(RETRY_MOST_S - RETRY_LEAST_S + 1);
}

static int64_t retry_after_s(const struct submission *submission, const struct refusal *refusal)
{
	if (refusal->status == 429)
		return submission->limit.retry_after_s;
	return refusal->status == 503 ? later_s() : 0;
}

static void write_refusal(struct submission *submission, enum error error,
	const struct refusal *refusal, struct span request_id, int64_t retry_s)
{
	struct buf *body = &submission->pipeline->body;
	buf_clear(body);
	buf_add(body, SPAN("{\"success\":false,\"error\":\""));
	buf_add_text(body, refusal->slug);
	buf_add(body, SPAN("\",\"message\":"));
	write_message(body, submission, error, refusal);
	buf_add(body, SPAN(",\"status\":"));
	buf_add_int(body, refusal->status);
	if (error == E_VALIDATION_FAILED)
		issues_write_members(body, submission);
	if (error == E_RATE_LIMITED) {
		buf_add(body, SPAN(",\"retry_after\":"));
		buf_add_int(body, retry_s);
	}
	buf_add(body, SPAN(",\"request_id\":\""));
	buf_add(body, request_id);
	buf_add(body, SPAN("\"}"));
}

/* A sender's own X-Request-Id, where it is harmless in a log; else none. */
static struct span sender_request_id(const struct http_request *request)
{
	struct span id = http_header_find(request, SPAN("x-request-id"));
	if (id.len == 0 || id.len > SENDER_ID_BYTES)
		return SPAN("");
	for (size_t i = 0; i < id.len; i++) {
		char c = id.base[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		bool digit = c >= '0' && c <= '9';
		if (!letter && !digit && c != '-' && c != '_' && c != '.')
			return SPAN("");
	}
	return id;
}

static void log_refusal(
	struct submission *submission, const struct refusal *refusal, struct span request_id)
{
	struct pipeline *pipeline = submission->pipeline;
	bool ours = refusal->status >= 500;
	struct log_limit *limit = ours ? &pipeline->failures : &pipeline->refusals;
	int64_t suppressed = log_limit_take(limit, loop_now_ms(pipeline->loop));
	if (suppressed < 0)
		return;
	log_write(ours ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, "request.refused",
		LOG_FIELDS(log_text("error", refusal->slug), log_int("status", refusal->status),
			log_span("request_id", request_id),
			log_span("sender_request_id", sender_request_id(submission->request)),
			log_span("peer", http_peer(submission->request)),
			log_int("suppressed", suppressed)));
}

static void add_refusal_headers(struct buf *headers, const struct refusal *refusal, int64_t retry_s)
{
	if (refusal->status == 401)
		buf_add(headers, SPAN("WWW-Authenticate: Bearer realm=\"intake\"\r\n"));
	if (refusal->status == 405)
		buf_add(headers, SPAN("Allow: POST\r\n"));
	if (retry_s > 0)
		add_header(headers, SPAN("Retry-After: "), retry_s);
}

/* Behind these the bytes on the connection cannot be told apart any more, or are not worth reading. */
static bool closes(enum error error)
{
	return error == E_BAD_REQUEST || error == E_HEADERS_TOO_LARGE || error == E_REQUEST_TIMEOUT;
}

void reply_refuse(struct submission *submission, enum error error)
{
	char id_text[UUID_TEXT_LEN + 1];
	const struct refusal *refusal = refusal_of(error);
	ensure(error != OK && error != E_PENDING);
	struct span request_id = begin_headers(submission, id_text);
	int64_t retry_s = retry_after_s(submission, refusal);
	metric_add(error == E_CLIENT_GONE ? METRIC_REQUESTS_CLIENT_GONE : refusal->metric, 1);
	if (error != E_CLIENT_GONE)
		log_refusal(submission, refusal, request_id);
	add_refusal_headers(&submission->pipeline->headers, refusal, retry_s);
	write_refusal(submission, error, refusal, request_id, retry_s);
	send_answer(submission, refusal->status, closes(error));
}

void reply_refuse_connection(struct pipeline *pipeline, struct http_response *ret_response)
{
	const struct refusal *refusal = &refusals[E_OVERLOADED];
	const struct uuid id = uuid7_new(clock_wall_ns());
	char id_text[UUID_TEXT_LEN + 1];
	struct buf *body = &pipeline->body;
	uuid_format(id_text, &id);
	begin_common_headers(&pipeline->headers, id_text);
	add_refusal_headers(&pipeline->headers, refusal, later_s());
	buf_clear(body);
	buf_printf(body,
		"{\"success\":false,\"error\":\"%s\",\"message\":\"There are too many connections, "
		"in all or from your address. Keep them open and use them again, or come back "
		"later.\",\"status\":%d,\"request_id\":\"%s\"}",
		refusal->slug, refusal->status, id_text);
	*ret_response = (struct http_response){
		.status = refusal->status,
		.headers = buf_span(&pipeline->headers),
		.body = buf_span(body),
	};
}
