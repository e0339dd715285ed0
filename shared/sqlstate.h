/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sqlstate - what Postgres' error codes mean to us: one table, most exact code first.
 *
 * The class is the policy (of the worker; the gateway's look-ups tell only "away" from the rest):
 *
 *	E_POSTGRES_AWAY        outage: keep the work, back off with jitter, no limit
 *	E_POSTGRES_CONTENTION  somebody was in the way: at once again, a few times, then fewer rows
 *	E_POSTGRES_DATA        a row is refused: find it, dead letter, write the others
 *	E_POSTGRES_CONFIG      somebody must act, or nobody foresaw it: pause, say so, try again; never a
 *	                       dead letter
 */
#ifndef INTAKE_SHARED_SQLSTATE_H
#define INTAKE_SHARED_SQLSTATE_H

#include <stdbool.h>

#include "shared/error.h"

enum { SQLSTATE_LEN = 5 };

#define SQLSTATE_FOREIGN_KEY "23503"
#define SQLSTATE_UNIQUE "23505"

struct sqlstate {
	const char *state; /* five characters, or the first of them; "": all others */
	enum error error;
	bool say_message; /* the server's primary message names objects, never row values */
	const char *sentence;
};

/* Takes: state - as the server told it. Returns: its row; never NULL. Static. */
const struct sqlstate *sqlstate_find(const char *state);

/* Whether a statement that failed so has waited a long time already: the same again is no use. */
bool sqlstate_is_timeout(const char *state);

/* Whether it was somebody else's lock that was waited for. */
bool sqlstate_is_lock(const char *state);

#endif
