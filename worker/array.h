/* SPDX-License-Identifier: Apache-2.0 */
/*
 * array - one-dimensional arrays in Postgres' binary form, as array_recv reads them.
 *
 * int32 dimensions (1), int32 has-null, int32 element type, int32 length, int32 lower bound (1); then
 * each element: int32 length (-1: null) and its bytes. All in network order.
 */
#ifndef INTAKE_WORKER_ARRAY_H
#define INTAKE_WORKER_ARRAY_H

#include <stddef.h>
#include <stdint.h>

#include "shared/buf.h"
#include "shared/span.h"

/* Types' numbers, which never change (pg_type.dat). */
enum array_type { ARRAY_OF_TEXT = 25, ARRAY_OF_UUID = 2950 };

/* Begin an array of exactly `count` elements in the buf, over what was there. */
void array_begin(struct buf *out, enum array_type type, size_t count);

/* Add an element; base NULL is null. */
void array_add(struct buf *out, struct span element);

#endif
