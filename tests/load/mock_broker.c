/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mock_broker - librdkafka's in-memory broker, made to fail on command.
 *
 *	intake-mock-broker FIFO TOPIC PARTITIONS
 *
 * makes the topic, prints KAFKA_BROKERS=..., then does what the lines of the FIFO say, and prints each
 * behind "done ":
 *
 *	error API NAME COUNT  the next COUNT requests of this API key (0: Produce) are answered so, as
 *	                      NOT_ENOUGH_REPLICAS; _TRANSPORT: the connection is closed instead
 *	clear API             none are
 *	topic NAME            what metadata says of the topic
 *	down | up             the broker goes away, comes back
 *	rtt MS                what each answer takes
 *	end
 */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BROKER = 1, LINE_BYTES = 256, WORDS_MOST = 4, PARTITIONS_MOST = 1000 };

struct broker {
	rd_kafka_mock_cluster_t *cluster;
	const char *topic;
};

static bool code_named(const char *name, rd_kafka_resp_err_t *ret_code)
{
	const struct rd_kafka_err_desc *descriptions = NULL;
	size_t count = 0;
	rd_kafka_get_err_descs(&descriptions, &count);
	for (size_t i = 0; i < count; i++) {
		if (descriptions[i].name && strcmp(descriptions[i].name, name) == 0) {
			*ret_code = descriptions[i].code;
			return true;
		}
	}
	return false;
}

static int number(const char *word)
{
	return (int)strtol(word, NULL, 10);
}

static bool push_errors(struct broker *broker, const char *api, const char *name, const char *count)
{
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
	if (!code_named(name, &code))
		return false;
	for (int i = 0; i < number(count); i++)
		rd_kafka_mock_push_request_errors(broker->cluster, (int16_t)number(api), 1, code);
	return true;
}

static bool set_topic(struct broker *broker, const char *name)
{
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
	if (!code_named(name, &code))
		return false;
	rd_kafka_mock_topic_set_error(broker->cluster, broker->topic, code);
	return true;
}

/* Takes: words - of one command, those that are missing are empty. */
static bool obey(struct broker *broker, char *words[static WORDS_MOST])
{
	const char *verb = words[0];
	if (strcmp(verb, "error") == 0)
		return push_errors(broker, words[1], words[2], words[3]);
	if (strcmp(verb, "topic") == 0)
		return set_topic(broker, words[1]);
	if (strcmp(verb, "rtt") == 0)
		return !rd_kafka_mock_broker_set_rtt(broker->cluster, BROKER, number(words[1]));
	if (strcmp(verb, "down") == 0)
		return !rd_kafka_mock_broker_set_down(broker->cluster, BROKER);
	if (strcmp(verb, "up") == 0)
		return !rd_kafka_mock_broker_set_up(broker->cluster, BROKER);
	if (strcmp(verb, "clear") != 0)
		return false;
	rd_kafka_mock_clear_request_errors(broker->cluster, (int16_t)number(words[1]));
	return true;
}

static bool obey_line(struct broker *broker, const char *line)
{
	char copy[LINE_BYTES];
	char empty[] = "";
	char *words[WORDS_MOST] = {empty, empty, empty, empty};
	char *rest = NULL;
	(void)snprintf(copy, sizeof(copy), "%s", line);
	char *word = strtok_r(copy, " ", &rest);
	for (size_t i = 0; word && i < WORDS_MOST; i++, word = strtok_r(NULL, " ", &rest))
		words[i] = word;
	return obey(broker, words);
}

/* Until "end": the FIFO is open for writing here too, so that it never ends by itself. */
static bool serve(struct broker *broker, const char *path)
{
	char line[LINE_BYTES];
	FILE *commands = fopen(path, "r+");
	if (!commands)
		return false;
	bool good = true;
	while (good && fgets(line, sizeof(line), commands) && strcmp(line, "end\n") != 0) {
		line[strcspn(line, "\n")] = '\0';
		good = obey_line(broker, line);
		(void)printf("%s %s\n", good ? "done" : "not understood:", line);
		(void)fflush(stdout);
	}
	(void)fclose(commands);
	return good;
}

int main(int argc, char **argv)
{
	char text[512];
	long partitions = argc == 4 ? strtol(argv[3], NULL, 10) : 0;
	if (partitions < 1 || partitions > PARTITIONS_MOST) {
		(void)fputs("Usage: intake-mock-broker FIFO TOPIC PARTITIONS\n", stderr);
		return 2;
	}
	rd_kafka_t *client =
		rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), text, sizeof(text));
	if (!client)
		return 1;
	struct broker broker = {rd_kafka_mock_cluster_new(client, 1), argv[2]};
	bool good = broker.cluster &&
		    !rd_kafka_mock_topic_create(broker.cluster, broker.topic, (int)partitions, 1);
	if (good) {
		(void)printf(
			"KAFKA_BROKERS=%s\n", rd_kafka_mock_cluster_bootstraps(broker.cluster));
		(void)fflush(stdout);
		good = serve(&broker, argv[1]);
	}
	if (broker.cluster)
		rd_kafka_mock_cluster_destroy(broker.cluster);
	rd_kafka_destroy(client);
	return good ? 0 : 1;
}
