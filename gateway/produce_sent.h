/* SPDX-License-Identifier: Apache-2.0 */
/*
 * produce_sent - when the Kafka client last sent events to a broker.
 *
 * An event that was queued after that is in no broker, whatever its report says: this is the certainty
 * that "not stored" rests on, since a report tells the last error only, not what became of earlier
 * tries.
 */
#ifndef INTAKE_GATEWAY_PRODUCE_SENT_H
#define INTAKE_GATEWAY_PRODUCE_SENT_H

#include <librdkafka/rdkafka.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct produce_sent {
	_Atomic int64_t last_us; /* steady clock; 0: never */
};

/* Takes: sent - must live as long as the client that is made of conf. */
void produce_sent_watch(rd_kafka_conf_t *conf, struct produce_sent *sent);

/* Whether any Produce request was sent, whole, since then. Thread: any that has the event's report. */
bool produce_sent_since(const struct produce_sent *sent, int64_t steady_us);

#endif
