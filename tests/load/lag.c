/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lag - how many of a topic's records a consumer group has not committed yet, asked from outside.
 *
 *	intake-lag BROKERS GROUP TOPIC [NOT]
 *
 * NOT: a partition that is left out.
 *
 * Prints one number: over all partitions, the end of the log less the committed offset (less the
 * beginning of the log where nothing was committed).
 */
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ASK_MS = 10000 };

static rd_kafka_t *client_new(const char *brokers, const char *group)
{
	char text[512] = "";
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_conf_res_t result =
		rd_kafka_conf_set(conf, "bootstrap.servers", brokers, text, sizeof text);
	if (!result)
		result = rd_kafka_conf_set(conf, "group.id", group, text, sizeof text);
	rd_kafka_t *rk = result ? NULL : rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof text);
	if (!rk)
		(void)fprintf(stderr, "intake-lag: %s\n", text);
	return rk;
}

/* The topic's partitions; count 0 when it cannot be found. */
static rd_kafka_topic_partition_list_t *partitions_of(rd_kafka_t *rk, const char *topic)
{
	const struct rd_kafka_metadata *metadata = NULL;
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
	rd_kafka_topic_t *handle = rd_kafka_topic_new(rk, topic, NULL);
	if (!rd_kafka_metadata(rk, 0, handle, &metadata, ASK_MS) && metadata->topic_cnt == 1)
		for (int i = 0; i < metadata->topics[0].partition_cnt; i++)
			(void)rd_kafka_topic_partition_list_add(
				list, topic, metadata->topics[0].partitions[i].id);
	if (metadata)
		rd_kafka_metadata_destroy(metadata);
	rd_kafka_topic_destroy(handle);
	return list;
}

static int sum_lag(rd_kafka_t *rk, rd_kafka_topic_partition_list_t *list, int64_t *ret_lag)
{
	rd_kafka_resp_err_t err = rd_kafka_committed(rk, list, ASK_MS);
	*ret_lag = 0;
	for (int i = 0; i < list->cnt && !err; i++) {
		const rd_kafka_topic_partition_t *partition = &list->elems[i];
		int64_t low = 0, high = 0;
		err = rd_kafka_query_watermark_offsets(
			rk, partition->topic, partition->partition, &low, &high, ASK_MS);
		*ret_lag += high - (partition->offset < 0 ? low : partition->offset);
	}
	if (err)
		(void)fprintf(stderr, "intake-lag: %s\n", rd_kafka_err2str(err));
	return err ? 1 : 0;
}

int main(int argc, char **argv)
{
	if (argc != 4 && argc != 5) {
		(void)fputs("Usage: intake-lag BROKERS GROUP TOPIC [NOT]\n", stderr);
		return 2;
	}
	rd_kafka_t *rk = client_new(argv[1], argv[2]);
	if (!rk)
		return 1;
	int64_t lag = 0;
	rd_kafka_topic_partition_list_t *list = partitions_of(rk, argv[3]);
	if (argc == 5)
		(void)rd_kafka_topic_partition_list_del(
			list, argv[3], (int32_t)strtol(argv[4], NULL, 10));
	int code = list->cnt ? sum_lag(rk, list, &lag) : 1;
	if (code == 0)
		(void)printf("%" PRId64 "\n", lag);
	rd_kafka_topic_partition_list_destroy(list);
	rd_kafka_destroy_flags(rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	return code;
}
