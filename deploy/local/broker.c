/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broker - an in-memory Kafka broker, for trying Intake out.
 *
 * librdkafka's mock cluster in a process of its own. What it holds is gone when it ends; it keeps 5
 *MB of a partition and drops what is older; its timestamps are made up. Never for production.
 *
 *	intake-broker contacts:12 contacts.dead-letter:12
 *
 * creates the topics, prints KAFKA_BROKERS=... and runs until SIGTERM or SIGINT.
 */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BROKER_COUNT = 1, PARTITIONS_MAX = 1000, TOPIC_NAME_BYTES = 250 };

static const char usage[] = "Usage: intake-broker TOPIC:PARTITIONS...\n"
			    "An in-memory Kafka broker on loopback, for trying Intake out: what it "
			    "holds ends with it.\n";

static int complain(const char *what, const char *detail)
{
	(void)fprintf(stderr, "intake-broker: %s: %s\n", what, detail);
	return 1;
}

/* "contacts:12" -> "contacts", 12. */
static bool parse_topic(const char *text, char name[static TOPIC_NAME_BYTES], int *ret_partitions)
{
	const char *colon = strrchr(text, ':');
	if (!colon || colon == text || colon - text >= TOPIC_NAME_BYTES)
		return false;
	char *end = NULL;
	long partitions = strtol(colon + 1, &end, 10);
	if (end == colon + 1 || *end || partitions < 1 || partitions > PARTITIONS_MAX)
		return false;
	size_t len = (size_t)(colon - text);
	memcpy(name, text, len);
	name[len] = '\0';
	*ret_partitions = (int)partitions;
	return true;
}

static int create_topics(rd_kafka_mock_cluster_t *cluster, int count, char **topics)
{
	for (int i = 0; i < count; i++) {
		char name[TOPIC_NAME_BYTES];
		int partitions = 0;
		if (!parse_topic(topics[i], name, &partitions))
			return complain("not TOPIC:PARTITIONS", topics[i]);
		rd_kafka_resp_err_t err =
			rd_kafka_mock_topic_create(cluster, name, partitions, BROKER_COUNT);
		if (err)
			return complain(topics[i], rd_kafka_err2str(err));
	}
	return 0;
}

/* The signals are blocked in every thread, so that sigwait gets them. */
static int run_until_signal(rd_kafka_mock_cluster_t *cluster, const sigset_t *signals)
{
	int taken = 0;
	(void)printf("KAFKA_BROKERS=%s\n", rd_kafka_mock_cluster_bootstraps(cluster));
	if (fflush(stdout))
		return complain("stdout", "cannot be written");
	return sigwait(signals, &taken) ? complain("sigwait", "failed") : 0;
}

static int serve(int count, char **topics, const sigset_t *signals)
{
	char text[512];
	rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), text, sizeof text);
	if (!rk)
		return complain("librdkafka", text);
	rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(rk, BROKER_COUNT);
	int code = cluster ? create_topics(cluster, count, topics)
			   : complain("mock cluster", "cannot be made");
	if (code == 0)
		code = run_until_signal(cluster, signals);
	if (cluster)
		rd_kafka_mock_cluster_destroy(cluster);
	rd_kafka_destroy(rk);
	return code;
}

int main(int argc, char **argv)
{
	if (argc < 2 || strcmp(argv[1], "--help") == 0) {
		(void)fputs(usage, argc < 2 ? stderr : stdout);
		return argc < 2 ? 2 : 0;
	}
	sigset_t signals;
	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &signals, NULL);
	return serve(argc - 1, argv + 1, &signals);
}
