/* SPDX-License-Identifier: Apache-2.0 */
/* watchdog - systemd hears that the process is alive only while each of its loops turns. */
#include "shared/watchdog.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "shared/memory.h"

enum { ROUNDS = 4 }; /* in the time after which systemd gives up: some may be late, or get lost */

struct watchdog {
	const struct notify *notify;
	int64_t every_us;
	unsigned member_count;
	atomic_uint missing; /* members not counted in this round yet */
	atomic_uint round;
	_Atomic int64_t begins_us; /* of the round: turns before it do not count */
};

/* A variable that is a whole number; -1: it is not. */
static int64_t number_of(const char *variable)
{
	const char *text = getenv(variable);
	char *end = NULL;
	long long number = text ? strtoll(text, &end, 10) : -1;
	return text && end != text && !*end ? number : -1;
}

struct watchdog *watchdog_new(const struct notify *notify)
{
	int64_t within_us = number_of("WATCHDOG_USEC");
	if (notify->fd < 0 || within_us <= 0)
		return NULL;
	if (getenv("WATCHDOG_PID") && number_of("WATCHDOG_PID") != getpid())
		return NULL;
	struct watchdog *watchdog = memory_zeroed(1, sizeof(*watchdog));
	watchdog->notify = notify;
	watchdog->every_us = within_us / ROUNDS;
	atomic_init(&watchdog->round, 1);
	return watchdog;
}

void watchdog_free(struct watchdog *watchdog)
{
	free(watchdog);
}

void watchdog_join(struct watchdog *watchdog, struct watchdog_member *member)
{
	*member = (struct watchdog_member){.watchdog = watchdog};
	if (!watchdog)
		return;
	watchdog->member_count++;
	atomic_store(&watchdog->missing, watchdog->member_count);
}

void watchdog_turned(struct watchdog_member *member, int64_t now_us)
{
	struct watchdog *watchdog = member->watchdog;
	if (!watchdog || now_us < atomic_load(&watchdog->begins_us))
		return;
	unsigned round = atomic_load(&watchdog->round);
	if (member->round == round)
		return;
	member->round = round;
	if (atomic_fetch_sub(&watchdog->missing, 1) > 1)
		return;
	/* All are counted, so nobody but us changes anything until the round does. */
	atomic_store(&watchdog->missing, watchdog->member_count);
	atomic_store(&watchdog->begins_us, now_us + watchdog->every_us);
	atomic_store(&watchdog->round, round + 1);
	notify_alive(watchdog->notify);
}
