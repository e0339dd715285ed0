/* SPDX-License-Identifier: Apache-2.0 */
/* uuid - UUIDs, and the version-7 ones that order events. */
#include "shared/uuid.h"

#include <sodium.h>
#include <stdatomic.h>
#include <string.h>

#include "shared/clock.h"

enum { RANDOM_POOL_BYTES = 512, TICKS_PER_MS = 4096 };

/* Milliseconds since 1970 in the upper 52 bits, 1/4096 ms in the lower 12. */
static _Atomic uint64_t last_tick;

/* getrandom(2) for each id would cost more than the rest of it. */
static _Thread_local struct {
	uint8_t bytes[RANDOM_POOL_BYTES];
	size_t left;
} pool;

static void random_take(uint8_t out[static 8])
{
	if (pool.left < 8) {
		randombytes_buf(pool.bytes, sizeof(pool.bytes));
		pool.left = sizeof(pool.bytes);
	}
	pool.left -= 8;
	memcpy(out, pool.bytes + pool.left, 8);
}

static uint64_t tick_next(int64_t wall_ns)
{
	uint64_t ms = (uint64_t)(wall_ns / CLOCK_NS_PER_MS);
	uint64_t fraction = (uint64_t)(wall_ns % CLOCK_NS_PER_MS) * TICKS_PER_MS / CLOCK_NS_PER_MS;
	uint64_t now = ms * TICKS_PER_MS + fraction;
	uint64_t last = atomic_load_explicit(&last_tick, memory_order_relaxed);
	uint64_t next;
	do {
		next = now > last ? now : last + 1;
	} while (!atomic_compare_exchange_weak_explicit(
		&last_tick, &last, next, memory_order_relaxed, memory_order_relaxed));
	return next;
}

struct uuid uuid7_new(int64_t wall_ns)
{
	struct uuid uuid;
	uint64_t tick = tick_next(wall_ns);
	uint64_t ms = tick / TICKS_PER_MS;
	unsigned fraction = (unsigned)(tick % TICKS_PER_MS);
	for (int i = 0; i < 6; i++)
		uuid.bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
	uuid.bytes[6] = (uint8_t)(0x70 | fraction >> 8);
	uuid.bytes[7] = (uint8_t)(fraction & 0xff);
	random_take(uuid.bytes + 8);
	uuid.bytes[8] = (uint8_t)(0x80 | (uuid.bytes[8] & 0x3f));
	return uuid;
}

int64_t uuid7_ms(const struct uuid *uuid)
{
	int64_t ms = 0;
	for (int i = 0; i < 6; i++)
		ms = ms << 8 | uuid->bytes[i];
	return ms;
}

bool uuid_is_v7(const struct uuid *uuid)
{
	return uuid->bytes[6] >> 4 == 7 && uuid->bytes[8] >> 6 == 2;
}

void uuid_format(char out[static UUID_TEXT_LEN + 1], const struct uuid *uuid)
{
	static const char hex[] = "0123456789abcdef";
	char *at = out;
	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*at++ = '-';
		*at++ = hex[uuid->bytes[i] >> 4];
		*at++ = hex[uuid->bytes[i] & 15];
	}
	*at = '\0';
}

/* A hex digit's value and one; 0: not a digit. A table, because the worker reads two ids a record. */
static const uint8_t hex_values[UINT8_MAX + 1] = {['0'] = 1,
	['1'] = 2,
	['2'] = 3,
	['3'] = 4,
	['4'] = 5,
	['5'] = 6,
	['6'] = 7,
	['7'] = 8,
	['8'] = 9,
	['9'] = 10,
	['a'] = 11,
	['b'] = 12,
	['c'] = 13,
	['d'] = 14,
	['e'] = 15,
	['f'] = 16,
	['A'] = 11,
	['B'] = 12,
	['C'] = 13,
	['D'] = 14,
	['E'] = 15,
	['F'] = 16};

bool uuid_parse(struct span text, struct uuid *ret_uuid)
{
	struct uuid uuid;
	size_t at = 0;
	if (text.len != UUID_TEXT_LEN)
		return false;
	for (int i = 0; i < 16; i++) {
		if ((i == 4 || i == 6 || i == 8 || i == 10) && text.base[at++] != '-')
			return false;
		unsigned high = hex_values[(uint8_t)text.base[at]];
		unsigned low = hex_values[(uint8_t)text.base[at + 1]];
		if (!high || !low)
			return false;
		uuid.bytes[i] = (uint8_t)((high - 1) << 4 | (low - 1));
		at += 2;
	}
	*ret_uuid = uuid;
	return true;
}

int uuid_compare(const struct uuid *a, const struct uuid *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}
