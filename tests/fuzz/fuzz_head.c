/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_head - any bytes as a request's head: in one piece or byte by byte, the verdict is the same. */
#include "shared/ensure.h"
#include "shared/http/head_scan.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct head_scan whole = {0};
	struct head_scan pieces = {0};
	const char *problem = NULL;
	size_t len = 0;
	size_t len_pieces = 0;
	struct span head = span_from((const char *)data, size);
	enum head_scan_result result = head_scan(&whole, head, &len, &problem);
	enum head_scan_result in_pieces = HEAD_SCAN_MORE;
	for (size_t i = 1; i <= size && in_pieces == HEAD_SCAN_MORE; i++)
		in_pieces = head_scan(&pieces, span_from(head.base, i), &len_pieces, &problem);
	ensure(size == 0 || result == in_pieces);
	ensure(result != HEAD_SCAN_COMPLETE || len == len_pieces);
	if (result == HEAD_SCAN_COMPLETE)
		ensure(len >= 4 && memcmp(head.base + len - 4, "\r\n\r\n", 4) == 0);
	return 0;
}
