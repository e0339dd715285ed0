/* SPDX-License-Identifier: Apache-2.0 */
/* key_metrics - the series about keys, for gateway/metrics.h. */
#ifndef INTAKE_GATEWAY_KEY_METRICS_H
#define INTAKE_GATEWAY_KEY_METRICS_H

#define KEY_CACHE_ANSWER(X, id, answer)                                                            \
	X(METRIC_KEY_CACHE_##id, "gateway_key_cache_total", "answer=\"" answer "\"", COUNTER,      \
		"Requests by what the key cache said; a miss is looked up, away is a known key "   \
		"let in because Postgres could not be asked.",                                     \
		NULL)
#define KEY_CACHE_ENTRIES(X, id, table)                                                            \
	X(METRIC_KEY_CACHE_ENTRIES_##id, "gateway_key_cache_entries", "table=\"" table "\"",       \
		GAUGE, "Entries of the key cache.", NULL)
#define KEY_LOOKUPS(X, id, outcome)                                                                \
	X(METRIC_KEY_LOOKUPS_##id, "gateway_key_lookups_total", "outcome=\"" outcome "\"",         \
		COUNTER,                                                                           \
		"Keys looked up in Postgres; refused: the queue was full or Postgres known to be " \
		"away.",                                                                           \
		NULL)

/* X(id, name, labels, type, help, buckets), as in shared/metrics.h */
#define KEY_METRICS(X)                                                                             \
	KEY_CACHE_ANSWER(X, KNOWN, "known")                                                        \
	KEY_CACHE_ANSWER(X, UNKNOWN, "unknown")                                                    \
	KEY_CACHE_ANSWER(X, MISS, "miss")                                                          \
	KEY_CACHE_ANSWER(X, AWAY, "away")                                                          \
	KEY_CACHE_ENTRIES(X, KNOWN, "known")                                                       \
	KEY_CACHE_ENTRIES(X, UNKNOWN, "unknown")                                                   \
	KEY_LOOKUPS(X, KNOWN, "known")                                                             \
	KEY_LOOKUPS(X, UNKNOWN, "unknown")                                                         \
	KEY_LOOKUPS(X, FAILED, "failed")                                                           \
	KEY_LOOKUPS(X, REFUSED, "refused")                                                         \
	X(METRIC_KEY_LOOKUP_SECONDS, "gateway_key_lookup_seconds", "", HISTOGRAM,                  \
		"From a cache miss to Postgres' answer, time in the queue included.",              \
		metric_seconds_buckets)                                                            \
	X(METRIC_KEY_QUERIES, "gateway_key_queries_total", "", COUNTER,                            \
		"Queries for keys; one asks for all keys that wait, 256 at most.", NULL)           \
	X(METRIC_KEY_POSTGRES_UP, "gateway_key_postgres_up", "", GAUGE,                            \
		"1 while keys can be looked up, else 0.", NULL)                                    \
	X(METRIC_KEY_HEARING, "gateway_key_notices_heard", "", GAUGE,                              \
		"1 while notices of changed keys reach this gateway, else 0 (entries then count "  \
		"for 1 s instead of 30 s).",                                                       \
		NULL)                                                                              \
	X(METRIC_KEY_NOTICES, "gateway_key_notices_total", "", COUNTER,                            \
		"Notices of changed keys.", NULL)                                                  \
	X(METRIC_KEY_LEGACY_LEFT, "gateway_key_legacy_left", "", GAUGE,                            \
		"Businesses whose key Intake knows by its slow hash only: each is taken over at "  \
		"its next request, or by intake-gateway key regenerate.",                          \
		NULL)                                                                              \
	X(METRIC_KEY_LEGACY_HASHES, "gateway_key_legacy_hashes_total", "", COUNTER,                \
		"Slow hashes computed to find such a business.", NULL)                             \
	X(METRIC_KEY_LEGACY_REFUSED, "gateway_key_legacy_refused_total", "", COUNTER,              \
		"Keys not tried against slow hashes: no room, a flood, or the address's budget.",  \
		NULL)

#endif
