/* SPDX-License-Identifier: Apache-2.0 */
/*
 * topic - sets a topic's settings, as kafka-configs does, without a Java program to start.
 *
 *	intake-topic BROKERS TOPIC NAME=VALUE...
 *
 * All its other settings become the cluster's defaults.
 */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_MS = 20 * 1000 };

static int complain(const char *why)
{
	(void)fprintf(stderr, "intake-topic: %s\n", why);
	return 1;
}

/* Returns what went wrong; NULL: nothing. Takes: event - owned by the caller; NULL: no answer. */
static const char *problem_of(const rd_kafka_event_t *event)
{
	size_t count = 0;
	if (!event)
		return "no answer in time";
	if (rd_kafka_event_error((rd_kafka_event_t *)event))
		return rd_kafka_event_error_string((rd_kafka_event_t *)event);
	const rd_kafka_ConfigResource_t **resources = rd_kafka_AlterConfigs_result_resources(
		rd_kafka_event_AlterConfigs_result((rd_kafka_event_t *)event), &count);
	return count && rd_kafka_ConfigResource_error(*resources)
		       ? rd_kafka_ConfigResource_error_string(*resources)
		       : NULL;
}

static int alter(rd_kafka_t *client, const char *topic, char **settings)
{
	rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
	rd_kafka_ConfigResource_t *resource =
		rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
	for (; *settings; settings++) {
		char *equals = strchr(*settings, '=');
		if (!equals)
			return complain("NAME=VALUE");
		*equals = '\0';
		(void)rd_kafka_ConfigResource_set_config(resource, *settings, equals + 1);
	}
	rd_kafka_AlterConfigs(client, &resource, 1, NULL, queue);
	rd_kafka_event_t *event = rd_kafka_queue_poll(queue, ANSWER_MS);
	const char *problem = problem_of(event);
	int code = problem ? complain(problem) : 0;
	if (event)
		rd_kafka_event_destroy(event);
	rd_kafka_ConfigResource_destroy(resource);
	rd_kafka_queue_destroy(queue);
	return code;
}

int main(int argc, char **argv)
{
	char reason[256];
	if (argc < 4)
		return complain("BROKERS TOPIC NAME=VALUE...");
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	(void)rd_kafka_conf_set(conf, "bootstrap.servers", argv[1], reason, sizeof(reason));
	rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof(reason));
	if (!client)
		return complain(reason);
	int code = alter(client, argv[2], argv + 3);
	rd_kafka_destroy(client);
	return code;
}
