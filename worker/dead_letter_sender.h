/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dead_letter_sender - sends dead letters back to the topic they come from, and notes each that Kafka has.
 *
 * Design notes. The note is a record in the dead letter's own partition, written once the event's delivery
 * report is there. Who is killed in between leaves an event without its note; sent again, it has the same
 * id and so the same version, and changes nothing. (One transaction for both would be exact, but its markers
 * take offsets in the topic, and the worker tells every gap in them.)
 *
 * Thread: the one that opened it.
 */
#ifndef INTAKE_WORKER_DEAD_LETTER_SENDER_H
#define INTAKE_WORKER_DEAD_LETTER_SENDER_H

#include <stddef.h>

#include "shared/error.h"
#include "shared/kafka.h"
#include "worker/dead_letter_view.h"
#include "worker/record.h"

struct dead_letter_sender;

/* What was sent. */
struct dead_letter_ticket {
	struct uuid id;
	int32_t partition; /* of the dead letter */
	int64_t offset;
};

/* Called once the topic has the event and the dead letters have the note. */
typedef void dead_letter_sent(void *user, const struct dead_letter_ticket *ticket);

/*
 * Takes:   kafka - borrowed, as long as the sender lives.
 * Returns: OK, ret_sender owned (dead_letter_sender_close); E_CONFIG.
 */
MUST_CHECK enum error dead_letter_sender_open(const struct kafka_settings *kafka,
	dead_letter_sent *sent, void *user, struct dead_letter_sender **ret_sender,
	struct failure *failure);

/* What is on its way is given up. Takes NULL too. */
void dead_letter_sender_close(struct dead_letter_sender *sender);

/*
 * Send the record as it came, less the headers that made it a dead letter, but for the number of attempts.
 * Waits a bounded time while as many are on their way as may be.
 *
 * Takes:   view - of the record, which is a valid event of the topic.
 * Returns: OK; E_KAFKA_AWAY: this one, or one before, was not stored.
 */
MUST_CHECK enum error dead_letter_sender_send(struct dead_letter_sender *sender,
	const struct record *record, const struct dead_letter_view *view, struct failure *failure);

/* Take the reports that are there. Returns: as dead_letter_sender_send. */
MUST_CHECK enum error dead_letter_sender_serve(
	struct dead_letter_sender *sender, struct failure *failure);

/* Wait for all that is on its way, a bounded time. Returns: as dead_letter_sender_send. */
MUST_CHECK enum error dead_letter_sender_finish(
	struct dead_letter_sender *sender, struct failure *failure);

#endif
