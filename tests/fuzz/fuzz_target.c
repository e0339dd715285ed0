/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_target - any path and query: what is not the webhook is refused, and so is a key in the query,
 * wherever in it; neither is told back.
 *
 * The first byte is the method.
 */
#include "gateway/submission.h"
#include "shared/ensure.h"
#include "tests/fuzz/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum error expected(const struct http_request *request)
{
	static const char path[] = "^/api/webhooks/contacts/?$";
	static const char key[] = "sk_[0-9a-f]{64}";
	if (!reference_matches(request->path, path))
		return E_NOT_FOUND;
	if (request->method != METHOD_POST)
		return E_METHOD_NOT_ALLOWED;
	return reference_matches(request->query, key) ? E_MISSING_API_KEY : OK;
}

static void check(const struct http_request *request, const struct submission *submission)
{
	static const struct span marker = SPAN("c4n4ry");
	enum error must = expected(request);
	enum error error = headers_step((struct submission *)submission);
	/* It takes more for a key than the reference does. */
	ensure(error == must || (must == OK && error == E_MISSING_API_KEY && request->query.len));
	ensure(!reference_holds(span_of(submission->failure.detail), marker));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct http_request request;
	struct submission submission = {.request = &request};
	if (size == 0)
		return 0;
	struct span target = span_from((const char *)data + 1, size - 1);
	request.method = data[0] % 2 ? METHOD_POST : (enum http_method)(data[0] / 2 % 4);
	request.query = SPAN_NONE;
	(void)reference_next(&target, '?', &request.path);
	request.query = target;
	check(&request, &submission);
	return 0;
}
