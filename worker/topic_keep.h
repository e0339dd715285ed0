/* SPDX-License-Identifier: Apache-2.0 */
/* topic_keep - how long the topics keep what they got, and so how old an event can be that is replayed. */
#ifndef INTAKE_WORKER_TOPIC_KEEP_H
#define INTAKE_WORKER_TOPIC_KEEP_H

#include <stdint.h>

#include "shared/error.h"
#include "shared/kafka.h"

/*
 * Ask Kafka for the longest time that the contacts' topic or the dead letters' keeps a record.
 *
 * A segment goes as a whole, when its youngest record is old enough: so a record can live for
 * retention.ms + segment.ms. A topic that is not there keeps nothing.
 *
 * Returns: OK, ret_keep_ms is -1 where one of them keeps records for ever, and ret_topic its name, borrowed
 *          from the settings; E_CONFIG; E_KAFKA_AWAY; E_KAFKA_REFUSED: the login may not ask.
 */
MUST_CHECK enum error topic_keep_longest(const struct kafka_settings *kafka, int64_t *ret_keep_ms,
	const char **ret_topic, struct failure *failure);

#endif
