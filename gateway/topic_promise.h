/* SPDX-License-Identifier: Apache-2.0 */
/* topic_promise - which settings of the topic keep "202 means stored" from being true. */
#ifndef INTAKE_GATEWAY_TOPIC_PROMISE_H
#define INTAKE_GATEWAY_TOPIC_PROMISE_H

#include <stdbool.h>
#include <stddef.h>

enum topic_setting {
	TOPIC_CLEANUP_POLICY,
	TOPIC_TIMESTAMP_TYPE,
	TOPIC_MIN_INSYNC_REPLICAS,
	TOPIC_RETENTION_MS,
	TOPIC_UNCLEAN_ELECTION,
	TOPIC_SETTING_COUNT
};

/* Kafka's names of them. */
extern const char *const topic_setting_names[TOPIC_SETTING_COUNT];

struct topic_facts {
	int replicas;                            /* of the partition that has the fewest */
	const char *values[TOPIC_SETTING_COUNT]; /* borrowed; NULL: not told */
};

enum { TOPIC_FINDINGS_MOST = TOPIC_SETTING_COUNT + 1, TOPIC_VALUE_BYTES = 32 };

struct topic_finding {
	const char *setting;
	char is[TOPIC_VALUE_BYTES];
	const char *wanted;
	const char *why; /* what it leads to, without a full stop */
	bool broken;     /* the promise does not hold; else: it holds, and is weak */
};

/*
 * Compare what the topic is with what the promise needs. What was not told is not judged.
 *
 * Returns: how many findings were written; none: all is well.
 */
size_t topic_promise_check(const struct topic_facts *facts,
	struct topic_finding ret_findings[static TOPIC_FINDINGS_MOST]);

#endif
