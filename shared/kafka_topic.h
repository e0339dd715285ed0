/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kafka_topic - a topic's settings as the brokers have them.
 *
 * Included only by the files that own librdkafka.
 */
#ifndef INTAKE_SHARED_KAFKA_TOPIC_H
#define INTAKE_SHARED_KAFKA_TOPIC_H

#include <librdkafka/rdkafka.h>

#include "shared/error.h"

struct kafka_topic_settings;

/*
 * Ask the brokers for all settings of a topic, defaults included.
 *
 * Takes:   client - a producer or a consumer, borrowed.
 * Returns: OK, ret_settings owned, free with kafka_topic_settings_free; E_KAFKA_AWAY: no answer;
 *          E_KAFKA_REFUSED: the login may not ask, or the broker cannot say.
 * Thread:  any but an event loop's: blocks up to timeout_ms.
 */
MUST_CHECK enum error kafka_topic_settings_read(rd_kafka_t *client, const char *topic,
	int timeout_ms, struct kafka_topic_settings **ret_settings, struct failure *failure);

/* One setting's value, borrowed from the settings; NULL: not told. */
const char *kafka_topic_setting(const struct kafka_topic_settings *settings, const char *name);

/* Takes NULL too. */
void kafka_topic_settings_free(struct kafka_topic_settings *settings);

#endif
