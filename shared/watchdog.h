/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watchdog - systemd hears that the process is alive only while each of its loops turns (WatchdogSec=).
 *
 * Design notes. No thread of its own could vouch for the others. So they do it in rounds: a loop that turns
 * counts itself once in a round, and the one that makes the round whole tells systemd and begins the next,
 * a quarter of the time later. A loop that stands still leaves its round open, whatever the others do.
 */
#ifndef INTAKE_SHARED_WATCHDOG_H
#define INTAKE_SHARED_WATCHDOG_H

#include <stdint.h>

#include "shared/notify.h"

struct watchdog;

/* One loop; embedded in its owner. All zero: nobody watches it. */
struct watchdog_member {
	struct watchdog *watchdog;
	unsigned round; /* the last one that it was counted in */
};

/*
 * Takes:   notify - borrowed.
 * Returns: owned, free with watchdog_free; NULL: nobody has asked (WATCHDOG_USEC, WATCHDOG_PID).
 */
struct watchdog *watchdog_new(const struct notify *notify);

/* Takes NULL too. No member turns any more. */
void watchdog_free(struct watchdog *watchdog);

/* From now on no round is whole without this one. Before any member turns. Takes NULL too. */
void watchdog_join(struct watchdog *watchdog, struct watchdog_member *member);

/*
 * The member's loop has turned: it is not stuck.
 *
 * Takes:  now_us - steady clock.
 * Thread: the member's.
 */
void watchdog_turned(struct watchdog_member *member, int64_t now_us);

#endif
