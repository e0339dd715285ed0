/* SPDX-License-Identifier: Apache-2.0 */
/* array - one-dimensional arrays in Postgres' binary form, as array_recv reads them. */
#include "worker/array.h"

#include <endian.h>
#include <string.h>

#include "shared/ensure.h"

enum { HAS_NULL_AT = 4, HEADER_BYTES = 20, INT32_BYTES = 4 };

static void put_int32(char *at, uint32_t value)
{
	uint32_t network = htobe32(value);
	memcpy(at, &network, sizeof(network));
}

void array_begin(struct buf *out, enum array_type type, size_t count)
{
	ensure(count <= INT32_MAX);
	buf_clear(out);
	char *at = buf_reserve(out, HEADER_BYTES);
	put_int32(at, 1);
	put_int32(at + HAS_NULL_AT, 0);
	put_int32(at + 8, (uint32_t)type);
	put_int32(at + 12, (uint32_t)count);
	put_int32(at + 16, 1);
	out->len += HEADER_BYTES;
}

void array_add(struct buf *out, struct span element)
{
	ensure(element.len <= INT32_MAX);
	char *at = buf_reserve(out, INT32_BYTES + element.len);
	if (!element.base) {
		put_int32(at, UINT32_MAX);
		put_int32(out->base + HAS_NULL_AT, 1);
		out->len += INT32_BYTES;
		return;
	}
	put_int32(at, (uint32_t)element.len);
	memcpy(at + INT32_BYTES, element.base, element.len);
	out->len += INT32_BYTES + element.len;
}
