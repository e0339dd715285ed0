/* SPDX-License-Identifier: Apache-2.0 */
/* headers - first step: is it a POST to the webhook, with its key where a key belongs? */
#include "gateway/submission.h"

#define WEBHOOK_PATH "/api/webhooks/contacts"

static bool is_webhook_path(struct span path)
{
	return span_equal(path, SPAN(WEBHOOK_PATH)) || span_equal(path, SPAN(WEBHOOK_PATH "/"));
}

static bool is_key_name(struct span name)
{
	static const struct span names[] = {
		SPAN("x-api-key"),
		SPAN("api-key"),
		SPAN("api_key"),
		SPAN("apikey"),
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (span_equal_nocase(name, names[i]))
			return true;
	}
	return false;
}

/* A parameter that is named like a key, or whose value begins like one of ours. */
static bool holds_key(struct span parameter)
{
	const char *equals = parameter.len ? memchr(parameter.base, '=', parameter.len) : NULL;
	if (!equals)
		return span_starts_nocase(parameter, SPAN("sk_"));
	struct span name = span_from(parameter.base, (size_t)(equals - parameter.base));
	struct span value = span_from(equals + 1, parameter.len - name.len - 1);
	return value.len > 0 && (is_key_name(name) || span_starts_nocase(value, SPAN("sk_")));
}

/* A whole key wherever it stands: "authorization=Bearer%20sk_...". */
static bool holds_whole_key(struct span text)
{
	static const struct span prefix = SPAN("sk_");
	while (text.len >= API_KEY_LEN) {
		const char *at = memmem(text.base, text.len, prefix.base, prefix.len);
		size_t left = at ? text.len - (size_t)(at - text.base) : 0;
		if (left < API_KEY_LEN)
			return false;
		if (api_key_is_well_formed(span_from(at, API_KEY_LEN)))
			return true;
		text = span_from(at + prefix.len, left - prefix.len);
	}
	return false;
}

static bool query_holds_key(struct span query)
{
	if (holds_whole_key(query))
		return true;
	while (query.len) {
		const char *end = memchr(query.base, '&', query.len);
		size_t len = end ? (size_t)(end - query.base) : query.len;
		if (holds_key(span_from(query.base, len)))
			return true;
		query = end ? span_from(end + 1, query.len - len - 1) : SPAN_NONE;
	}
	return false;
}

enum error headers_step(struct submission *submission)
{
	const struct http_request *request = submission->request;
	if (!is_webhook_path(request->path))
		return failure_set(&submission->failure, E_NOT_FOUND,
			"There is nothing here. Contacts are taken by POST " WEBHOOK_PATH ".");
	if (request->method != METHOD_POST)
		return E_METHOD_NOT_ALLOWED;
	if (query_holds_key(request->query))
		return failure_set(&submission->failure, E_MISSING_API_KEY,
			"The key belongs in the x-api-key header, not in the URL: URLs end up in "
			"logs. "
			"Regenerate this key, it may have been seen.");
	return OK;
}
