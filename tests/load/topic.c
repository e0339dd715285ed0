/* SPDX-License-Identifier: Apache-2.0 */
/*
 * topic - does to a topic what operators and time do, without a Java program to start.
 *
 *	intake-topic BROKERS TOPIC NAME=VALUE...             its settings; all others become the defaults
 *	intake-topic BROKERS TOPIC --partitions N            it has so many from now on
 *	intake-topic BROKERS TOPIC --cut PARTITION:OFFSET    what stands before is gone; -1: all
 *	intake-topic BROKERS TOPIC --delete
 *	intake-topic BROKERS TOPIC --forget GROUP            the group has committed nothing; it is empty
 */
#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_MS = 20 * 1000, REASON_BYTES = 256 };

struct request {
	rd_kafka_t *client;
	rd_kafka_queue_t *answers;
	const char *topic;
	char reason[REASON_BYTES];
};

static int complain(const char *why)
{
	(void)fprintf(stderr, "intake-topic: %s\n", why);
	return 1;
}

/* All of the following: false where the arguments make no request, or librdkafka refuses it. */

static bool set(struct request *request, char **settings)
{
	rd_kafka_ConfigResource_t *resource =
		rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, request->topic);
	bool understood = true;
	for (; *settings && understood; settings++) {
		char *equals = strchr(*settings, '=');
		understood = equals != NULL;
		if (!equals)
			break;
		*equals = '\0';
		(void)rd_kafka_ConfigResource_set_config(resource, *settings, equals + 1);
	}
	if (understood)
		rd_kafka_AlterConfigs(request->client, &resource, 1, NULL, request->answers);
	rd_kafka_ConfigResource_destroy(resource);
	return understood;
}

static bool set_partitions(struct request *request, const char *number)
{
	rd_kafka_NewPartitions_t *partitions = rd_kafka_NewPartitions_new(request->topic,
		(size_t)strtoul(number, NULL, 10), request->reason, sizeof(request->reason));
	if (!partitions)
		return false;
	rd_kafka_CreatePartitions(request->client, &partitions, 1, NULL, request->answers);
	rd_kafka_NewPartitions_destroy(partitions);
	return true;
}

static bool cut(struct request *request, const char *where)
{
	const char *colon = strchr(where, ':');
	if (!colon)
		return false;
	rd_kafka_topic_partition_list_t *offsets = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_list_add(offsets, request->topic, (int32_t)strtol(where, NULL, 10))
		->offset = strtoll(colon + 1, NULL, 10);
	rd_kafka_DeleteRecords_t *records = rd_kafka_DeleteRecords_new(offsets);
	rd_kafka_DeleteRecords(request->client, &records, 1, NULL, request->answers);
	rd_kafka_DeleteRecords_destroy(records);
	rd_kafka_topic_partition_list_destroy(offsets);
	return true;
}

static bool remove_topic(struct request *request)
{
	rd_kafka_DeleteTopic_t *topic = rd_kafka_DeleteTopic_new(request->topic);
	rd_kafka_DeleteTopics(request->client, &topic, 1, NULL, request->answers);
	rd_kafka_DeleteTopic_destroy(topic);
	return true;
}

static bool forget(struct request *request, const char *name)
{
	rd_kafka_DeleteGroup_t *group = rd_kafka_DeleteGroup_new(name);
	rd_kafka_DeleteGroups(request->client, &group, 1, NULL, request->answers);
	rd_kafka_DeleteGroup_destroy(group);
	return true;
}

static bool ask(struct request *request, char **arguments)
{
	if (strcmp(arguments[0], "--delete") == 0)
		return remove_topic(request);
	if (strncmp(arguments[0], "--", 2) != 0)
		return set(request, arguments);
	if (!arguments[1])
		return false;
	if (strcmp(arguments[0], "--partitions") == 0)
		return set_partitions(request, arguments[1]);
	if (strcmp(arguments[0], "--cut") == 0)
		return cut(request, arguments[1]);
	return strcmp(arguments[0], "--forget") == 0 && forget(request, arguments[1]);
}

static const char *topic_problem(const rd_kafka_topic_result_t *const *results, size_t count)
{
	return count && rd_kafka_topic_result_error(*results)
		       ? rd_kafka_err2str(rd_kafka_topic_result_error(*results))
		       : NULL;
}

static const char *group_problem(rd_kafka_event_t *event)
{
	size_t count = 0;
	const rd_kafka_group_result_t **results = rd_kafka_DeleteGroups_result_groups(
		rd_kafka_event_DeleteGroups_result(event), &count);
	const rd_kafka_error_t *error = count ? rd_kafka_group_result_error(*results) : NULL;
	return error ? rd_kafka_error_string(error) : NULL;
}

static const char *setting_problem(rd_kafka_event_t *event)
{
	size_t count = 0;
	const rd_kafka_ConfigResource_t **resources = rd_kafka_AlterConfigs_result_resources(
		rd_kafka_event_AlterConfigs_result(event), &count);
	return count && rd_kafka_ConfigResource_error(*resources)
		       ? rd_kafka_ConfigResource_error_string(*resources)
		       : NULL;
}

static const char *cut_problem(rd_kafka_event_t *event)
{
	const rd_kafka_topic_partition_list_t *offsets =
		rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event));
	return offsets->cnt && offsets->elems[0].err ? rd_kafka_err2str(offsets->elems[0].err)
						     : NULL;
}

/* What went wrong; NULL: nothing. Takes: event - NULL: no answer. */
static const char *problem_of(rd_kafka_event_t *event)
{
	size_t count = 0;
	if (!event)
		return "no answer in time";
	if (rd_kafka_event_error(event))
		return rd_kafka_event_error_string(event);
	const rd_kafka_topic_result_t **topics = NULL;
	switch (rd_kafka_event_type(event)) {
	case RD_KAFKA_EVENT_CREATEPARTITIONS_RESULT:
		topics = rd_kafka_CreatePartitions_result_topics(
			rd_kafka_event_CreatePartitions_result(event), &count);
		return topic_problem(topics, count);
	case RD_KAFKA_EVENT_DELETETOPICS_RESULT:
		topics = rd_kafka_DeleteTopics_result_topics(
			rd_kafka_event_DeleteTopics_result(event), &count);
		return topic_problem(topics, count);
	case RD_KAFKA_EVENT_DELETERECORDS_RESULT:
		return cut_problem(event);
	case RD_KAFKA_EVENT_DELETEGROUPS_RESULT:
		return group_problem(event);
	default:
		return setting_problem(event);
	}
}

static int run(struct request *request, char **arguments)
{
	if (!ask(request, arguments))
		return complain(*request->reason ? request->reason : "its first lines say how");
	rd_kafka_event_t *event = rd_kafka_queue_poll(request->answers, ANSWER_MS);
	const char *problem = problem_of(event);
	int code = problem ? complain(problem) : 0;
	if (event)
		rd_kafka_event_destroy(event);
	return code;
}

int main(int argc, char **argv)
{
	struct request request = {.topic = argc > 2 ? argv[2] : NULL};
	if (argc < 4)
		return complain("BROKERS TOPIC and what to do; its first lines say how");
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	(void)rd_kafka_conf_set(
		conf, "bootstrap.servers", argv[1], request.reason, sizeof(request.reason));
	request.client =
		rd_kafka_new(RD_KAFKA_PRODUCER, conf, request.reason, sizeof(request.reason));
	if (!request.client)
		return complain(request.reason);
	request.answers = rd_kafka_queue_new(request.client);
	int code = run(&request, argv + 3);
	rd_kafka_queue_destroy(request.answers);
	rd_kafka_destroy(request.client);
	return code;
}
