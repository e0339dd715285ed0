/* SPDX-License-Identifier: Apache-2.0 */
/*
 * head_scan - finds the end of a request's head and refuses what parsers disagree about.
 *
 * llhttp lets some of it through in some versions (8.1: a bare CR in an empty value, CVE-2023-30589; a
 * space before the colon; folded lines), and a proxy before us may read it otherwise: that is how
 * requests are smuggled. So no byte of a head reaches llhttp before this has seen it.
 */
#ifndef INTAKE_SHARED_HTTP_HEAD_SCAN_H
#define INTAKE_SHARED_HTTP_HEAD_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/span.h"

struct head_scan {
	size_t line_start; /* of the line that is incomplete, from the start of the head */
	size_t lines;      /* complete ones so far */
};

enum head_scan_result { HEAD_SCAN_MORE, HEAD_SCAN_COMPLETE, HEAD_SCAN_BAD };

/*
 * Look at the bytes of a head as they arrive.
 *
 * Takes:   scan - all zero for a new head; head - all bytes since the head's start, those of the last
 *          call first.
 * Returns: COMPLETE with ret_len, the head's length with its empty line; MORE; BAD with ret_problem, a
 *          static sentence: a CR or LF alone, NUL, a folded line, a name that is no token, a line
 *          that is no header, a start that is no HTTP method.
 */
enum head_scan_result head_scan(
	struct head_scan *scan, struct span head, size_t *ret_len, const char **ret_problem);

/* Whether it may stand in a header's name (RFC 9110 section 5.6.2). */
bool head_scan_is_token(char c);

#endif
