/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backlog - how long an event would wait at Kafka that came now, and whether that is too long.
 *
 * Design notes. An age alone reacts too late: at three times what Kafka takes, three times as much has
 * been let in by the time the oldest event is too old, and then nothing is let in until that is through.
 * So the wait of a newcomer is foretold: events under way / events stored a second (Little's law).
 * That rate is Kafka's only while events wait, else it is the senders': so nothing is foretold before
 * the backlog is a quarter of the time old that it may be, and a burst after silence is none. Where
 * nothing has come back for as long, its age decides.
 *
 * The backlog's age is that of the newest event that was stored. Those that wait for a partition
 * without a leader are overtaken, and while the others are quick nothing is shed for them.
 */
#ifndef INTAKE_GATEWAY_BACKLOG_H
#define INTAKE_GATEWAY_BACKLOG_H

#include <stdbool.h>
#include <stdint.h>

enum { BACKLOG_SLOTS = 8 }; /* of a slot's length each is counted what was stored in it */

/* Times are of the steady clock, in us. */
struct backlog {
	int64_t wait_most_us;
	uint64_t under_way_count; /* without a report */
	int64_t busy_since_us;    /* when the first one after a silence was sent */
	int64_t newest_stored_us; /* when the newest that is stored was sent; at first, as above */
	int64_t stored_us;  /* when the last report of a stored event came; 0: none since then */
	int64_t slot_index; /* of the newest slot, since the clock's start */
	uint32_t stored_in[BACKLOG_SLOTS];
};

/* Takes: wait_most_us - longer is too long. */
void backlog_init(struct backlog *backlog, int64_t wait_most_us);

/* An event goes to Kafka. */
void backlog_send(struct backlog *backlog, int64_t now_us);

/*
 * An event's report is in.
 *
 * Takes: sent_us - that of backlog_send; stored - else it failed, which says nothing of speed.
 */
void backlog_return(struct backlog *backlog, int64_t sent_us, bool stored, int64_t now_us);

/* Whether one more would wait too long. */
bool backlog_is_too_long(const struct backlog *backlog, int64_t now_us);

#endif
