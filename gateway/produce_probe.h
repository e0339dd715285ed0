/* SPDX-License-Identifier: Apache-2.0 */
/*
 * produce_probe - asks the brokers for the topic.
 *
 * Included only by the files that own the producer (gateway/produce*).
 */
#ifndef INTAKE_GATEWAY_PRODUCE_PROBE_H
#define INTAKE_GATEWAY_PRODUCE_PROBE_H

#include <librdkafka/rdkafka.h>

#include "gateway/produce_errors.h"
#include "shared/error.h"

/*
 * Takes:   trouble - what the client said last that somebody must act on; NULL: nothing.
 * Returns: OK: it is there; ret_replicas: of the partition that has the fewest. E_KAFKA_AWAY, E_NOT_FOUND,
 *          E_KAFKA_REFUSED, E_KAFKA_FATAL with the sentence.
 * Thread:  any but an event loop's: blocks up to timeout_ms.
 */
MUST_CHECK enum error produce_probe(rd_kafka_t *client, rd_kafka_topic_t *topic, int timeout_ms,
	const struct produce_error *trouble, int *ret_replicas, struct failure *failure);

#endif
