/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backfill_lane - reads ranges of partitions, judges their events, and applies them or only says what it saw.
 *
 * Design notes. Three slices are on their way at once: while Postgres writes one and looks at the contacts
 * of the next, a third is read from Kafka. What a slice is judged by is looked up behind the writes
 * of the one before, on the same connection: so a contact's events are judged in the order of the log.
 *
 * In an empty table a look finds nothing. After slices whose contacts were all new the next are taken to be
 * so, and inserted by a statement that fails where one is not; then they are looked up after all.
 *
 * Thread: the one that opened it.
 */
#ifndef INTAKE_WORKER_BACKFILL_LANE_H
#define INTAKE_WORKER_BACKFILL_LANE_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/error.h"
#include "worker/backfill_apply.h"
#include "worker/backfill_job.h"
#include "worker/backfill_link.h"
#include "worker/backfill_look.h"
#include "worker/backfill_pace.h"
#include "worker/backfill_reader.h"
#include "worker/backfill_slice.h"
#include "worker/business_set.h"
#include "worker/config.h"

/* What all lanes of a process do. Borrowed, all of it. */
struct backfill_plan {
	const struct worker_config *config;
	const char *topic;
	const struct business_set *businesses; /* only their events are applied */
	struct backfill_mistakes mistakes;
	bool is_rehearsal; /* nothing is written */
	bool values;       /* of the table, where all of a contact's events were applied */
	bool accept_gaps;
	bool dead_letters;          /* are written for bad records */
	struct backfill_pace *pace; /* of all lanes together */
	int signal_fd;              /* readable: stop behind what is under way */
};

/* Whom the lane tells; each but `user` may be NULL. */
struct backfill_lane_hooks {
	struct backfill_judge judge;
	/* Whether the event is taken this time; NULL: a record that is none, or is of another business. */
	bool (*takes)(void *user, const struct event *event);
	/* The slice is judged, and written where it is to be. */
	void (*on_slice)(void *user, int32_t partition, const struct backfill_slice *slice);
	void *user;
};

enum { BACKFILL_SLICES = 3 };

struct backfill_lane {
	const struct backfill_plan *plan;
	struct backfill_lane_hooks hooks;
	struct kafka_settings kafka; /* the plan's, with its topic */
	struct backfill_reader *reader;
	struct backfill_link link;
	struct backfill_look *look;
	struct backfill_target target;
	struct backfill_slice slices[BACKFILL_SLICES];
	size_t slice_at;
	struct backfill_slice
		*looked; /* its look is under way, unless it is assumed; NULL: none is */
	struct backfill_slice *written; /* its writes are under way; NULL: none are */
	int64_t busy_us;                /* Postgres was, since the last pause */
	/* Where all contacts are new, as in an empty table, looks are left out until one was not. */
	size_t new_slices; /* in a row, so many were new */
	size_t new_wanted; /* before a look is left out; twice as many after each mistake */
	bool is_enough;    /* a hook may set it: end the range behind what is under way */
};

/*
 * Takes:   plan - borrowed; hooks - copied; name - of the connection, as "intake-worker backfill 1".
 * Returns: OK; E_CONFIG; as upsert_open. Either way backfill_lane_close it.
 */
MUST_CHECK enum error backfill_lane_open(struct backfill_lane *lane,
	const struct backfill_plan *plan, const struct backfill_lane_hooks *hooks, const char *name,
	struct failure *failure);

/* Takes a half-open one too. */
void backfill_lane_close(struct backfill_lane *lane);

/*
 * Work through the range, until it is done or the lane is told to stop.
 *
 * Takes:   lease - of a rehearsal: nobody's, partition, next and to are set.
 * Returns: OK, lease->next is behind what is done; E_PENDING: another process has the partition, or the job
 *          was cancelled; E_NOT_FOUND: retention has taken part of it, and gaps are not accepted; as
 *          backfill_reader_next and postgres_error say: the lane is of no more use.
 */
MUST_CHECK enum error backfill_lane_run(
	struct backfill_lane *lane, struct backfill_lease *lease, struct failure *failure);

/* Wait. True: the lane is to stop. */
bool backfill_plan_is_stopped(const struct backfill_plan *plan, int64_t wait_ms);

#endif
