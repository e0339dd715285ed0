/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backfill_reader - the records of a range of a partition.
 *
 * It is no member of a group and commits nothing: the live workers do not notice it.
 * Thread: the one that opened it.
 */
#ifndef INTAKE_WORKER_BACKFILL_READER_H
#define INTAKE_WORKER_BACKFILL_READER_H

#include <stdint.h>

#include "shared/arena.h"
#include "shared/error.h"
#include "shared/kafka.h"
#include "worker/backfill_job.h"
#include "worker/record.h"

struct backfill_reader;

/*
 * Takes:   kafka, topic - borrowed, as long as the reader lives.
 * Returns: OK, ret_reader owned (backfill_reader_close); E_CONFIG.
 */
MUST_CHECK enum error backfill_reader_open(const struct kafka_settings *kafka, const char *topic,
	struct backfill_reader **ret_reader, struct failure *failure);

/* Takes NULL too. */
void backfill_reader_close(struct backfill_reader *reader);

/* The first offset that the partition still has. Returns: OK; E_KAFKA_AWAY. */
MUST_CHECK enum error backfill_reader_start(struct backfill_reader *reader, int32_t partition,
	int64_t *ret_offset, struct failure *failure);

/* Read this range from now on. Returns: OK; E_KAFKA_AWAY. */
MUST_CHECK enum error backfill_reader_seek(struct backfill_reader *reader,
	const struct backfill_range *range, struct failure *failure);

/*
 * Wait for the range's next record, a bounded time.
 *
 * Takes:   wait_ms - how long, before E_PENDING; arena - the record is copied into it.
 * Returns: OK, ret_record in the arena; E_NOT_FOUND: the range has been read; E_PENDING: none came so
 *          far; E_OFFSET_GONE: Kafka has the next one no more; E_KAFKA_AWAY: it has been silent for too long.
 */
MUST_CHECK enum error backfill_reader_next(struct backfill_reader *reader, int wait_ms,
	struct arena *arena, const struct record **ret_record, struct failure *failure);

#endif
