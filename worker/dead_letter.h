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
#include "shared/kafka.h"
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

/* X(id, name, the code that has this reason, what it means) */
#define DEAD_REASONS(X)                                                                            \
	X(DEAD_TOMBSTONE, "tombstone", E_RECORD_TOMBSTONE, "the record has no value")              \
	X(DEAD_UNKNOWN_TYPE, "unknown_type", E_RECORD_TYPE,                                        \
		"the headers are not those of a contact.received.v1 event")                        \
	X(DEAD_UNDECODABLE, "undecodable", E_RECORD_UNDECODABLE,                                   \
		"the value is not a JSON object, or is too long")                                  \
	X(DEAD_INVALID, "invalid", E_RECORD_INVALID,                                               \
		"id, business or contact break a rule that every accepted event keeps")            \
	X(DEAD_BUSINESS_GONE, "business_gone", E_BUSINESS_GONE, "the business does not exist")     \
	X(DEAD_REFUSED, "refused", E_POSTGRES_DATA,                                                \
		"Postgres refuses it: a constraint, a trigger or a type")

enum dead_reason {
#define X(id, name, code, sentence) id,
	DEAD_REASONS(X)
#undef X
		DEAD_REASON_COUNT
};

/* As in the header. Static. */
const char *dead_reason_name(enum dead_reason reason);

/* Takes: error - one whose blame is POISON. */
enum dead_reason dead_reason_of(enum error error);

struct dead_letter {
	const struct record *record; /* borrowed */
	enum dead_reason reason;
	const char *sqlstate; /* borrowed; "": not Postgres */
	const char *message;  /* borrowed */
	bool durable;         /* every in-sync replica has it */
};

struct dead_letters;

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
