/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backfill_rehearsal - reads a range without writing: what a dry run and a verification have in common.
 *
 * Thread: one.
 */
#ifndef INTAKE_WORKER_BACKFILL_REHEARSAL_H
#define INTAKE_WORKER_BACKFILL_REHEARSAL_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/error.h"
#include "worker/backfill_bounds.h"
#include "worker/backfill_lane.h"
#include "worker/backfill_notes.h"

struct backfill_rehearsal {
	/* Set before; borrowed. */
	const struct backfill_plan *plan;
	const struct backfill_bounds *bounds;
	const char *job;  /* for programs: what the notes are about */
	bool json;        /* so are notes written */
	bool show_values; /* e-mail, name and phone may be in notes */
	void (*tick)(void *user, int64_t offsets, int64_t done);
	void *user;

	/* Its own. */
	int64_t offsets; /* to be read, all passes together */
	int64_t done;
	struct backfill_lane lane;
};

/*
 * Takes:   hooks - on_slice has to call backfill_rehearsal_tick.
 * Returns: as backfill_lane_open. Either way backfill_rehearsal_close it.
 */
MUST_CHECK enum error backfill_rehearsal_open(struct backfill_rehearsal *rehearsal,
	const struct backfill_lane_hooks *hooks, struct failure *failure);

void backfill_rehearsal_close(struct backfill_rehearsal *rehearsal);

/*
 * Read all ranges once.
 *
 * Takes:   on_range - told which one begins, may be NULL.
 * Returns: OK: done, or lane.is_enough was set; E_CANCELLED: told to stop; as backfill_lane_run.
 */
MUST_CHECK enum error backfill_rehearsal_pass(struct backfill_rehearsal *rehearsal,
	void (*on_range)(void *user, size_t range), void *user, struct failure *failure);

/* A slice of the lane's range is done. */
void backfill_rehearsal_tick(
	struct backfill_rehearsal *rehearsal, const struct backfill_slice *slice);

/* ---- notes: what is told of an event */

/* Its place and whose it is. With values, its address too. */
void backfill_note_begin(struct buf *out, const struct backfill_rehearsal *rehearsal,
	const char *kind, const struct batch_event *event);

/* Names of fields, of a set of enum backfill_state's. */
void backfill_note_fields(
	struct buf *out, const struct backfill_rehearsal *rehearsal, unsigned fields);

/* What the table has and what the event has, of those fields; nothing unless values are shown. */
void backfill_note_values(struct buf *out, const struct backfill_rehearsal *rehearsal,
	const struct batch_event *event, const struct backfill_seen *seen, unsigned fields);

void backfill_note_end(struct buf *out, const struct backfill_rehearsal *rehearsal);

#endif
