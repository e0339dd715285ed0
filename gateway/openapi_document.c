/* SPDX-License-Identifier: Apache-2.0 */
/*
 * openapi_document - makes the document: gateway/openapi.json.in with its holes filled.
 *
 * A hole is written ${NAME}. What it stands for comes from the tables and limits that the code goes by,
 * so that the document cannot fall behind them.
 */
#include "gateway/body.h"
#include "gateway/limit.h"
#include "gateway/openapi.h"
#include "gateway/openapi_json.h"
#include "gateway/reply.h"
#include "shared/contact.h"
#include "shared/ensure.h"

/*
 * Classes of characters, as they stand within [] of a pattern in JSON.
 *
 * The limits count UTF-16 code units, which patterns cannot. So a text keeps one of two patterns: one of
 * half the length, where any character may take two units; and one of the whole length, of characters
 * below U+0800 (Latin, Greek, Cyrillic, Hebrew, Arabic ...), which take one. That is a little stricter
 * than the gateway. Longer ranges of one unit would be closer, and make tools that generate texts slow.
 */
/* What String.prototype.trim takes off. */
#define SPACE                                                                                      \
	"\\\\u0009-\\\\u000d\\\\u0020\\\\u00a0\\\\u1680\\\\u2000-\\\\u200a\\\\u2028\\\\u2029"      \
	"\\\\u202f\\\\u205f\\\\u3000\\\\ufeff"
/* Of one unit, neither space nor control. */
#define INK "\\\\u0021-\\\\u007e\\\\u00a1-\\\\u07ff"
/* Of one unit, what may stand within a text. */
#define TEXT "\\\\u0009\\\\u000a\\\\u000d\\\\u0020-\\\\u007e\\\\u00a0-\\\\u07ff"
#define CONTROL "\\\\u0000-\\\\u001f\\\\u007f-\\\\u009f"
/* Without line ends and tabs. */
#define CONTROL_WITHIN "\\\\u0000-\\\\u0008\\\\u000b\\\\u000c\\\\u000e-\\\\u001f\\\\u007f-\\\\u009f"

enum { EDGES = 2 /* a text's first and last character have a class of their own */ };

/* ---- headers */

struct header_row {
	const char *name;
	const char *schema; /* JSON */
	const char *description;
};

static const struct header_row answer_headers[] = {
	{"X-Request-Id", "{\"type\":\"string\",\"format\":\"uuid\"}",
		"Names this answer; tell it when you ask for help."},
	{"Cache-Control", "{\"const\":\"no-store\"}", "No answer is to be kept."},
	{"X-Content-Type-Options", "{\"const\":\"nosniff\"}", "The answer is JSON, no page."},
};

static const struct header_row limit_headers[] = {
	{"X-RateLimit-Limit", "{\"type\":\"integer\",\"minimum\":1}",
		"Requests that the key may make in a window."},
	{"X-RateLimit-Remaining", "{\"type\":\"integer\",\"minimum\":0}", "Those that are left."},
	{"X-RateLimit-Reset", "{\"type\":\"integer\",\"minimum\":1}",
		"When the present window ends: seconds since 1970."},
	{"RateLimit-Policy",
		"{\"type\":\"string\",\"pattern\":\"^\\\"per-key\\\";q=[0-9]+;w=[0-9]+$\"}",
		"Requests (q) in a window of seconds (w)."},
	{"RateLimit", "{\"type\":\"string\",\"pattern\":\"^\\\"per-key\\\";r=[0-9]+;t=[0-9]+$\"}",
		"Requests left (r), seconds until the window ends (t)."},
};

static const struct header_row retry_after = {"Retry-After", "{\"type\":\"integer\",\"minimum\":1}",
	"Seconds to wait before the next request."};
static const struct header_row allow = {
	"Allow", "{\"const\":\"POST\"}", "The method that is taken."};
static const struct header_row authenticate = {
	"WWW-Authenticate", "{\"type\":\"string\"}", "A key may also come as a bearer token."};

static void write_header(struct buf *out, const struct header_row *row, bool always)
{
	if (out->base[out->len - 1] != '{')
		buf_add_char(out, ',');
	buf_printf(out, "\"%s\":{\"required\":%s,\"schema\":%s,\"description\":", row->name,
		always ? "true" : "false", row->schema);
	buf_add_json(out, span_of(row->description));
	buf_add_char(out, '}');
}

/* What is refused before the limit is looked at cannot tell it. */
static bool comes_before_limit(int status)
{
	return status == 401 || status == 405 || status == 431;
}

static void write_headers(struct buf *out, int status)
{
	bool counted = status == 202 || status == 429;
	size_t limit_count = sizeof(limit_headers) / sizeof(*limit_headers);
	for (size_t i = 0; i < sizeof(answer_headers) / sizeof(*answer_headers); i++)
		write_header(out, &answer_headers[i], true);
	for (size_t i = 0; i < limit_count && !comes_before_limit(status); i++)
		write_header(out, &limit_headers[i], counted);
	if (status == 401)
		write_header(out, &authenticate, true);
	if (status == 405)
		write_header(out, &allow, true);
	if (status == 429 || status == 503)
		write_header(out, &retry_after, true);
}

/* ---- refusals */

/* The refusals of a status in turn, E_NOT_FOUND left out: the webhook never says it. */
static const struct refusal *next_refusal(int status, enum error *after)
{
	for (enum error error = *after + 1; error < ERROR_COUNT; error++) {
		const struct refusal *refusal = reply_refusal(error);
		if (refusal && refusal->status == status && error != E_NOT_FOUND) {
			*after = error;
			return refusal;
		}
	}
	return NULL;
}

