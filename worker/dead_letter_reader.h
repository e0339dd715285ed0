/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dead_letter_reader - the dead-letter topic from its beginning to the end it had when it was opened.
 *
 * It is no member of a group and commits nothing, so that any number may read at the same time.
 * Thread: the one that opened it.
 */
#ifndef INTAKE_WORKER_DEAD_LETTER_READER_H
#define INTAKE_WORKER_DEAD_LETTER_READER_H

#include "shared/error.h"
#include "shared/kafka.h"
#include "worker/record.h"

struct dead_letter_reader;

/*
 * Find the partitions and where each ends now; all waits are bounded.
 *
 * Takes:   kafka - borrowed, as long as the reader lives.
 * Returns: OK, ret_reader owned (dead_letter_reader_close); E_CONFIG; E_NOT_FOUND: there is no such topic;
 *          E_KAFKA_AWAY.
 */
MUST_CHECK enum error dead_letter_reader_open(const struct kafka_settings *kafka,
	struct dead_letter_reader **ret_reader, struct failure *failure);

/* Takes NULL too. */
void dead_letter_reader_close(struct dead_letter_reader *reader);

/* How many offsets there are to read, at most, from the beginning. */
int64_t dead_letter_reader_count(const struct dead_letter_reader *reader);

/* The first offset that is read of a partition. Takes: partition - of a record that was read. */
int64_t dead_letter_reader_start(const struct dead_letter_reader *reader, int32_t partition);

/* Begin from the beginning (again). Returns: OK; E_KAFKA_AWAY. */
MUST_CHECK enum error dead_letter_reader_rewind(
	struct dead_letter_reader *reader, struct failure *failure);

/*
 * Wait for the next record, a bounded time.
 *
 * Takes:   wait_ms - how long, before E_PENDING.
 * Returns: OK, ret_record borrowed until the next call; E_NOT_FOUND: all have been read; E_PENDING: none
 *          came so far; E_KAFKA_AWAY: Kafka has been silent for too long, or has refused.
 */
MUST_CHECK enum error dead_letter_reader_next(struct dead_letter_reader *reader, int wait_ms,
	struct record *ret_record, struct failure *failure);

#endif
