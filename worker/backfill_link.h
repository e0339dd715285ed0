/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backfill_link - a lane's connection in pipeline mode: statements go out in groups, answers come later.
 *
 * Design notes. A group is a transaction of its own (what stands before a Sync is): it is done as a
 * whole, or undone as a whole, and one that fails takes no other with it. So a batch is written while the
 * next is looked up, and a batch costs one round trip.
 *
 * Thread: the lane that opened it.
 */
#ifndef INTAKE_WORKER_BACKFILL_LINK_H
#define INTAKE_WORKER_BACKFILL_LINK_H

#include <libpq-fe.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/error.h"
#include "worker/upsert.h"

struct backfill_link {
	struct upsert *upsert; /* owned */
	PGconn *connection;    /* the upsert's */
	int64_t answer_ms;     /* nothing came: the connection is dead */
};

/* Returns: OK, in pipeline mode; as upsert_open. Then, too, backfill_link_close. */
MUST_CHECK enum error backfill_link_open(
	const struct upsert_options *options, struct backfill_link *link, struct failure *failure);

/* Takes an empty one too. */
void backfill_link_close(struct backfill_link *link);

/* Leave pipeline mode, for the functions of upsert; all answers have been taken. */
MUST_CHECK enum error backfill_link_pause(struct backfill_link *link, struct failure *failure);
MUST_CHECK enum error backfill_link_resume(struct backfill_link *link, struct failure *failure);

/* What was sent since the last one is a group. Takes: is_sent - whether libpq took all of it. */
MUST_CHECK enum error backfill_link_end_group(
	struct backfill_link *link, bool is_sent, struct failure *failure);

/*
 * Wait for the answers to the oldest group.
 *
 * Takes:   ret_results - gets the group's `count` results, owned, also when one failed; NULL: no answer.
 * Returns: OK: the group is done and durable; as postgres_error says of the first that failed: it is undone.
 */
MUST_CHECK enum error backfill_link_take(
	struct backfill_link *link, PGresult **ret_results, size_t count, struct failure *failure);

/* The same, where nothing is done with the answers. */
MUST_CHECK enum error backfill_link_await(struct backfill_link *link, struct failure *failure);

#endif