/* As a Markdown list: `name`: sentence. */
static void write_description(struct buf *out, int status)
{
	struct buf text = {0};
	const struct refusal *refusal;
	enum error error = OK;
	while ((refusal = next_refusal(status, &error)))
		buf_printf(&text, "%s- `%s`: %s", text.len ? "\n" : "", refusal->slug,
			refusal->message);
	buf_add_json(out, buf_span(&text));
	buf_fini(&text);
}

static void write_slugs(struct buf *out, int status)
{
	const struct refusal *refusal;
	enum error error = OK;
	for (bool first = true; (refusal = next_refusal(status, &error)); first = false)
		buf_printf(out, "%s\"%s\"", first ? "" : ",", refusal->slug);
}

static void write_refusal(struct buf *out, int status)
{
	buf_printf(out, "\"%d\":{\"description\":", status);
	write_description(out, status);
	buf_add_text(out, ",\"headers\":{");
	write_headers(out, status);
	buf_printf(out,
		"},\"content\":{\"application/json\":{\"schema\":{\"$ref\":\"#/components/schemas/"
		"Refusal\",\"properties\":{\"status\":{\"const\":%d},\"error\":{\"enum\":[",
		status);
	write_slugs(out, status);
	buf_add_text(out, "]}}}}}}");
}

/* ---- holes */

static void write_refusals(const struct gateway_settings *settings, struct buf *out)
{
	bool first = true;
	(void)settings;
	for (int status = 400; status < 600; status++) {
		enum error error = OK;
		if (!next_refusal(status, &error))
			continue;
		buf_add_text(out, first ? "" : ",\n          ");
		write_refusal(out, status);
		first = false;
	}
}

static void write_accepted_headers(const struct gateway_settings *settings, struct buf *out)
{
	(void)settings;
	write_headers(out, 202);
}

/* Without an address of its own: where the document was found. */
static void write_server(const struct gateway_settings *settings, struct buf *out)
{
	const char *url = settings->public_url;
	buf_add_json(out, span_of(url && *url ? url : "/"));
}

static void write_body_bytes(const struct gateway_settings *settings, struct buf *out)
{
	buf_add_int(out, settings->max_body_bytes);
}

static void write_requests(const struct gateway_settings *settings, struct buf *out)
{
	buf_add_int(out, settings->requests_per_minute);
}

/* One of text, write and, without those, number. */
static const struct hole {
	const char *name;
	const char *text;
	void (*write)(const struct gateway_settings *settings, struct buf *out);
	int64_t number;
} holes[] = {
	{.name = "ACCEPTED_HEADERS", .write = write_accepted_headers},
	{.name = "CONTACTS", .number = SUBMISSION_CONTACTS_MOST},
	{.name = "CONTROL", .text = CONTROL},
	{.name = "CONTROL_WITHIN", .text = CONTROL_WITHIN},
	{.name = "DOCUMENT_CACHING", .text = OPENAPI_CACHE_CONTROL},
	{.name = "DEPTH", .number = BODY_DEPTH_MOST},
	{.name = "EMAIL_BYTES", .number = CONTACT_EMAIL_BYTES},
	{.name = "INK", .text = INK},
	{.name = "MAX_BODY_BYTES", .write = write_body_bytes},
	{.name = "MEMBERS", .number = BODY_MEMBERS_MOST},
	{.name = "NAME_PAIRS_WITHIN", .number = CONTACT_NAME_UNITS / 2 - EDGES},
	{.name = "NAME_UNITS", .number = CONTACT_NAME_UNITS},
	{.name = "NAME_UNITS_WITHIN", .number = CONTACT_NAME_UNITS - EDGES},
	{.name = "PHONE_PAIRS_WITHIN", .number = CONTACT_PHONE_UNITS / 2 - EDGES},
	{.name = "PHONE_UNITS", .number = CONTACT_PHONE_UNITS},
	{.name = "PHONE_UNITS_WITHIN", .number = CONTACT_PHONE_UNITS - EDGES},
	{.name = "REFUSALS", .write = write_refusals},
	{.name = "REQUESTS_PER_MINUTE", .write = write_requests},
	{.name = "SERVER", .write = write_server},
	{.name = "SPACE", .text = SPACE},
	{.name = "TEXT", .text = TEXT},
	{.name = "VALUES", .number = BODY_VALUES_MOST},
	{.name = "VERSION", .text = INTAKE_VERSION},
	{.name = "WINDOW_S", .number = LIMIT_WINDOW_MS / 1000},
};

static void fill(struct span name, const struct gateway_settings *settings, struct buf *out)
{
	const struct hole *hole = NULL;
	for (size_t i = 0; i < sizeof(holes) / sizeof(*holes) && !hole; i++) {
		if (span_equal(name, span_of(holes[i].name)))
			hole = &holes[i];
	}
	ensure(hole);
	if (hole->write)
		hole->write(settings, out);
	else if (hole->text)
		buf_add_text(out, hole->text);
	else
		buf_add_int(out, hole->number);
}

void openapi_write(const struct gateway_settings *settings, struct buf *out)
{
	const char *at = openapi_json;
	for (const char *hole; (hole = strstr(at, "${"));) {
		const char *end = strchr(hole, '}');
		ensure(end);
		buf_add(out, span_from(at, (size_t)(hole - at)));
		fill(span_from(hole + 2, (size_t)(end - hole - 2)), settings, out);
		at = end + 1;
	}
	buf_add_text(out, at);
}
