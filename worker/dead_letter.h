/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dead_letter - records that can never be applied, kept in a topic of their own with the reason.
 *
 * A dead letter has the record's key, value and headers, and the headers named here (contract
 * section 3). One record may stand there twice, where its delivery report was lost: the two name the
 * same topic, partition and offset.
 *
 * Thread: the one that made it.
 */
#ifndef INTAKE_WORKER_DEAD_LETTER_H
#define INTAKE_WORKER_DEAD_LETTER_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/error.h"
#include "worker/dead_reason.h"
#include "worker/record.h"

/* Names of the headers; values are text. Those of a record that comes here again are replaced. */
#define DEAD_LETTER_PREFIX "dead_letter."
#define DEAD_LETTER_REASON "dead_letter.reason"     /* one of DEAD_REASONS */
#define DEAD_LETTER_SQLSTATE "dead_letter.sqlstate" /* only where Postgres has refused it */
#define DEAD_LETTER_MESSAGE "dead_letter.message"   /* a sentence; never a value of the record */
#define DEAD_LETTER_TOPIC "dead_letter.topic"
#define DEAD_LETTER_PARTITION "dead_letter.partition"
#define DEAD_LETTER_OFFSET "dead_letter.offset"
#define DEAD_LETTER_TIMESTAMP "dead_letter.timestamp" /* Kafka's, ms since 1970; -1: none */
/* How often it has come here: 1, or one more than the record's own header of this name says. */
#define DEAD_LETTER_ATTEMPTS "dead_letter.attempts"
/*
 * Of a record that is no dead letter: the offset of one in the same partition that was redriven. It has
 * neither key nor value.
 */
#define DEAD_LETTER_REDRIVEN "dead_letter.redriven"

struct dead_letter {
	const struct record *record; /* borrowed */
	enum dead_reason reason;
	const char *sqlstate; /* borrowed; "": not Postgres */
	const char *message;  /* borrowed */
	bool durable;         /* every in-sync replica has it */
};

struct dead_letters;
struct kafka_settings;

/*
 * Nothing is connected to before there is something to write.
 *
 * Takes:   kafka - borrowed, as long as this lives.
 * Returns: owned, free with dead_letters_free.
 */
struct dead_letters *dead_letters_new(const struct kafka_settings *kafka);

/* Takes NULL too. What is on its way is given up. */
void dead_letters_free(struct dead_letters *dead_letters);

/* Whether librdkafka takes the configuration. Returns: OK; E_CONFIG. */
MUST_CHECK enum error dead_letters_check(
	const struct kafka_settings *kafka, struct failure *failure);

/*
 * Write those that are not durable yet, and wait for their delivery reports.
 *
 * Takes:   stop_fd - readable: give up.
 * Returns: OK: all are durable; E_KAFKA_AWAY: some are not, the failure says why; call again.
 */
MUST_CHECK enum error dead_letters_write(struct dead_letters *dead_letters,
	struct dead_letter *letters, size_t count, int stop_fd, struct failure *failure);

#endif
