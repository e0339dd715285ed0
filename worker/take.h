/* SPDX-License-Identifier: Apache-2.0 */
/* take - a record from Kafka becomes an event of a batch, or a dead letter of it. */
#ifndef INTAKE_WORKER_TAKE_H
#define INTAKE_WORKER_TAKE_H

#include <librdkafka/rdkafka.h>

#include "shared/arena.h"
#include "shared/error.h"
#include "shared/event.h"
#include "worker/record.h"

/* The record as it came, in one piece of the arena. */
const struct record *take_keep(const rd_kafka_message_t *message, struct arena *arena);

/* The event that a record is. Returns: as event_decode. */
MUST_CHECK enum error take_decode(const struct record *record, struct arena *arena,
	struct event *ret_event, struct failure *failure);

#endif
