/* SPDX-License-Identifier: Apache-2.0 */
/* kafka_topic - a topic's settings as the brokers have them. */
#include "shared/kafka_topic.h"

#include <stdlib.h>
#include <string.h>

#include "shared/memory.h"

enum { CLIENT_MS = 500 }; /* the client says itself that there was no answer */

struct kafka_topic_settings {
	rd_kafka_event_t *answer; /* all below is borrowed from it */
	const rd_kafka_ConfigEntry_t **entries;
	size_t count;
};

/* Returned owned; NULL: not even the client answered. */
static rd_kafka_event_t *describe(rd_kafka_t *client, const char *topic, int timeout_ms)
{
	char reason[256];
	rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
	rd_kafka_ConfigResource_t *resource =
		rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
	rd_kafka_AdminOptions_t *options =
		rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
	(void)rd_kafka_AdminOptions_set_request_timeout(
		options, timeout_ms, reason, sizeof(reason));
	rd_kafka_DescribeConfigs(client, &resource, 1, options, queue);
	rd_kafka_event_t *answer = rd_kafka_queue_poll(queue, timeout_ms + CLIENT_MS);
	rd_kafka_AdminOptions_destroy(options);
	rd_kafka_ConfigResource_destroy(resource);
	rd_kafka_queue_destroy(queue);
	return answer;
}

static enum error error_of(rd_kafka_resp_err_t code)
{
	switch (code) {
	case RD_KAFKA_RESP_ERR_NO_ERROR:
		return OK;
	case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION:
	case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
		return E_KAFKA_REFUSED;
	default:
		return E_KAFKA_AWAY;
	}
}

/* Finds the topic's part of the answer. Returns librdkafka's code. */
static rd_kafka_resp_err_t read_answer(struct kafka_topic_settings *settings)
{
	size_t count = 0;
	rd_kafka_resp_err_t code = rd_kafka_event_error(settings->answer);
	if (code)
		return code;
	const rd_kafka_ConfigResource_t **found = rd_kafka_DescribeConfigs_result_resources(
		rd_kafka_event_DescribeConfigs_result(settings->answer), &count);
	if (count == 0)
		return RD_KAFKA_RESP_ERR_UNKNOWN;
	settings->entries = rd_kafka_ConfigResource_configs(*found, &settings->count);
	return rd_kafka_ConfigResource_error(*found);
}

enum error kafka_topic_settings_read(rd_kafka_t *client, const char *topic, int timeout_ms,
	struct kafka_topic_settings **ret_settings, struct failure *failure)
{
	rd_kafka_event_t *answer = describe(client, topic, timeout_ms);
	if (!answer)
		return failure_set(failure, E_KAFKA_AWAY,
			"the Kafka client does not answer for topic %s", topic);
	struct kafka_topic_settings *settings = memory_zeroed(1, sizeof(*settings));
	settings->answer = answer;
	rd_kafka_resp_err_t code = read_answer(settings);
	if (code) {
		kafka_topic_settings_free(settings);
		return failure_set(failure, error_of(code),
			"Kafka does not tell the settings of topic %s: %s", topic,
			rd_kafka_err2str(code));
	}
	*ret_settings = settings;
	return OK;
}

const char *kafka_topic_setting(const struct kafka_topic_settings *settings, const char *name)
{
	for (size_t i = 0; i < settings->count; i++) {
		if (strcmp(rd_kafka_ConfigEntry_name(settings->entries[i]), name) == 0)
			return rd_kafka_ConfigEntry_value(settings->entries[i]);
	}
	return NULL;
}

void kafka_topic_settings_free(struct kafka_topic_settings *settings)
{
	if (!settings)
		return;
	rd_kafka_event_destroy(settings->answer);
	free(settings);
}
