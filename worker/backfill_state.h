/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backfill_state - what an event would make of a contact, as upsert.sql decides it.
 *
 * One event at a time, in the order of the log: so what each event comes to depends on no batch, and a dry
 * run counts what the real run counts. The table's statement folds a batch, which ends alike.
 */
#ifndef INTAKE_WORKER_BACKFILL_STATE_H
#define INTAKE_WORKER_BACKFILL_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/event.h"
#include "shared/span.h"
#include "shared/uuid.h"

/* What became of an event. */
enum backfill_fate {
	BACKFILL_INSERTED,  /* there was no such contact */
	BACKFILL_UPDATED,   /* a value changed */
	BACKFILL_UNCHANGED, /* newer, with the values that were there: versions moved */
	BACKFILL_STALE,     /* not newer than the contact, or older than its deletion */
};

/* Sets of fields. */
enum { BACKFILL_NAME = 1, BACKFILL_PHONE = 2, BACKFILL_STATUS = 4 };

/* A contact, as far as it decides. Versions that are all zero are null: older than all. */
struct backfill_state {
	struct uuid name_version;
	struct uuid phone_version;
	struct uuid status_version;
	uint64_t name;  /* backfill_print of it */
	uint64_t phone; /* the same; 0: null */
	bool exists;
	bool is_active;
	struct uuid deleted; /* what is not newer is stale; all zero: never deleted */
};

/* 64 bits by which values are compared. Not 0, but for one that is absent. */
uint64_t backfill_print(struct span value);

/* A row that is newer than every event in every field. */
void backfill_state_newest(struct backfill_state *ret_state);

/*
 * Apply an event.
 *
 * Takes:   ret_fields - set to those whose value has changed.
 * Returns: what became of it; the state has moved.
 */
enum backfill_fate backfill_state_apply(
	struct backfill_state *state, const struct event *event, unsigned *ret_fields);

#endif
