/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backfill_look - what the table says of a batch's contacts, before anything is written.
 *
 * Thread: the lane whose link it is.
 */
#ifndef INTAKE_WORKER_BACKFILL_LOOK_H
#define INTAKE_WORKER_BACKFILL_LOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/error.h"
#include "worker/backfill_link.h"
#include "worker/backfill_state.h"
#include "worker/batch.h"

/* Deletions made in it are mistakes. From is before to, or both are all zero: there are none. */
struct backfill_mistakes {
	struct uuid from;
	struct uuid to; /* the first that is none */
};

/* Takes: since_ms - wall clock, as until_ms, the first that is none; 0: there are none. */
struct backfill_mistakes backfill_mistakes_between(int64_t since_ms, int64_t until_ms);

/* Of one contact. */
struct backfill_seen {
	struct backfill_state state;
	struct span name; /* the row's; borrowed until the next answer is taken */
	struct span phone;
	bool is_mistake;  /* its deletion is to be taken back; state has none then */
	bool is_id_taken; /* of a mistake: another contact has the id it would get */
	bool is_gone;     /* there is no such business */
};

struct backfill_look;

/*
 * Takes:   link - borrowed; paused or not: what is prepared here goes the same way.
 *          values - whether they are wanted where all of a contact's events were applied.
 * Returns: OK, ret_look owned (backfill_look_free); as postgres_error.
 */
MUST_CHECK enum error backfill_look_new(struct backfill_link *link,
	const struct backfill_mistakes *mistakes, bool values, struct backfill_look **ret_look,
	struct failure *failure);

/* Takes NULL too. */
void backfill_look_free(struct backfill_look *look);

/*
 * Make ready to ask about the rows of a folded batch, which may be done while another is under way.
 *
 * Takes: batch - it is the same until it is asked about or another is made ready; NULL: none is ready.
 */
void backfill_look_prepare(struct backfill_look *look, const struct batch *batch);

/*
 * Ask about the rows of a folded batch: a group of the link's.
 *
 * Takes: batch - prepared or not.
 */
MUST_CHECK enum error backfill_look_send(
	struct backfill_look *look, const struct batch *batch, struct failure *failure);

/*
 * Wait for the answer to what was asked first.
 *
 * Takes:   batch - what was asked about; ret_seen - one for each of its rows.
 * Returns: OK; as postgres_error.
 */
MUST_CHECK enum error backfill_look_take(struct backfill_look *look, const struct batch *batch,
	struct backfill_seen *ret_seen, struct failure *failure);

#endif
