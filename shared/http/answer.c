/* SPDX-License-Identifier: Apache-2.0 */
/* answer - an answer's bytes: status line, headers, body. */
#include <time.h>

#include "shared/http/server.h"

static void refresh_date(struct http_server *server)
{
	time_t now = time(NULL);
	struct tm utc;
	if (now == server->date_s)
		return;
	server->date_s = now;
	(void)gmtime_r(&now, &utc);
	(void)strftime(server->date, sizeof(server->date), "%a, %d %b %Y %H:%M:%S GMT", &utc);
}

static const char *reason_phrase(int status)
{
	static const struct {
		int status;
		const char *phrase;
	} phrases[] = {
		{200, "OK"},
		{202, "Accepted"},
		{204, "No Content"},
		{303, "See Other"},
		{304, "Not Modified"},
		{400, "Bad Request"},
		{401, "Unauthorized"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{408, "Request Timeout"},
		{409, "Conflict"},
		{413, "Content Too Large"},
		{415, "Unsupported Media Type"},
		{429, "Too Many Requests"},
		{431, "Request Header Fields Too Large"},
		{500, "Internal Server Error"},
		{503, "Service Unavailable"},
	};
	for (size_t i = 0; i < sizeof(phrases) / sizeof(*phrases); i++) {
		if (phrases[i].status == status)
			return phrases[i].phrase;
	}
	return "Other";
}

void http_write_answer(struct http_server *server, const struct http_response *response,
	bool close_behind, bool with_body)
{
	struct buf *answer = &server->answer;
	refresh_date(server);
	buf_clear(answer);
	buf_add(answer, SPAN("HTTP/1.1 "));
	buf_add_int(answer, response->status);
	buf_add_char(answer, ' ');
	buf_add_text(answer, reason_phrase(response->status));
	buf_add(answer, SPAN("\r\nDate: "));
	buf_add_text(answer, server->date);
	buf_add(answer, SPAN("\r\nContent-Length: "));
	buf_add_int(answer, (int64_t)response->body.len);
	if (close_behind)
		buf_add(answer, SPAN("\r\nConnection: close"));
	buf_add(answer, SPAN("\r\n"));
	buf_add(answer, response->headers);
	buf_add(answer, SPAN("\r\n"));
	/* A 304 tells the length of what it stands for, without it (RFC 9110 sections 8.6, 15.4.5). */
	if (with_body && response->status != 304)
		buf_add(answer, response->body);
}
