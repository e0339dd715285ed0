/* SPDX-License-Identifier: Apache-2.0 */
/* topic_keep - how long the topics keep what they got, and so how old an event can be that is replayed. */
#include "worker/topic_keep.h"

#include <stdlib.h>
#include <string.h>

#include "shared/kafka_topic.h"
#include "worker/topic_look.h"

enum { ANSWER_MS = 10 * 1000, DECIMAL = 10 };

#define FOR_EVER INT64_C(-1)

/* What is not told counts as for ever. */
static int64_t number_of_setting(const struct kafka_topic_settings *settings, const char *name)
{
	const char *text = kafka_topic_setting(settings, name);
	return text ? strtoll(text, NULL, DECIMAL) : FOR_EVER;
}

static int64_t keep_of(const struct kafka_topic_settings *settings)
{
	const char *policy = kafka_topic_setting(settings, "cleanup.policy");
	int64_t retention_ms = number_of_setting(settings, "retention.ms");
	int64_t segment_ms = number_of_setting(settings, "segment.ms");
	if (!policy || !strstr(policy, "delete") || retention_ms < 0 || segment_ms < 0 ||
		retention_ms > INT64_MAX - segment_ms)
		return FOR_EVER;
	return retention_ms + segment_ms;
}

static enum error ask(
	rd_kafka_t *client, const char *topic, int64_t *ret_keep_ms, struct failure *failure)
{
	rd_kafka_topic_partition_list_t *partitions = NULL;
	struct kafka_topic_settings *settings = NULL;
	enum error error = topic_partitions(client, topic, &partitions, failure);
	if (error == E_NOT_FOUND) {
		*ret_keep_ms = 0;
		return OK;
	}
	if (error)
		return error;
	rd_kafka_topic_partition_list_destroy(partitions);
	error = kafka_topic_settings_read(client, topic, ANSWER_MS, &settings, failure);
	if (!error)
		*ret_keep_ms = keep_of(settings);
	kafka_topic_settings_free(settings);
	return error;
}

enum error topic_keep_longest(const struct kafka_settings *kafka, int64_t *ret_keep_ms,
	const char **ret_topic, struct failure *failure)
{
	const char *const topics[] = {kafka->topic, kafka_dead_letter_topic(kafka)};
	rd_kafka_t *client = NULL;
	*ret_topic = topics[0];
	*ret_keep_ms = 0;
	enum error error = topic_client_new(
		kafka, "intake-worker-prune", "intake-worker-prune", "error", &client, failure);
	for (size_t i = 0; i < sizeof(topics) / sizeof(*topics) && !error; i++) {
		int64_t keep_ms = 0;
		error = ask(client, topics[i], &keep_ms, failure);
		if (!error && *ret_keep_ms != FOR_EVER &&
			(keep_ms == FOR_EVER || keep_ms > *ret_keep_ms)) {
			*ret_keep_ms = keep_ms;
			*ret_topic = topics[i];
		}
	}
	topic_client_free(client);
	return error;
}
