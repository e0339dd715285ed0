/* SPDX-License-Identifier: Apache-2.0 */
/* topics - `intake-worker topics create`: the topics as the promise needs them (contract section 3). */
#include "worker/topics.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/buf.h"
#include "shared/kafka.h"
#include "shared/kafka_topic.h"
#include "shared/program.h"
#include "worker/config.h"

enum {
	ANSWER_MS = 30 * 1000,
	TOPIC_COUNT = 2,
	CONFIGS_MOST = 8,
	PARTITIONS_DEFAULT = 12,
	REPLICATION_DEFAULT = 3,
	BROKERS_FEWEST = 3, /* for the default replication */
	IN_SYNC_REPLICAS = 2,
};

/* What a topic should be. */
struct topic {
	const char *name;
	int partitions;
	int replication;
	struct kafka_property configs[CONFIGS_MOST]; /* ends with name NULL */
};

/* What became of it. */
struct finding {
	bool created;
	int partitions;
	int replication;
	struct buf differences; /* JSON objects, separated by commas */
	struct buf text;        /* the same for people */
};

struct topics_options {
	int partitions;
	int replication; /* 0: by the number of brokers */
	bool json;
};

static enum error make_client(
	const struct kafka_settings *settings, rd_kafka_t **ret_client, struct failure *failure)
{
	static const struct kafka_property none[] = {{NULL, NULL}};
	static const struct kafka_property defaults[] = {
		{"client.id", "intake-worker-topics"},
		{NULL, NULL},
	};
	rd_kafka_conf_t *conf = NULL;
	char reason[256];
	enum error error = kafka_conf_new(settings, none, defaults, &conf, failure);
	if (error)
		return error;
	*ret_client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof(reason));
	if (*ret_client)
		return OK;
	rd_kafka_conf_destroy(conf);
	return failure_set(failure, E_CONFIG, "librdkafka: %s", reason);
}

static enum error kafka_error(struct failure *failure, const char *what, const char *why)
{
	return failure_set(failure, E_KAFKA_AWAY, "%s: %s", what, why);
}

static enum error count_brokers(rd_kafka_t *client, int *ret_count, struct failure *failure)
{
	const struct rd_kafka_metadata *metadata = NULL;
	rd_kafka_resp_err_t error = rd_kafka_metadata(client, 0, NULL, &metadata, ANSWER_MS);
	if (error)
		return kafka_error(failure, "Kafka does not answer", rd_kafka_err2str(error));
	*ret_count = metadata->broker_cnt;
	rd_kafka_metadata_destroy(metadata);
	return OK;
}

static void plan(const struct kafka_settings *settings, const struct topics_options *options,
	struct topic topics[static TOPIC_COUNT])
{
	const char *in_sync = options->replication >= IN_SYNC_REPLICAS ? "2" : "1";
	const struct topic both[TOPIC_COUNT] = {
		{settings->topic, options->partitions, options->replication,
			{
				{"cleanup.policy", "delete"},
				{"message.timestamp.type", "LogAppendTime"},
				{"min.insync.replicas", in_sync},
				{"retention.ms", "1209600000"}, /* 14 days */
				{"unclean.leader.election.enable", "false"},
			}},
		{kafka_dead_letter_topic(settings), options->partitions, options->replication,
			{
				{"cleanup.policy", "delete"},
				/* The default of the other topic (1048588), and room for the reason. */
				{"max.message.bytes", "2097152"},
				{"message.timestamp.type", "LogAppendTime"},
				{"min.insync.replicas", in_sync},
				{"retention.ms", "7776000000"}, /* 90 days */
				{"unclean.leader.election.enable", "false"},
			}},
	};
	memcpy(topics, both, sizeof(both));
}

/* Wait for an admin request's result. Returned owned; NULL: none, with the reason. */
static rd_kafka_event_t *admin_result(
	rd_kafka_queue_t *queue, const char *what, struct failure *failure)
{
	rd_kafka_event_t *event = rd_kafka_queue_poll(queue, ANSWER_MS);
	if (event && !rd_kafka_event_error(event))
		return event;
	(void)kafka_error(
		failure, what, event ? rd_kafka_event_error_string(event) : "no answer in time");
	if (event)
		rd_kafka_event_destroy(event);
	return NULL;
}

