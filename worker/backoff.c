/* SPDX-License-Identifier: Apache-2.0 */
/* backoff - a lane's wait for what somebody else has to mend: how long, and what is said of it. */
#include "worker/backoff.h"

#include <poll.h>
#include <sodium.h>
#include <string.h>

#include "shared/clock.h"
#include "worker/metrics.h"

enum {
	FIRST_MS = 50,
	MOST_MS = 5000,
	CIRCUIT_MS = 10 * 1000, /* each try costs dead letters, or a batch's worth of statements */
	LINE_EVERY_MS = 30 * 1000,
};

static const struct {
	const char *name;
	enum log_level level;
	unsigned metric;
} reasons[WAIT_REASON_COUNT] = {
#define X(id, name, level, metric) [id] = {name, level, metric},
	WAIT_REASONS(X)
#undef X
};

void backoff_init(struct backoff *backoff, const char *lane, int stop_fd)
{
	*backoff = (struct backoff){.lane = lane, .stop_fd = stop_fd, .next_ms = FIRST_MS};
}

static void enter(struct backoff *backoff, enum wait_reason reason)
{
	enum wait_reason before = atomic_load(&backoff->reason);
	if (before == reason)
		return;
	if (before != WAIT_NONE)
		metric_gauge_add(reasons[before].metric, -1);
	if (reason != WAIT_NONE)
		metric_gauge_add(reasons[reason].metric, 1);
	backoff->next_ms = reason == WAIT_CIRCUIT ? CIRCUIT_MS : FIRST_MS;
	backoff->since_ms = clock_steady_ms();
	backoff->line = (struct log_limit){.every_ms = LINE_EVERY_MS};
	backoff->said = (struct failure){.error = OK};
	atomic_store(&backoff->reason, reason);
}

static bool is_news(const struct backoff *backoff, const struct failure *why)
{
	return why->error != backoff->said.error || strcmp(why->detail, backoff->said.detail) != 0;
}

static void say(struct backoff *backoff, enum wait_reason reason, const struct failure *why)
{
	if (is_news(backoff, why))
		backoff->line.next_ms = 0;
	int64_t suppressed = log_limit_take(&backoff->line, clock_steady_ms());
	backoff->said = *why;
	if (suppressed >= 0)
		log_write(reasons[reason].level, "lane.waiting",
			LOG_FIELDS(log_text("lane", backoff->lane),
				log_text("for", reasons[reason].name),
				log_text("error", error_name(why->error)),
				log_text("reason", why->detail),
				log_int("suppressed", suppressed)));
}

static int64_t longer(int64_t ms)
{
	return ms >= MOST_MS ? ms : 2 * ms < MOST_MS ? 2 * ms : MOST_MS;
}

bool backoff_wait(struct backoff *backoff, enum wait_reason reason, const struct failure *why)
{
	enter(backoff, reason);
	say(backoff, reason, why);
	int64_t half_ms = backoff->next_ms / 2;
	int sleep_ms = (int)(half_ms + randombytes_uniform((uint32_t)half_ms + 1));
	struct pollfd stop = {.fd = backoff->stop_fd, .events = POLLIN};
	backoff->next_ms = longer(backoff->next_ms);
	return poll(&stop, 1, sleep_ms) <= 0;
}

void backoff_end(struct backoff *backoff, enum wait_reason reason)
{
	if (atomic_load(&backoff->reason) != reason)
		return;
	log_info("lane.goes_on", log_text("lane", backoff->lane),
		log_text("waited_for", reasons[reason].name),
		log_int("ms", clock_steady_ms() - backoff->since_ms));
	enter(backoff, WAIT_NONE);
}

bool backoff_is_waiting(const struct backoff *backoff)
{
	return atomic_load(&backoff->reason) != WAIT_NONE;
}
