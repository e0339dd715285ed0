/* SPDX-License-Identifier: Apache-2.0 */
/* head_scan - finds the end of a request's head and refuses what parsers disagree about. */
#include "shared/http/head_scan.h"

#include <stdint.h>

/* RFC 9110 section 5.6.2: tchar, a bit a character. */
static const uint32_t token_bits[8] = {
	0,          /* controls */
	0x03ff6cfa, /* ! # $ % & ' * + - . 0-9 */
	0xc7fffffe, /* A-Z ^ _ */
	0x57ffffff, /* ` a-z | ~ */
};

bool head_scan_is_token(char c)
{
	unsigned char byte = (unsigned char)c;
	return token_bits[byte / 32] >> byte % 32 & 1;
}

/* Takes: line - without its CR LF. Returns the problem, or NULL. */
static const char *check_header_line(struct span line)
{
	const char *colon = memchr(line.base, ':', line.len);
	if (line.base[0] == ' ' || line.base[0] == '\t')
		return "A header line begins with white space (a folded header).";
	if (!colon)
		return "A header line has no colon.";
	if (colon == line.base)
		return "A header line has no name.";
	if (colon[-1] == ' ' || colon[-1] == '\t')
		return "A header name is followed by white space.";
	for (const char *c = line.base; c < colon; c++) {
		if (!head_scan_is_token(*c))
			return "A header name holds what no name may.";
	}
	return NULL;
}

/* RFC 9112 section 3: method, target and version with one space between. */
static const char *check_request_line(struct span line)
{
	size_t spaces = 0;
	for (size_t i = 0; i < line.len; i++) {
		spaces += line.base[i] == ' ';
		if (line.base[i] == '\t' || (line.base[i] == ' ' && line.base[i - 1] == ' '))
			return "The request line has white space where it should not.";
	}
	return spaces == 2 ? NULL : "The request line is not method, target and version.";
}

static const char *check_line(struct span line, bool request_line)
{
	if (memchr(line.base, '\r', line.len))
		return "The request's head holds a CR that no LF follows.";
	if (memchr(line.base, '\0', line.len))
		return "The request's head holds a NUL.";
	return request_line ? check_request_line(line) : check_header_line(line);
}

static bool starts_like_a_method(struct span head)
{
	return head.base[0] >= 'A' && head.base[0] <= 'Z';
}

enum head_scan_result head_scan(
	struct head_scan *scan, struct span head, size_t *ret_len, const char **ret_problem)
{
	if (head.len > 0 && !starts_like_a_method(head)) {
		*ret_problem = "This is not an HTTP request.";
		return HEAD_SCAN_BAD;
	}
	while (scan->line_start < head.len) {
		const char *start = head.base + scan->line_start;
		const char *newline = memchr(start, '\n', head.len - scan->line_start);
		if (!newline)
			return HEAD_SCAN_MORE;
		if (newline == start || newline[-1] != '\r') {
			*ret_problem = "A line of the request's head ends without CR.";
			return HEAD_SCAN_BAD;
		}
		struct span line = span_from(start, (size_t)(newline - start) - 1);
		scan->line_start = (size_t)(newline - head.base) + 1;
		if (line.len == 0) {
			*ret_len = scan->line_start;
			return HEAD_SCAN_COMPLETE;
		}
		*ret_problem = check_line(line, scan->lines == 0);
		if (*ret_problem)
			return HEAD_SCAN_BAD;
		scan->lines++;
	}
	return HEAD_SCAN_MORE;
}
