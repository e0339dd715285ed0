/* SPDX-License-Identifier: Apache-2.0 */
/* session - a lane's way to Postgres: connects, sends rows, and waits out all that may pass. */
#include "worker/session.h"

#include <string.h>

#include "shared/clock.h"
#include "shared/sqlstate.h"
#include "worker/metrics.h"

enum { CONTENTION_TRIES = 4 };

static enum error connect_once(struct session *session, struct failure *failure)
{
	pulse_step(&session->pulse, clock_steady_ms());
	if (session->upsert)
		return OK;
	enum error error = upsert_open(&session->options, &session->upsert, failure);
	if (!error)
		session->on_change(session->user, true);
	/* A refusal is none of a row: none has been sent. */
	else if (error != E_POSTGRES_AWAY)
		failure->error = error = E_POSTGRES_CONFIG;
	return error;
}

void session_disconnect(struct session *session)
{
	upsert_close(session->upsert);
	session->upsert = NULL;
	session->on_change(session->user, false);
}

/* Give up the connection, and wait. False: the lane is to stop. */
static bool wait_out(struct session *session, const struct failure *why)
{
	bool passes = error_blame(why->error) == BLAME_BUSY;
	session_disconnect(session);
	metric_add(passes ? METRIC_RETRIES_OUTAGE : METRIC_RETRIES_CONFIGURATION, 1);
	return backoff_wait(session->backoff, passes ? WAIT_POSTGRES : WAIT_CONFIGURATION, why);
}

static void say_it_works(struct session *session)
{
	backoff_end(session->backoff, WAIT_POSTGRES);
	backoff_end(session->backoff, WAIT_CONFIGURATION);
}

bool session_connect(struct session *session)
{
	struct failure failure = {.error = OK};
	while (connect_once(session, &failure)) {
		if (!wait_out(session, &failure))
			return false;
	}
	say_it_works(session);
	return true;
}

bool session_look(struct session *session)
{
	if (session->upsert && upsert_is_open(session->upsert))
		return true;
	session_disconnect(session);
	return session_connect(session);
}

static enum error apply_once(struct session *session, const struct batch_row *rows, size_t count,
	struct batch_outcome *outcome, struct failure *failure)
{
	struct batch_outcome done = {0};
	enum error error = connect_once(session, failure);
	if (!error)
		error = upsert_set_lock_wait(
			session->upsert, session->hasty ? SESSION_HASTY_MS : 0, failure);
	int64_t started_us = clock_steady_us();
	if (!error)
		error = upsert_rows(session->upsert, rows, count, &done, failure);
	if (error)
		return error;
	int64_t took_us = clock_steady_us() - started_us;
	metric_observe(METRIC_UPSERT_SECONDS, (double)took_us / 1e6);
	if (took_us > outcome->slowest_us)
		outcome->slowest_us = took_us;
	outcome->inserted += done.inserted;
	outcome->updated += done.updated;
	outcome->stale += count - done.inserted - done.updated;
	return OK;
}

/* Who was cancelled or waited in vain would wait as long again. */
static bool is_worth_a_try(const struct failure *failure, int tries)
{
	return tries < CONTENTION_TRIES && !sqlstate_is_timeout(failure->sqlstate);
}

/*
 * The key that is there is a contact's id. Where that contact's address was being changed, the next try
 * has found it; else another producer gave two contacts one event id.
 */
static bool is_id_of_another(const struct failure *failure)
{
	return strcmp(failure->sqlstate, SQLSTATE_UNIQUE) == 0;
}

enum error session_apply(struct session *session, const struct batch_row *rows, size_t count,
	struct batch_outcome *outcome, struct failure *failure)
{
	int tries = 0;
	for (;;) {
		enum error error = apply_once(session, rows, count, outcome, failure);
		if (!error || error_blame(error) == BLAME_POISON) {
			say_it_works(session);
			return error;
		}
		if (error != E_POSTGRES_CONTENTION) {
			if (!wait_out(session, failure))
				return E_POSTGRES_AWAY;
			continue;
		}
		metric_add(METRIC_RETRIES_CONTENTION, 1);
		if (is_worth_a_try(failure, ++tries))
			continue;
		if (count == 1 && is_id_of_another(failure))
			failure->error = E_POSTGRES_DATA;
		return failure->error;
	}
}
