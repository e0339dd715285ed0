/* SPDX-License-Identifier: Apache-2.0 */
/* clock - the two clocks, and RFC 3339. */
#include "shared/clock.h"

#include <string.h>

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

/* `count` digits and what has to stand behind them; moves *text on. */
static bool take_digits(struct span *text, size_t count, const char *behind, int *ret_value)
{
	int value = 0;
	if (text->len < count)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (text->base[i] < '0' || text->base[i] > '9')
			return false;
		value = value * 10 + (text->base[i] - '0');
	}
	*text = span_from(text->base + count, text->len - count);
	*ret_value = value;
	if (!*behind)
		return true;
	if (text->len == 0 || !strchr(behind, text->base[0]))
		return false;
	*text = span_from(text->base + 1, text->len - 1);
	return true;
}

/* ".678": what is finer than a millisecond is cut off. */
static bool take_fraction(struct span *text, int *ret_ms)
{
	int weight = 100;
	*ret_ms = 0;
	if (text->len == 0 || text->base[0] != '.')
		return true;
	int digit;
	*text = span_from(text->base + 1, text->len - 1);
	if (text->len == 0 || text->base[0] < '0' || text->base[0] > '9')
		return false;
	while (take_digits(text, 1, "", &digit)) {
		*ret_ms += digit * weight;
		weight /= 10;
	}
	return true;
}

/* "Z", or hours and minutes ahead of UTC. */
static bool take_zone(struct span *text, int *ret_minutes)
{
	int hours = 0;
	int minutes = 0;
	*ret_minutes = 0;
	if (span_equal_nocase(*text, SPAN("Z")))
		return true;
	if (text->len == 0 || (text->base[0] != '+' && text->base[0] != '-'))
		return false;
	int sign = text->base[0] == '-' ? -1 : 1;
	*text = span_from(text->base + 1, text->len - 1);
	if (!take_digits(text, 2, ":", &hours) || !take_digits(text, 2, "", &minutes) ||
		text->len > 0 || hours > 23 || minutes > 59)
		return false;
	*ret_minutes = sign * (hours * 60 + minutes);
	return true;
}

static bool take_time(struct span *text, struct tm *utc, int *ret_ms, int *ret_zone_minutes)
{
	return take_digits(text, 2, ":", &utc->tm_hour) &&
	       take_digits(text, 2, ":", &utc->tm_min) && take_digits(text, 2, "", &utc->tm_sec) &&
	       take_fraction(text, ret_ms) && take_zone(text, ret_zone_minutes);
}

bool clock_parse(struct span text, int64_t *ret_wall_ms)
{
	enum { DATE_BYTES = sizeof("2026-01-02") - 1 };
	struct tm utc = {0};
	int ms = 0;
	int zone_minutes = 0;
	bool is_date = text.len == DATE_BYTES;
	if (!take_digits(&text, 4, "-", &utc.tm_year) || !take_digits(&text, 2, "-", &utc.tm_mon) ||
		!take_digits(&text, 2, is_date ? "" : "Tt ", &utc.tm_mday))
		return false;
	if (!is_date && !take_time(&text, &utc, &ms, &zone_minutes))
		return false;
	utc.tm_year -= 1900;
	utc.tm_mon -= 1;
	struct tm given = utc;
	int64_t seconds = timegm(&utc);
	/* timegm makes a day that is of every other. */
	if (given.tm_mon != utc.tm_mon || given.tm_mday != utc.tm_mday ||
		given.tm_hour != utc.tm_hour || given.tm_min != utc.tm_min ||
		given.tm_sec != utc.tm_sec || utc.tm_year < 70)
		return false;
	*ret_wall_ms = (seconds - zone_minutes * INT64_C(60)) * 1000 + ms;
	return true;
}
