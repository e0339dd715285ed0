/* SPDX-License-Identifier: Apache-2.0 */
/* produce_probe - asks the brokers for the topic. */
#include "gateway/produce_probe.h"

#include <limits.h>

static int fewest_replicas(const rd_kafka_metadata_topic_t *topic)
{
	int fewest = INT_MAX;
	for (int i = 0; i < topic->partition_cnt; i++) {
		if (topic->partitions[i].replica_cnt < fewest)
			fewest = topic->partitions[i].replica_cnt;
	}
	return fewest;
}

static enum error read_topic(
	const rd_kafka_metadata_topic_t *topic, int *ret_replicas, struct failure *failure)
{
	switch (topic->err) {
	case RD_KAFKA_RESP_ERR_NO_ERROR:
		break;
	case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
		return failure_set(failure, E_KAFKA_REFUSED,
			"Kafka does not let this login see the topic %s", topic->topic);
	case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
		return failure_set(failure, E_KAFKA_AWAY,
			"the topic %s has no leader at the moment", topic->topic);
	default:
		return failure_set(failure, E_NOT_FOUND,
			"Kafka has no topic %s: run `intake-worker topics create` (%s)",
			topic->topic, rd_kafka_err2name(topic->err));
	}
	if (topic->partition_cnt == 0)
		return failure_set(failure, E_KAFKA_AWAY,
			"the topic %s has no partitions at the moment", topic->topic);
	*ret_replicas = fewest_replicas(topic);
	return OK;
}

enum error produce_probe(rd_kafka_t *client, rd_kafka_topic_t *topic, int timeout_ms,
	const struct produce_error *trouble, int *ret_replicas, struct failure *failure)
{
	const struct rd_kafka_metadata *metadata = NULL;
	rd_kafka_resp_err_t code = rd_kafka_fatal_error(client, NULL, 0);
	if (code)
		return failure_set(failure, E_KAFKA_FATAL,
			"the Kafka producer stopped for good: %s", rd_kafka_err2str(code));
	code = rd_kafka_metadata(client, 0, topic, &metadata, timeout_ms);
	if (code && trouble && trouble->class == PRODUCE_RETRIABLE)
		return failure_set(
			failure, E_KAFKA_REFUSED, "Kafka does not answer: %s", trouble->meaning);
	if (code)
		return failure_set(
			failure, E_KAFKA_AWAY, "Kafka does not answer: %s", rd_kafka_err2str(code));
	enum error error = metadata->topic_cnt == 1
				   ? read_topic(metadata->topics, ret_replicas, failure)
				   : failure_set(failure, E_KAFKA_AWAY, "Kafka tells no topic");
	rd_kafka_metadata_destroy(metadata);
	return error;
}
