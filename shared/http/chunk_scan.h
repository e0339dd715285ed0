/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chunk_scan - refuses chunked framing that parsers disagree about (RFC 9112 section 7.1).
 *
 * llhttp lets some of it through in some versions (8.1: any two bytes behind a chunk's data, a bare LF
 * as the last line, folded trailers), and a proxy before us may read it otherwise. So no byte of a
 * chunked body reaches llhttp before this has seen it.
 */
#ifndef INTAKE_SHARED_HTTP_CHUNK_SCAN_H
#define INTAKE_SHARED_HTTP_CHUNK_SCAN_H

#include <stddef.h>
#include <stdint.h>

#include "shared/span.h"

enum {
	CHUNK_SIZE_DIGITS_MOST = 16,       /* 64 bits, leading zeros included */
	CHUNK_EXTRA_BYTES_MOST = 8 * 1024, /* of extensions and trailers, in all */
};

enum chunk_part {
	CHUNK_SIZE,
	CHUNK_EXTENSION,
	CHUNK_SIZE_LF,
	CHUNK_DATA,
	CHUNK_DATA_CR,
	CHUNK_DATA_LF,
	CHUNK_TRAILER, /* at a line's start */
	CHUNK_TRAILER_NAME,
	CHUNK_TRAILER_VALUE,
	CHUNK_TRAILER_LF,
	CHUNK_LAST_LF,
	CHUNK_DONE,
};

/* All zero before a body's first byte. */
struct chunk_scan {
	enum chunk_part part;
	uint64_t left; /* the size so far, then what is left of the data */
	unsigned digits;
	size_t extra_bytes;
};

/*
 * Look at the next bytes of a body. What is behind its end is not looked at.
 *
 * Returns: NULL, or a static sentence: what is wrong.
 */
const char *chunk_scan(struct chunk_scan *scan, struct span bytes);

#endif