static enum error read_created(const rd_kafka_event_t *event, const struct topic *topics,
	struct finding *findings, struct failure *failure)
{
	size_t count = 0;
	const rd_kafka_topic_result_t **results = rd_kafka_CreateTopics_result_topics(
		rd_kafka_event_CreateTopics_result((rd_kafka_event_t *)event), &count);
	for (size_t i = 0; i < count; i++) {
		rd_kafka_resp_err_t error = rd_kafka_topic_result_error(results[i]);
		findings[i].created = !error;
		findings[i].partitions = topics[i].partitions;
		findings[i].replication = topics[i].replication;
		if (error && error != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
			return failure_set(failure, E_KAFKA_AWAY, "topic %s cannot be made: %s",
				rd_kafka_topic_result_name(results[i]),
				rd_kafka_topic_result_error_string(results[i]));
	}
	return OK;
}

static enum error create(rd_kafka_t *client, rd_kafka_queue_t *queue, const struct topic *topics,
	struct finding *findings, struct failure *failure)
{
	rd_kafka_NewTopic_t *wanted[TOPIC_COUNT] = {NULL};
	rd_kafka_AdminOptions_t *options =
		rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_CREATETOPICS);
	char reason[256] = "";
	enum error error = OK;
	(void)rd_kafka_AdminOptions_set_operation_timeout(
		options, ANSWER_MS / 2, reason, sizeof(reason));
	for (size_t i = 0; i < TOPIC_COUNT && !error; i++) {
		wanted[i] = rd_kafka_NewTopic_new(topics[i].name, topics[i].partitions,
			topics[i].replication, reason, sizeof(reason));
		if (!wanted[i])
			error = failure_set(
				failure, E_CONFIG, "topic %s: %s", topics[i].name, reason);
		for (const struct kafka_property *config = topics[i].configs;
			!error && config->name; config++)
			(void)rd_kafka_NewTopic_set_config(wanted[i], config->name, config->value);
	}
	if (!error) {
		rd_kafka_CreateTopics(client, wanted, TOPIC_COUNT, options, queue);
		rd_kafka_event_t *event = admin_result(queue, "the topics cannot be made", failure);
		error = event ? read_created(event, topics, findings, failure) : failure->error;
		if (event)
			rd_kafka_event_destroy(event);
	}
	for (size_t i = 0; i < TOPIC_COUNT && wanted[i]; i++)
		rd_kafka_NewTopic_destroy(wanted[i]);
	rd_kafka_AdminOptions_destroy(options);
	return error;
}

static void add_difference(
	struct finding *finding, const char *setting, const char *is, const char *wanted)
{
	if (strcmp(is, wanted) == 0)
		return;
	struct buf *json = &finding->differences;
	buf_add_text(json, json->len ? ",{\"setting\":" : "{\"setting\":");
	buf_add_json(json, span_of(setting));
	buf_add_text(json, ",\"is\":");
	buf_add_json(json, span_of(is));
	buf_add_text(json, ",\"wanted\":");
	buf_add_json(json, span_of(wanted));
	buf_add_char(json, '}');
	buf_printf(&finding->text, "\n    %s is %s, wanted %s", setting, is, wanted);
}

static void add_number_difference(struct finding *finding, const char *setting, int is, int wanted)
{
	char is_text[16];
	char wanted_text[16];
	(void)snprintf(is_text, sizeof(is_text), "%d", is);
	(void)snprintf(wanted_text, sizeof(wanted_text), "%d", wanted);
	add_difference(finding, setting, is_text, wanted_text);
}

static enum error compare_shape(rd_kafka_t *client, const struct topic *topic,
	struct finding *finding, struct failure *failure)
{
	const struct rd_kafka_metadata *metadata = NULL;
	rd_kafka_topic_t *handle = rd_kafka_topic_new(client, topic->name, NULL);
	rd_kafka_resp_err_t error =
		handle ? rd_kafka_metadata(client, 0, handle, &metadata, ANSWER_MS)
		       : rd_kafka_last_error();
	if (handle)
		rd_kafka_topic_destroy(handle);
	if (error || !metadata)
		return kafka_error(failure, topic->name, rd_kafka_err2str(error));
	const struct rd_kafka_metadata_topic *found = metadata->topics;
	finding->partitions = found->partition_cnt;
	finding->replication = found->partition_cnt ? found->partitions->replica_cnt : 0;
	add_number_difference(finding, "partitions", finding->partitions, topic->partitions);
	add_number_difference(finding, "replication", finding->replication, topic->replication);
	rd_kafka_metadata_destroy(metadata);
	return OK;
}

static enum error compare_configs(rd_kafka_t *client, const struct topic *topic,
	struct finding *finding, struct failure *failure)
{
	struct kafka_topic_settings *settings = NULL;
	enum error error =
		kafka_topic_settings_read(client, topic->name, ANSWER_MS, &settings, failure);
	if (error)
		return error;
	for (const struct kafka_property *config = topic->configs; config->name; config++) {
		const char *is = kafka_topic_setting(settings, config->name);
		add_difference(finding, config->name, is ? is : "not set", config->value);
	}
	kafka_topic_settings_free(settings);
	return OK;
}

