/* SPDX-License-Identifier: Apache-2.0 */
/* topic_promise - which settings of the topic keep "202 means stored" from being true. */
#include "gateway/topic_promise.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RETENTION_LEAST_MS = 24 * 60 * 60 * 1000 };

const char *const topic_setting_names[TOPIC_SETTING_COUNT] = {
	[TOPIC_CLEANUP_POLICY] = "cleanup.policy",
	[TOPIC_TIMESTAMP_TYPE] = "message.timestamp.type",
	[TOPIC_MIN_INSYNC_REPLICAS] = "min.insync.replicas",
	[TOPIC_RETENTION_MS] = "retention.ms",
	[TOPIC_UNCLEAN_ELECTION] = "unclean.leader.election.enable",
};

/* One rule. Returns whether there is something to say; wanted and why are then set. */
typedef bool topic_rule(
	const struct topic_facts *facts, const char *value, struct topic_finding *finding);

static bool check_cleanup(
	const struct topic_facts *facts, const char *value, struct topic_finding *finding)
{
	(void)facts;
	finding->broken = true;
	finding->wanted = "delete";
	finding->why = "compaction loses a phone that only an older event has";
	return strstr(value, "compact") != NULL;
}

static bool check_timestamp(
	const struct topic_facts *facts, const char *value, struct topic_finding *finding)
{
	(void)facts;
	finding->wanted = "LogAppendTime";
	finding->why = "Kafka's clock is not told, so a gateway with a wrong one goes unnoticed";
	return strcmp(value, "LogAppendTime") != 0;
}

static bool check_in_sync(
	const struct topic_facts *facts, const char *value, struct topic_finding *finding)
{
	long in_sync = strtol(value, NULL, 10);
	finding->broken = true;
	finding->wanted = facts->replicas > 1 ? "2" : "1";
	if (in_sync > facts->replicas) {
		finding->why = "nothing can be stored, the topic has fewer replicas";
		return true;
	}
	finding->why = "one broker that is lost takes accepted contacts with it";
	return facts->replicas > 1 && in_sync < 2;
}

static bool check_retention(
	const struct topic_facts *facts, const char *value, struct topic_finding *finding)
{
	(void)facts;
	int64_t retention_ms = strtoll(value, NULL, 10);
	finding->wanted = "1209600000";
	finding->why = "workers that stand still for longer lose accepted contacts";
	return retention_ms >= 0 && retention_ms < RETENTION_LEAST_MS;
}

/* A topic without a second replica has nobody to elect. */
static bool check_election(
	const struct topic_facts *facts, const char *value, struct topic_finding *finding)
{
	finding->broken = true;
	finding->wanted = "false";
	finding->why = "a broker that lags can take the lead, and drop accepted contacts";
	return facts->replicas > 1 && strcmp(value, "true") == 0;
}

static topic_rule *const rules[TOPIC_SETTING_COUNT] = {
	[TOPIC_CLEANUP_POLICY] = check_cleanup,
	[TOPIC_TIMESTAMP_TYPE] = check_timestamp,
	[TOPIC_MIN_INSYNC_REPLICAS] = check_in_sync,
	[TOPIC_RETENTION_MS] = check_retention,
	[TOPIC_UNCLEAN_ELECTION] = check_election,
};

static size_t check_replication(const struct topic_facts *facts, struct topic_finding *ret_finding)
{
	if (facts->replicas > 1)
		return 0;
	*ret_finding = (struct topic_finding){
		.setting = "replication",
		.wanted = "3",
		.why = "a disk that is lost takes accepted contacts with it",
	};
	(void)snprintf(ret_finding->is, sizeof(ret_finding->is), "%d", facts->replicas);
	return 1;
}

size_t topic_promise_check(const struct topic_facts *facts,
	struct topic_finding ret_findings[static TOPIC_FINDINGS_MOST])
{
	size_t count = check_replication(facts, ret_findings);
	for (size_t i = 0; i < TOPIC_SETTING_COUNT; i++) {
		const char *value = facts->values[i];
		struct topic_finding finding = {.setting = topic_setting_names[i]};
		if (!value || !rules[i](facts, value, &finding))
			continue;
		(void)snprintf(finding.is, sizeof(finding.is), "%s", value);
		ret_findings[count++] = finding;
	}
	return count;
}
