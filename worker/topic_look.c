/* SPDX-License-Identifier: Apache-2.0 */
/* topic_look - look at a topic as no member of a group: its partitions, and where they begin and end. */
#include "worker/topic_look.h"

enum { ANSWER_MS = 10 * 1000 };

enum error topic_client_new(const struct kafka_settings *kafka, const char *name, const char *group,
	const char *reset, rd_kafka_t **ret_client, struct failure *failure)
{
	/* As in worker/consumer.c: before 2.2 a queue that was full is looked at a second later, in which it
	 * must not run dry. */
	bool has_queue_backoff = rd_kafka_version() >= 0x02020000;
	const struct kafka_property ours[] = {
		{"group.id", group},
		{"enable.auto.commit", "false"},
		{"enable.auto.offset.store", "false"},
		{"auto.offset.reset", reset},
		{"enable.partition.eof", "true"},
		{NULL, NULL},
	};
	const struct kafka_property defaults[] = {
		{"client.id", name},
		{"check.crcs", "true"},
		{"queued.max.messages.kbytes", has_queue_backoff ? "16384" : "65536"},
		{"queued.min.messages", has_queue_backoff ? "100000" : "200000"},
		{"fetch.wait.max.ms", "50"}, /* what is read has an end, and that is near */
		{has_queue_backoff ? "fetch.queue.backoff.ms" : NULL, "50"},
		{NULL, NULL},
	};
	rd_kafka_conf_t *conf = NULL;
	char reason[256];
	if (kafka_conf_new(kafka, ours, defaults, &conf, failure))
		return failure->error;
	*ret_client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof(reason));
	if (*ret_client) {
		(void)rd_kafka_poll_set_consumer(*ret_client);
		return OK;
	}
	rd_kafka_conf_destroy(conf);
	return failure_set(failure, E_CONFIG, "librdkafka: %s", reason);
}

void topic_client_free(rd_kafka_t *client)
{
	if (client)
		rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

enum error topic_away(const char *topic, const char *why, struct failure *failure)
{
	return failure_set(failure, E_KAFKA_AWAY, "topic %s cannot be read: %s", topic, why);
}

bool topic_is_forbidden(rd_kafka_resp_err_t code)
{
	return code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
	       code == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED;
}

/* Returned owned; NULL: with librdkafka's code. */
static const struct rd_kafka_metadata *ask_metadata(
	rd_kafka_t *client, const char *topic, rd_kafka_resp_err_t *ret_code)
{
	const struct rd_kafka_metadata *metadata = NULL;
	rd_kafka_topic_t *handle = rd_kafka_topic_new(client, topic, NULL);
	rd_kafka_resp_err_t code =
		handle ? rd_kafka_metadata(client, 0, handle, &metadata, ANSWER_MS)
		       : rd_kafka_last_error();
	if (handle)
		rd_kafka_topic_destroy(handle);
	if (!code)
		code = metadata && metadata->topic_cnt == 1
			       ? metadata->topics[0].err
			       : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
	if (code && metadata)
		rd_kafka_metadata_destroy(metadata);
	*ret_code = code;
	return code ? NULL : metadata;
}

static int compare(const void *left, const void *right, void *opaque)
{
	const rd_kafka_topic_partition_t *a = left;
	const rd_kafka_topic_partition_t *b = right;
	(void)opaque;
	return (a->partition > b->partition) - (a->partition < b->partition);
}

enum error topic_partitions(rd_kafka_t *client, const char *topic,
	rd_kafka_topic_partition_list_t **ret_partitions, struct failure *failure)
{
	rd_kafka_resp_err_t code;
	const struct rd_kafka_metadata *metadata = ask_metadata(client, topic, &code);
	if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
		return failure_set(failure, E_NOT_FOUND, "there is no topic %s", topic);
	if (!metadata)
		return topic_away(topic, rd_kafka_err2str(code), failure);
	const struct rd_kafka_metadata_topic *found = &metadata->topics[0];
	*ret_partitions = rd_kafka_topic_partition_list_new(found->partition_cnt);
	for (int i = 0; i < found->partition_cnt; i++)
		rd_kafka_topic_partition_list_add(*ret_partitions, topic, found->partitions[i].id);
	rd_kafka_topic_partition_list_sort(*ret_partitions, compare, NULL);
	rd_kafka_metadata_destroy(metadata);
	return OK;
}

static bool knows_no_times(rd_kafka_resp_err_t code)
{
	return code == RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION ||
	       code == RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT ||
	       code == RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE;
}

enum error topic_offsets(rd_kafka_t *client, rd_kafka_topic_partition_list_t *partitions,
	int64_t time, struct failure *failure)
{
	if (partitions->cnt == 0)
		return OK;
	for (int i = 0; i < partitions->cnt; i++)
		partitions->elems[i].offset = time;
	/* Not rd_kafka_query_watermark_offsets, which may outlive its time-out. */
	rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(client, partitions, ANSWER_MS);
	for (int i = 0; !code && i < partitions->cnt; i++)
		code = partitions->elems[i].err;
	if (!code)
		return OK;
	(void)topic_away(partitions->elems[0].topic, rd_kafka_err2str(code), failure);
	return knows_no_times(code) ? failure->error = E_KAFKA_REFUSED : E_KAFKA_AWAY;
}
