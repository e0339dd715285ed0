/* SPDX-License-Identifier: Apache-2.0 */
/* clock - the two clocks, and RFC 3339. */
#include "shared/clock.h"

static int64_t read_ns(clockid_t id)
{
	struct timespec now;
	(void)clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t clock_wall_ns(void)
{
	return read_ns(CLOCK_REALTIME);
}

int64_t clock_wall_ms(void)
{
	return read_ns(CLOCK_REALTIME) / CLOCK_NS_PER_MS;
}

int64_t clock_steady_us(void)
{
	return read_ns(CLOCK_MONOTONIC) / 1000;
}

int64_t clock_steady_ms(void)
{
	return read_ns(CLOCK_MONOTONIC) / CLOCK_NS_PER_MS;
}

struct timespec clock_steady_after(int64_t wait_ms)
{
	int64_t at_ns = read_ns(CLOCK_MONOTONIC) + (wait_ms > 0 ? wait_ms : 0) * CLOCK_NS_PER_MS;
	return (struct timespec){.tv_sec = at_ns / 1000000000, .tv_nsec = at_ns % 1000000000};
}

static void put_digits(char *out, int count, int value)
{
	for (int i = count - 1; i >= 0; i--) {
		out[i] = (char)('0' + value % 10);
		value /= 10;
	}
}

void clock_rfc3339(char out[static CLOCK_RFC3339_BYTES], int64_t wall_ms)
{
	static const char shape[CLOCK_RFC3339_BYTES] = "0000-00-00T00:00:00.000Z";
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm utc;
	(void)gmtime_r(&seconds, &utc);
	for (int i = 0; i < CLOCK_RFC3339_BYTES; i++)
		out[i] = shape[i];
	put_digits(out, 4, utc.tm_year + 1900);
	put_digits(out + 5, 2, utc.tm_mon + 1);
	put_digits(out + 8, 2, utc.tm_mday);
	put_digits(out + 11, 2, utc.tm_hour);
	put_digits(out + 14, 2, utc.tm_min);
	put_digits(out + 17, 2, utc.tm_sec);
	put_digits(out + 20, 3, (int)(wall_ms % 1000));
}
