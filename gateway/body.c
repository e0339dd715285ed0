/* SPDX-License-Identifier: Apache-2.0 */
/*
 * body - is the body small enough and of a kind we take; read it; find out what it is.
 *
 * What a body is, its first byte decides, whatever the Content-Type says: `curl -d` labels JSON as a
 * form.
 */
#include "gateway/body.h"

#include "gateway/metrics.h"
#include "gateway/pipeline.h"
#include "shared/utf8.h"

static bool is_charset_taken(struct span content_type)
{
	static const struct span name = SPAN("charset=");
	for (size_t at = 0; at + name.len <= content_type.len; at++) {
		struct span rest = span_from(content_type.base + at, content_type.len - at);
		if (!span_starts_nocase(rest, name))
			continue;
		rest = span_from(rest.base + name.len, rest.len - name.len);
		if (rest.len && rest.base[0] == '"')
			rest = span_from(rest.base + 1, rest.len - 1);
		return span_starts_nocase(rest, SPAN("utf-8")) ||
		       span_starts_nocase(rest, SPAN("utf8")) ||
		       span_starts_nocase(rest, SPAN("us-ascii"));
	}
	return true;
}

enum error size_cap_step(struct submission *submission)
{
	const struct http_request *request = submission->request;
	int64_t most_bytes = submission->pipeline->config->gateway.max_body_bytes;
	struct span coding = http_header_find(request, SPAN("content-encoding"));
	if (request->content_length > (uint64_t)most_bytes)
		return E_BODY_TOO_LARGE;
	if (coding.len && !span_equal_nocase(coding, SPAN("identity")))
		return BODY_REFUSE(submission, E_UNSUPPORTED_MEDIA_TYPE,
			"Send the body without Content-Encoding: compressed bodies are not taken.");
	if (!is_charset_taken(http_header_find(request, SPAN("content-type"))))
		return BODY_REFUSE(submission, E_UNSUPPORTED_MEDIA_TYPE,
			"Send the body in UTF-8: the charset in Content-Type is another one.");
	return OK;
}

enum error read_body_step(struct submission *submission)
{
	enum error error = http_read_body(
		submission->request, (size_t)submission->pipeline->config->gateway.max_body_bytes);
	if (error == E_OVERLOADED)
		metric_add(METRIC_SHED_MEMORY, 1);
	return error;
}

/*
 * Without a byte order mark and leading white space (RFC 8259 sections 2 and 8.1). A file that was put
 * together may have two marks; nobody sees them.
 */
static struct span begin_of(struct span body)
{
	while (body.len >= 3 && memcmp(body.base, "\xef\xbb\xbf", 3) == 0)
		body = span_from(body.base + 3, body.len - 3);
	while (body.len && strchr(" \t\r\n", body.base[0]) && body.base[0])
		body = span_from(body.base + 1, body.len - 1);
	return body;
}

/* What Windows calls "Unicode": with a byte order mark, or known by its NULs. */
static bool is_utf16(struct span body)
{
	return body.len >= 2 &&
	       (memcmp(body.base, "\xff\xfe", 2) == 0 || memcmp(body.base, "\xfe\xff", 2) == 0 ||
		       (body.base[0] == '\0') != (body.base[1] == '\0'));
}

/* Returns: OK; E_INVALID_UTF8: it is no text that could be stored. */
static enum error check_encoding(struct submission *submission, struct span body)
{
	if (is_utf16(body))
		return BODY_REFUSE(submission, E_INVALID_UTF8,
			"The body is UTF-16 or UTF-32 (\"Unicode\" in Windows). Encode it as "
			"UTF-8.");
	if (!utf8_is_valid(body))
		return E_INVALID_UTF8;
	if (memchr(body.base, '\0', body.len))
		return BODY_REFUSE(submission, E_INVALID_UTF8,
			"The body holds a NUL byte, which no text has. Send plain UTF-8.");
	return OK;
}

static bool is_multipart(const struct http_request *request)
{
	return span_starts_nocase(
		http_header_find(request, SPAN("content-type")), SPAN("multipart/"));
}

enum error parse_body_step(struct submission *submission)
{
	struct span body = begin_of(submission->request->body);
	if (body.len == 0)
		return E_EMPTY_BODY;
	enum error error = check_encoding(submission, body);
	if (error)
		return error;
	switch (body.base[0]) {
	case '{':
	case '[':
		return body_parse_json(submission, body);
	case '<':
		return BODY_REFUSE(submission, E_UNSUPPORTED_MEDIA_TYPE,
			"XML and HTML are not taken: send the contact as a JSON object or as a "
			"form.");
	case '"':
		return BODY_REFUSE(submission, E_INVALID_JSON,
			"The body is one JSON text in quotes: it was made JSON twice. Send the "
			"object itself, beginning with {.");
	default:
		break;
	}
	if (body.base[0] == '-' && is_multipart(submission->request))
		return BODY_REFUSE(submission, E_UNSUPPORTED_MEDIA_TYPE,
			"Multipart bodies are not taken: send the contact as a JSON object or as "
			"an application/x-www-form-urlencoded form (curl: -d instead of -F).");
	return body_parse_form(submission, body);
}
