/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kafka - setting up librdkafka clients.
 *
 * Included only by the files that own librdkafka (gateway/produce, worker/consume ...).
 */
#ifndef INTAKE_SHARED_KAFKA_H
#define INTAKE_SHARED_KAFKA_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

#include "shared/error.h"
#include "shared/settings.h"

struct kafka_settings {
	char *brokers;
	char *topic;             /* CONTACTS_TOPIC */
	char *dead_letter_topic; /* CONTACTS_DEAD_LETTER_TOPIC; default: "<topic>.dead-letter" */
	bool embedded;           /* KAFKA_EMBEDDED: librdkafka's in-memory broker, for trying out */
};

/* Rows for a program's table. Offsets are those of struct kafka_settings. */
extern const struct setting kafka_setting_rows[];
extern const size_t kafka_setting_count;

/* One `property=value` that our own code needs. */
struct kafka_property {
	const char *name;
	const char *value;
};

/*
 * A configuration: brokers, `defaults`, then every KAFKA_PROPERTY_* of the environment
 * (KAFKA_PROPERTY_SECURITY_PROTOCOL=SASL_SSL -> security.protocol; NAME_FILE reads a file), then
 * `ours`: properties that carry the promises (acks, idempotence, offset store), which the environment
 * may not name.
 *
 * librdkafka's log lines go to our log as event=kafka.log.
 *
 * Takes:   ours, defaults - each ends with name NULL.
 * Returns: OK, ret_conf owned (rd_kafka_conf_destroy, or rd_kafka_new takes it);
 *          E_CONFIG with the sentence, which holds no value.
 */
MUST_CHECK enum error kafka_conf_new(const struct kafka_settings *settings,
	const struct kafka_property *ours, const struct kafka_property *defaults,
	rd_kafka_conf_t **ret_conf, struct failure *failure);

/* Topic for records that cannot be applied. Borrowed. */
const char *kafka_dead_letter_topic(const struct kafka_settings *settings);

/* Fills what depends on other settings. Call once after settings_load. */
void kafka_settings_complete(struct kafka_settings *settings);

#endif
