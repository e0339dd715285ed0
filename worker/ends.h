/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ends - where the partitions of a worker end, asked for every few seconds by a thread of its own.
 *
 * How long ago Kafka answered is worker_lag_age_seconds: no rebalance, and no lack of partitions, hides that it is away.
 *
 * A fetch brings the end with it; but nothing is fetched for a lane that waits or a partition that is paused, and
 * that is when somebody looks how far behind the worker is.
 */
#ifndef INTAKE_WORKER_ENDS_H
#define INTAKE_WORKER_ENDS_H

#include <librdkafka/rdkafka.h>
#include <stdint.h>

struct ends;

/* Takes: client - a consumer; borrowed, as topic is. Returns: owned, end with ends_stop. */
struct ends *ends_start(rd_kafka_t *client, const char *topic);

/* Waits for a question that is under way, a bounded time. Takes NULL too. */
void ends_stop(struct ends *ends);

/*
 * The offset behind the partition's last record, as of a few seconds ago. Whoever asks about a partition has it
 * looked at next time; what nobody asks about is not.
 *
 * Returns: PROGRESS_NONE: not known yet. While Kafka does not answer, what it said last.
 * Thread:  any.
 */
int64_t ends_of(struct ends *ends, int32_t partition);

#endif
