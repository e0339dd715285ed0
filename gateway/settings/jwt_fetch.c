/* SPDX-License-Identifier: Apache-2.0 */
/* jwt_fetch - a small document from a URL, within bounds. */
#include "gateway/settings/jwt_fetch.h"

#include <curl/curl.h>
#include <stdlib.h>

static size_t take(char *bytes, size_t size, size_t count, void *user)
{
	struct buf *out = user;
	size_t len = size * count;
	if (out->len + len > JWT_KEYS_BYTES)
		return 0; /* ends the transfer */
	buf_add(out, span_from(bytes, len));
	return len;
}

static CURLcode perform(CURL *curl, const char *url, struct buf *out, long *ret_status)
{
	CURLcode code = CURLE_OK;
	const struct {
		CURLoption option;
		long value;
	} numbers[] = {
		{CURLOPT_FOLLOWLOCATION, 0},
		{CURLOPT_NOSIGNAL, 1},
		{CURLOPT_TIMEOUT_MS, JWT_KEYS_WAIT_MS},
		{CURLOPT_CONNECTTIMEOUT_MS, JWT_KEYS_WAIT_MS / 2},
	};
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers) && !code; i++)
		code = curl_easy_setopt(curl, numbers[i].option, numbers[i].value);
	/* As all else that speaks TLS here; libcurl alone asks the system only. */
	const char *certificates = getenv("SSL_CERT_FILE");
	if (!code && certificates && *certificates)
		code = curl_easy_setopt(curl, CURLOPT_CAINFO, certificates);
	if (!code)
		code = curl_easy_setopt(curl, CURLOPT_URL, url);
	if (!code)
		code = curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https,http");
	if (!code)
		code = curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	if (!code)
		code = curl_easy_setopt(curl, CURLOPT_WRITEDATA, out);
	if (!code)
		code = curl_easy_perform(curl);
	if (!code)
		code = curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_status);
	return code;
}

enum error jwt_fetch(const char *url, struct buf *out, struct failure *failure)
{
	long status = 0;
	CURL *curl = curl_easy_init();
	if (!curl)
		return failure_set(failure, E_TIMEOUT, "there is no memory for a transfer");
	CURLcode code = perform(curl, url, out, &status);
	curl_easy_cleanup(curl);
	if (code)
		return failure_set(failure, E_TIMEOUT, "%s", curl_easy_strerror(code));
	if (status != 200)
		return failure_set(failure, E_TIMEOUT, "answered with status %ld", status);
	return OK;
}
