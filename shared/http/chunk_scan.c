/* SPDX-License-Identifier: Apache-2.0 */
/* chunk_scan - refuses chunked framing that parsers disagree about. */
#include "shared/http/chunk_scan.h"

#include "shared/hex.h"
#include "shared/http/head_scan.h"

static const char bad_size[] = "A chunk's size is not a hexadecimal number.";
static const char bad_end[] = "A line of the chunked body does not end with CR LF.";
static const char bad_data[] = "A chunk is longer or shorter than its size.";
static const char bad_trailer[] = "A trailer of the chunked body is not a header line.";
static const char too_long[] = "The chunked body's extensions and trailers are too long.";

/* What may stand in an extension or in a trailer's value. */
static bool is_text(char c)
{
	return c == '\t' || ((unsigned char)c >= ' ' && c != 0x7f);
}

static const char *go_on(struct chunk_scan *scan, enum chunk_part part)
{
	scan->part = part;
	return NULL;
}

static const char *take_extra(struct chunk_scan *scan, enum chunk_part part)
{
	scan->part = part;
	return ++scan->extra_bytes > CHUNK_EXTRA_BYTES_MOST ? too_long : NULL;
}

static const char *take_size(struct chunk_scan *scan, char c)
{
	int value = hex_value(c);
	if (value >= 0 && scan->digits < CHUNK_SIZE_DIGITS_MOST) {
		scan->digits++;
		scan->left = scan->left << 4 | (unsigned)value;
		return NULL;
	}
	if (scan->digits == 0 || value >= 0)
		return bad_size;
	if (c == '\r')
		return go_on(scan, CHUNK_SIZE_LF);
	if (c == '\n')
		return bad_end;
	return c == ';' ? go_on(scan, CHUNK_EXTENSION) : bad_size;
}

static const char *take_trailer_start(struct chunk_scan *scan, char c)
{
	if (c == '\r')
		return go_on(scan, CHUNK_LAST_LF);
	return head_scan_is_token(c) ? take_extra(scan, CHUNK_TRAILER_NAME) : bad_trailer;
}

static const char *take_trailer_name(struct chunk_scan *scan, char c)
{
	if (c == ':')
		return take_extra(scan, CHUNK_TRAILER_VALUE);
	return head_scan_is_token(c) ? take_extra(scan, CHUNK_TRAILER_NAME) : bad_trailer;
}

/* Text up to CR, in an extension or a trailer. */
static const char *take_text(struct chunk_scan *scan, char c, enum chunk_part behind)
{
	if (c == '\r')
		return go_on(scan, behind);
	return is_text(c) ? take_extra(scan, scan->part) : bad_end;
}

static const char *take_lf(struct chunk_scan *scan, char c, enum chunk_part behind)
{
	return c == '\n' ? go_on(scan, behind) : bad_end;
}

static const char *take_size_lf(struct chunk_scan *scan, char c)
{
	bool last = scan->left == 0;
	scan->digits = 0;
	return take_lf(scan, c, last ? CHUNK_TRAILER : CHUNK_DATA);
}

static const char *take(struct chunk_scan *scan, char c)
{
	switch (scan->part) {
	case CHUNK_SIZE:
		return take_size(scan, c);
	case CHUNK_EXTENSION:
		return take_text(scan, c, CHUNK_SIZE_LF);
	case CHUNK_SIZE_LF:
		return take_size_lf(scan, c);
	case CHUNK_DATA_CR:
		return c == '\r' ? go_on(scan, CHUNK_DATA_LF) : bad_data;
	case CHUNK_DATA_LF:
		return c == '\n' ? go_on(scan, CHUNK_SIZE) : bad_data;
	case CHUNK_TRAILER:
		return take_trailer_start(scan, c);
	case CHUNK_TRAILER_NAME:
		return take_trailer_name(scan, c);
	case CHUNK_TRAILER_VALUE:
		return take_text(scan, c, CHUNK_TRAILER_LF);
	case CHUNK_TRAILER_LF:
		return take_lf(scan, c, CHUNK_TRAILER);
	case CHUNK_LAST_LF:
		return take_lf(scan, c, CHUNK_DONE);
	case CHUNK_DATA:
	case CHUNK_DONE:
		break;
	}
	return NULL;
}

/* Returns: how many of the bytes are the chunk's data. */
static size_t skip_data(struct chunk_scan *scan, size_t bytes)
{
	size_t skipped = scan->left < bytes ? (size_t)scan->left : bytes;
	scan->left -= skipped;
	if (scan->left == 0)
		scan->part = CHUNK_DATA_CR;
	return skipped;
}

const char *chunk_scan(struct chunk_scan *scan, struct span bytes)
{
	const char *problem = NULL;
	size_t at = 0;
	while (!problem && at < bytes.len && scan->part != CHUNK_DONE) {
		if (scan->part == CHUNK_DATA)
			at += skip_data(scan, bytes.len - at);
		else
			problem = take(scan, bytes.base[at++]);
	}
	return problem;
}
