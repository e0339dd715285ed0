/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admin - the listener for operators: /healthz, /readyz, /metrics; on loopback by default.
 *
 * Runs in a thread of its own, so that it answers whatever the rest is busy with.
 */
#ifndef INTAKE_SHARED_ADMIN_H
#define INTAKE_SHARED_ADMIN_H

#include "shared/buf.h"
#include "shared/error.h"
#include "shared/watchdog.h"

struct admin;

struct admin_checks {
	/* Adds one sentence a line for each thing that keeps it from being ready; none: ready. */
	void (*not_ready)(void *user, struct buf *reasons);
	/* Brings gauges up to date before /metrics is written; may be NULL. */
	void (*refresh)(void *user);
	void *user;
};

/*
 * Takes:   address - as http_listen takes it; checks - borrowed; called in the admin's thread;
 *          watchdog - watches its loop too; NULL: nobody does.
 * Returns: OK, ret_admin owned, free with admin_stop.
 */
MUST_CHECK enum error admin_start(const char *address, const struct admin_checks *checks,
	struct watchdog *watchdog, struct admin **ret_admin, struct failure *failure);

/* Takes NULL too. */
void admin_stop(struct admin *admin);

#endif