static void print_finding(const struct topic *topic, struct finding *finding, bool json)
{
	if (json) {
		struct buf line = {0};
		buf_add_text(&line, "{\"topic\":");
		buf_add_json(&line, span_of(topic->name));
		buf_printf(&line,
			",\"created\":%s,\"partitions\":%d,\"replication\":%d,\"differences\":[%s]"
			"}",
			finding->created ? "true" : "false", finding->partitions,
			finding->replication, buf_text(&finding->differences));
		(void)puts(buf_text(&line));
		buf_fini(&line);
	} else if (finding->created) {
		(void)printf("%s: made, %d partitions, replication %d\n", topic->name,
			topic->partitions, topic->replication);
	} else if (finding->text.len == 0) {
		(void)printf("%s: is there, and is as it should be\n", topic->name);
	} else {
		(void)printf("%s: is there, nothing was changed; what differs:%s\n", topic->name,
			buf_text(&finding->text));
	}
}

static enum error create_and_compare(rd_kafka_t *client, const struct topic *topics,
	struct finding *findings, struct failure *failure)
{
	rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
	enum error error = create(client, queue, topics, findings, failure);
	for (size_t i = 0; i < TOPIC_COUNT && !error; i++) {
		if (findings[i].created)
			continue;
		error = compare_shape(client, &topics[i], &findings[i], failure);
		if (!error)
			error = compare_configs(client, &topics[i], &findings[i], failure);
	}
	rd_kafka_queue_destroy(queue);
	return error;
}

static enum error choose_replication(
	rd_kafka_t *client, struct topics_options *options, struct failure *failure)
{
	int brokers = 0;
	enum error error = count_brokers(client, &brokers, failure);
	if (error || options->replication)
		return error;
	options->replication = brokers < BROKERS_FEWEST ? 1 : REPLICATION_DEFAULT;
	if (brokers < BROKERS_FEWEST)
		(void)fprintf(stderr,
			"warning: Kafka has %d broker%s, so a topic is kept once "
			"(replication 1, min.insync.replicas 1): a disk that is lost takes "
			"accepted contacts with it. Three brokers keep them.\n",
			brokers, brokers == 1 ? "" : "s");
	return OK;
}

static enum error topics_create(const struct kafka_settings *settings,
	struct topics_options *options, struct failure *failure)
{
	rd_kafka_t *client = NULL;
	struct topic topics[TOPIC_COUNT];
	struct finding findings[TOPIC_COUNT] = {0};
	enum error error = make_client(settings, &client, failure);
	if (error)
		return error;
	error = choose_replication(client, options, failure);
	if (!error) {
		plan(settings, options, topics);
		error = create_and_compare(client, topics, findings, failure);
	}
	for (size_t i = 0; i < TOPIC_COUNT; i++) {
		if (!error)
			print_finding(&topics[i], &findings[i], options->json);
		buf_fini(&findings[i].differences);
		buf_fini(&findings[i].text);
	}
	rd_kafka_destroy(client);
	return error;
}

/* Takes: text - NULL: not given, keeps what is there. */
static bool read_count(const char *option, const char *text, int most, int *ret_count)
{
	char *end = NULL;
	if (!text)
		return true;
	long count = strtol(text, &end, 10);
	if (end == text || *end || count < 1 || count > most) {
		(void)fprintf(stderr, "%s: must be a whole number from 1 to %d\n", option, most);
		return false;
	}
	*ret_count = (int)count;
	return true;
}

static bool read_options(int argc, char **argv, struct topics_options *ret_options)
{
	const char *partitions = NULL;
	const char *replication = NULL;
	*ret_options = (struct topics_options){.partitions = PARTITIONS_DEFAULT};
	const struct program_option known[] = {
		{.name = "--partitions", .value = &partitions},
		{.name = "--replication", .value = &replication},
		{.name = "--json", .given = &ret_options->json},
		{.name = NULL},
	};
	return !program_options(argc, argv, known) &&
	       read_count("--partitions", partitions, 10000, &ret_options->partitions) &&
	       read_count("--replication", replication, SHRT_MAX, &ret_options->replication);
}

static int run(const struct worker_config *config, struct topics_options *options)
{
	struct failure failure = {0};
	if (config->kafka.embedded) {
		(void)fputs(
			"The embedded broker makes its topics itself (KAFKA_EMBEDDED).\n", stderr);
		return EXIT_USAGE;
	}
	enum error error = topics_create(&config->kafka, options, &failure);
	if (!error)
		return EXIT_DONE;
	(void)fprintf(stderr, "%s\n", failure.detail);
	return error == E_CONFIG ? EXIT_USAGE : EXIT_FAILED;
}

int topics_create_command(int argc, char **argv)
{
	struct topics_options options;
	struct worker_config config;
	struct buf problems = {0};
	int code = EXIT_USAGE;
	if (!read_options(argc, argv, &options))
		return EXIT_USAGE;
	program_harden();
	if (config_load(&config, CONFIG_KAFKA, &problems))
		(void)fputs(buf_text(&problems), stderr);
	else
		code = run(&config, &options);
	buf_fini(&problems);
	config_free(&config);
	return code;
}
