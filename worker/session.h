/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session - a lane's way to Postgres: connects, sends rows, and waits out all that may pass.
 *
 * What each class of errors costs is decided here (shared/sqlstate.h has the classes): after an outage
 * or what somebody must mend, a new connection with the statement prepared anew, so that a table that
 * was made again or a server that is another one now is found by itself.
 *
 * Thread: the lane's.
 */
#ifndef INTAKE_WORKER_SESSION_H
#define INTAKE_WORKER_SESSION_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/error.h"
#include "worker/backoff.h"
#include "worker/pulse.h"
#include "worker/upsert.h"

enum { SESSION_HASTY_MS = 20 };

struct session {
	struct upsert_options options;
	struct backoff *backoff; /* borrowed */
	void (*on_change)(void *user, bool connected);
	void *user;
	struct pulse pulse;
	bool hasty;            /* wait for locks SESSION_HASTY_MS only */
	struct upsert *upsert; /* owned; NULL: not connected */
};

/* Connect, however long it takes. False: the lane is to stop. */
MUST_CHECK bool session_connect(struct session *session);

/* In a quiet time: where the server has closed the connection, make a new one. As session_connect. */
MUST_CHECK bool session_look(struct session *session);

/* Also when there is none. */
void session_disconnect(struct session *session);

/*
 * Apply rows in one statement, however long Postgres is away or wrongly set up.
 *
 * Returns: OK, and they are added to the outcome; a code whose blame is POISON: a row of them is refused;
 *          E_POSTGRES_CONTENTION: tried a few times, others are in the way (fewer rows may do);
 *          E_POSTGRES_AWAY: the lane is to stop.
 */
MUST_CHECK enum error session_apply(struct session *session, const struct batch_row *rows,
	size_t count, struct batch_outcome *outcome, struct failure *failure);

#endif
