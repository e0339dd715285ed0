/* SPDX-License-Identifier: Apache-2.0 */
/*
 * topic_look - look at a topic as no member of a group: its partitions, and where they begin and end.
 *
 * Included only by the files that own librdkafka. All waits are bounded.
 */
#ifndef INTAKE_WORKER_TOPIC_LOOK_H
#define INTAKE_WORKER_TOPIC_LOOK_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

#include "shared/error.h"
#include "shared/kafka.h"

/*
 * A consumer that joins nothing and commits nothing.
 *
 * Takes:   name - what it is called in the brokers' logs. group - librdkafka wants one; it is only asked what
 *          it has committed, if that. reset - auto.offset.reset: "error" or "earliest".
 * Returns: OK, ret_client owned (topic_client_free); E_CONFIG.
 */
MUST_CHECK enum error topic_client_new(const struct kafka_settings *kafka, const char *name,
	const char *group, const char *reset, rd_kafka_t **ret_client, struct failure *failure);

/* Takes NULL too. */
void topic_client_free(rd_kafka_t *client);

/* "topic T cannot be read: why". Returns: E_KAFKA_AWAY. */
enum error topic_away(const char *topic, const char *why, struct failure *failure);

/* Whether an error that comes in place of a record is for want of rights: librdkafka does not get over it. */
bool topic_is_forbidden(rd_kafka_resp_err_t code);

/*
 * All partitions of a topic.
 *
 * Takes:   client - a consumer.
 * Returns: OK, ret_partitions owned (rd_kafka_topic_partition_list_destroy), in order; E_NOT_FOUND: there is
 *          no such topic; E_KAFKA_AWAY.
 */
MUST_CHECK enum error topic_partitions(rd_kafka_t *client, const char *topic,
	rd_kafka_topic_partition_list_t **ret_partitions, struct failure *failure);

/*
 * Set each partition's offset: of the first record that Kafka got at `time` or later.
 *
 * Takes:   time - wall clock in ms; or RD_KAFKA_OFFSET_BEGINNING, RD_KAFKA_OFFSET_END.
 * Returns: OK, an offset below 0 says that there is no such record; E_KAFKA_REFUSED: this broker knows no
 *          times; E_KAFKA_AWAY.
 */
MUST_CHECK enum error topic_offsets(rd_kafka_t *client, rd_kafka_topic_partition_list_t *partitions,
	int64_t time, struct failure *failure);

#endif
