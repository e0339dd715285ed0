/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uuid - UUIDs, and the version-7 ones that order events.
 *
 * An event's id is its version (contract section 3): 48 bits of milliseconds, 12 bits that hold the
 * fraction of the millisecond (RFC 9562 section 6.2, method 3), 62 random bits. One atomic clock for
 * the process makes the first 60 bits grow strictly, whatever thread asks and however the wall clock
 * jumps back.
 */
#ifndef INTAKE_SHARED_UUID_H
#define INTAKE_SHARED_UUID_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/span.h"

enum { UUID_TEXT_LEN = 36 };

struct uuid {
	uint8_t bytes[16]; /* network order: memcmp is the order */
};

/* A new version-7 id, greater than all this process made before. Thread: any. */
struct uuid uuid7_new(int64_t wall_ns);

/* Milliseconds since 1970 that a version-7 id carries. */
int64_t uuid7_ms(const struct uuid *uuid);

/* True when the version field says 7 and the variant is RFC 9562's. */
bool uuid_is_v7(const struct uuid *uuid);

/* 8-4-4-4-12 lower-case hex, NUL-terminated. */
void uuid_format(char out[static UUID_TEXT_LEN + 1], const struct uuid *uuid);

/* Takes the 8-4-4-4-12 form only, either case. False: not one, ret_uuid untouched. */
bool uuid_parse(struct span text, struct uuid *ret_uuid);

/* As memcmp. */
int uuid_compare(const struct uuid *a, const struct uuid *b);

#endif
