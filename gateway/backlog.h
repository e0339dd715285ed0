/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backlog - how long an event would wait at Kafka that came now, and whether that is too long.
 *
 * Design notes. An age alone reacts too late: at three times what Kafka takes, three times as much has
 * been let in by the time the oldest event is too old, and then nothing is let in until that is through.
 * So the wait of a newcomer is foretold: events ahead of it / events stored a second (Little's law).
 * That rate is Kafka's only while events wait, else it is the senders': so nothing is foretold before
 * the backlog is a quarter of the time old that it may be, and a burst after silence is none. Where
 * nothing has come back for as long, its age decides.
 *
 * What counts as ahead, and as the backlog's age, goes by the newest event that was stored. One that
 * waits for a partition without a leader is overtaken and does not make the others late.
 */
#ifndef INTAKE_GATEWAY_BACKLOG_H
#define INTAKE_GATEWAY_BACKLOG_H

#include <stdbool.h>
#include <stdint.h>

enum { BACKLOG_SLOTS = 8 }; /* of a slot's length each is counted what was stored in it */

/* Times are of the steady clock, in us. */
struct backlog {
	int64_t wait_most_us;
	uint64_t sent_count;      /* ever; an event's number is the count with it */
	uint64_t under_way_count; /* without a report */
	uint64_t stored_number;   /* the newest event that is stored */
	int64_t current_us;       /* when that one was sent, or the first one after a silence */
	int64_t busy_since_us;    /* when that first one was sent */
	int64_t stored_us;  /* when the last report of a stored event came; 0: none since then */
	int64_t slot_index; /* of the newest slot, since the clock's start */
	uint32_t stored_in[BACKLOG_SLOTS];
};

/* Takes: wait_most_us - longer is too long. */
void backlog_init(struct backlog *backlog, int64_t wait_most_us);

/* An event goes to Kafka. Returns: its number. */
uint64_t backlog_send(struct backlog *backlog, int64_t now_us);

/*
 * An event's report is in.
 *
 * Takes: number, sent_us - of backlog_send; stored - else it failed, which says nothing of speed.
 */
void backlog_return(
	struct backlog *backlog, uint64_t number, int64_t sent_us, bool stored, int64_t now_us);

/* Whether one more would wait too long. */
bool backlog_is_too_long(const struct backlog *backlog, int64_t now_us);

#endif
