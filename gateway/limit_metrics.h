/* SPDX-License-Identifier: Apache-2.0 */
/* limit_metrics - the rate limit's rows of the gateway's table of metrics. */
#ifndef INTAKE_GATEWAY_LIMIT_METRICS_H
#define INTAKE_GATEWAY_LIMIT_METRICS_H

#define LIMIT_DECISION(X, id, by, reason)                                                          \
	X(METRIC_LIMIT_##id, "gateway_limit_decisions_total",                                      \
		"by=\"" by "\",reason=\"" reason "\"", COUNTER,                                    \
		"With Redis: whose window decided, and why it was this process's own.", NULL)

/* X(id, name, labels, type, help, buckets) */
#define LIMIT_METRICS(X)                                                                           \
	X(METRIC_LIMIT_KEYS, "gateway_limit_keys", "", GAUGE,                                      \
		"Keys that have a rate-limit window in this process.", NULL)                       \
	X(METRIC_LIMIT_EVICTED, "gateway_limit_evicted_total", "", COUNTER,                        \
		"Windows dropped while they still mattered, because too many keys had one.", NULL) \
	X(METRIC_LIMIT_REDIS_UP, "gateway_limit_redis_up", "", GAUGE,                              \
		"1 while Redis decides limits, 0 while each gateway does so by itself.", NULL)     \
	LIMIT_DECISION(X, BY_REDIS, "redis", "")                                                   \
	LIMIT_DECISION(X, BY_LOCAL_DOWN, "local", "down")                                          \
	LIMIT_DECISION(X, BY_LOCAL_ERROR, "local", "error")                                        \
	LIMIT_DECISION(X, BY_LOCAL_FULL, "local", "full")                                          \
	LIMIT_DECISION(X, BY_LOCAL_TIMEOUT, "local", "timeout")                                    \
	X(METRIC_LIMIT_REDIS_SECONDS, "gateway_limit_redis_seconds", "", HISTOGRAM,                \
		"Seconds that a request waited for Redis' answer, where it came in time.",         \
		metric_seconds_buckets)

#endif
