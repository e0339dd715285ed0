/* SPDX-License-Identifier: Apache-2.0 */
/*
 * consume_only - the Kafka client alone, with the worker's settings: what no worker that uses this library
 * on this machine can be cheaper than.
 *
 * Usage: intake-bench-consume-only BROKERS TOPIC EVENTS [headers]. Reads the topic's first EVENTS records,
 * with "headers" the headers of each too. Prints the CPU a record took, in us.
 */
#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "shared/ensure.h"

enum { TEXT_BYTES = 256, METADATA_MS = 10000, WAIT_MS = 1000 };

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
	char reason[TEXT_BYTES];
	ensure(rd_kafka_conf_set(conf, name, value, reason, sizeof(reason)) == RD_KAFKA_CONF_OK);
}

static rd_kafka_t *make_client(const char *brokers)
{
	static const char *const properties[][2] = {
		{"group.id", "bench"},
		{"enable.auto.commit", "false"},
		{"check.crcs", "true"},
		{"fetch.max.bytes", "4194304"},
		{"queued.min.messages", "100000"},
	};
	char reason[TEXT_BYTES];
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	set(conf, "bootstrap.servers", brokers);
	for (size_t i = 0; i < sizeof(properties) / sizeof(*properties); i++)
		set(conf, properties[i][0], properties[i][1]);
	rd_kafka_t *client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof(reason));
	ensure(client);
	ensure(!rd_kafka_poll_set_consumer(client));
	return client;
}

/* All partitions, from their beginnings. */
static void assign(rd_kafka_t *client, const char *name)
{
	const struct rd_kafka_metadata *metadata;
	rd_kafka_topic_t *topic = rd_kafka_topic_new(client, name, NULL);
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	ensure(!rd_kafka_metadata(client, 0, topic, &metadata, METADATA_MS));
	for (int i = 0; i < metadata->topics[0].partition_cnt; i++)
		rd_kafka_topic_partition_list_add(list, name, i)->offset =
			RD_KAFKA_OFFSET_BEGINNING;
	ensure(!rd_kafka_assign(client, list));
	rd_kafka_topic_partition_list_destroy(list);
	rd_kafka_metadata_destroy(metadata);
	rd_kafka_topic_destroy(topic);
}

/* Returns: the bytes of what the worker looks at, so that nothing of it can be left out. */
static size_t look_at(const rd_kafka_message_t *message, bool with_headers)
{
	rd_kafka_headers_t *headers;
	const char *name;
	const void *value;
	size_t bytes = message->len;
	size_t len;
	if (!with_headers || rd_kafka_message_headers(message, &headers))
		return bytes;
	for (size_t i = 0; !rd_kafka_header_get_all(headers, i, &name, &value, &len); i++)
		bytes += len;
	return bytes;
}

static double cpu_us(void)
{
	struct rusage usage;
	ensure(getrusage(RUSAGE_SELF, &usage) == 0);
	return ((double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec) * 1e6 +
	       (double)usage.ru_utime.tv_usec + (double)usage.ru_stime.tv_usec;
}

int main(int argc, char **argv)
{
	bool with_headers = argc == 5 && strcmp(argv[4], "headers") == 0;
	if (argc != 4 && !with_headers) {
		(void)fputs("usage: intake-bench-consume-only BROKERS TOPIC EVENTS [headers]\n",
			stderr);
		return 2;
	}
	rd_kafka_t *client = make_client(argv[1]);
	rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(client);
	long events = strtol(argv[3], NULL, 10);
	size_t bytes = 0;
	assign(client, argv[2]);
	for (long read = 0; read < events;) {
		rd_kafka_message_t *message = rd_kafka_consume_queue(queue, WAIT_MS);
		if (!message)
			continue;
		if (!message->err) {
			bytes += look_at(message, with_headers);
			read++;
		}
		rd_kafka_message_destroy(message);
	}
	(void)printf("%.2f\n", cpu_us() / (double)events);
	rd_kafka_queue_destroy(queue);
	(void)rd_kafka_consumer_close(client);
	rd_kafka_destroy(client);
	return bytes ? 0 : 1;
}
