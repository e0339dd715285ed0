/* SPDX-License-Identifier: Apache-2.0 */
/* metrics - the worker's series. */
#ifndef INTAKE_WORKER_METRICS_H
#define INTAKE_WORKER_METRICS_H

#include "shared/metrics.h"

/* X(id, name, labels, type, help, buckets); those of one name stand together */
#define WORKER_METRICS(X)                                                                          \
	X(METRIC_BACKFILL_DONE, "worker_backfill_done", "", GAUGE,                                 \
		"Offsets that the job is through with, by all processes.", NULL)                   \
	X(METRIC_BACKFILL_HELD_KAFKA, "worker_backfill_held", "by=\"kafka\"", GAUGE,               \
		"1: this is what takes most of the backfill's time.", NULL)                        \
	X(METRIC_BACKFILL_HELD_POSTGRES, "worker_backfill_held", "by=\"postgres\"", GAUGE,         \
		"1: this is what takes most of the backfill's time.", NULL)                        \
	X(METRIC_BACKFILL_HELD_RATE, "worker_backfill_held", "by=\"rate\"", GAUGE,                 \
		"1: this is what takes most of the backfill's time.", NULL)                        \
	X(METRIC_BACKFILL_HELD_THROTTLE, "worker_backfill_held", "by=\"throttle\"", GAUGE,         \
		"1: this is what takes most of the backfill's time.", NULL)                        \
	X(METRIC_BACKFILL_LIVE_LAG, "worker_backfill_live_lag_records", "", GAUGE,                 \
		"Records that the live workers have not committed, as the backfill sees it.",      \
		NULL)                                                                              \
	X(METRIC_BACKFILL_OFFSETS, "worker_backfill_offsets", "", GAUGE,                           \
		"Offsets that the job is about.", NULL)                                            \
	X(METRIC_BACKFILL_SPEED, "worker_backfill_offsets_per_second", "", GAUGE,                  \
		"Offsets a second, by all processes, in the last seconds.", NULL)                  \
	X(METRIC_BACKFILL_BAD, "worker_backfill_records", "outcome=\"bad\"", GAUGE,                \
		"What became of the job's records so far, by all processes.", NULL)                \
	X(METRIC_BACKFILL_GONE, "worker_backfill_records", "outcome=\"gone\"", GAUGE,              \
		"What became of the job's records so far, by all processes.", NULL)                \
	X(METRIC_BACKFILL_INSERTED, "worker_backfill_records", "outcome=\"inserted\"", GAUGE,      \
		"What became of the job's records so far, by all processes.", NULL)                \
	X(METRIC_BACKFILL_MISSING, "worker_backfill_records", "outcome=\"missing\"", GAUGE,        \
		"What became of the job's records so far, by all processes.", NULL)                \
	X(METRIC_BACKFILL_OTHERS, "worker_backfill_records", "outcome=\"others\"", GAUGE,          \
		"What became of the job's records so far, by all processes.", NULL)                \
	X(METRIC_BACKFILL_READ, "worker_backfill_records", "outcome=\"read\"", GAUGE,              \
		"What became of the job's records so far, by all processes.", NULL)                \
	X(METRIC_BACKFILL_STALE, "worker_backfill_records", "outcome=\"stale\"", GAUGE,            \
		"What became of the job's records so far, by all processes.", NULL)                \
	X(METRIC_BACKFILL_UNCHANGED, "worker_backfill_records", "outcome=\"unchanged\"", GAUGE,    \
		"What became of the job's records so far, by all processes.", NULL)                \
	X(METRIC_BACKFILL_UNDELETED, "worker_backfill_records", "outcome=\"undeleted\"", GAUGE,    \
		"What became of the job's records so far, by all processes.", NULL)                \
	X(METRIC_BACKFILL_UPDATED, "worker_backfill_records", "outcome=\"updated\"", GAUGE,        \
		"What became of the job's records so far, by all processes.", NULL)                \
	X(METRIC_BACKFILL_SHARE, "worker_backfill_throttle_share", "", GAUGE,                      \
		"Share of the time that the throttle leaves this process; 1: all of it.", NULL)    \
	X(METRIC_BATCH_ROWS, "worker_batch_rows", "", HISTOGRAM, "Rows of a statement, folded.",   \
		metric_count_buckets)                                                              \
	X(METRIC_BUILD, "worker_build_info", "version=\"" INTAKE_VERSION "\"", GAUGE,              \
		"Always 1; the version is in the label.", NULL)                                    \
	X(METRIC_COMMITS_OK, "worker_commits_total", "outcome=\"ok\"", COUNTER,                    \
		"Commits of offsets to Kafka.", NULL)                                              \
	X(METRIC_COMMITS_FAILED, "worker_commits_total", "outcome=\"failed\"", COUNTER,            \
		"Commits of offsets to Kafka.", NULL)                                              \
	X(METRIC_DEAD_LETTERS_TOMBSTONE, "worker_dead_letters_total", "reason=\"tombstone\"",      \
		COUNTER,                                                                           \
		"Records written to the dead letters, by the reason that their header names.",     \
		NULL)                                                                              \
	X(METRIC_DEAD_LETTERS_UNKNOWN_TYPE, "worker_dead_letters_total",                           \
		"reason=\"unknown_type\"", COUNTER,                                                \
		"Records written to the dead letters, by the reason that their header names.",     \
		NULL)                                                                              \
	X(METRIC_DEAD_LETTERS_UNDECODABLE, "worker_dead_letters_total", "reason=\"undecodable\"",  \
		COUNTER,                                                                           \
		"Records written to the dead letters, by the reason that their header names.",     \
		NULL)                                                                              \
	X(METRIC_DEAD_LETTERS_INVALID, "worker_dead_letters_total", "reason=\"invalid\"", COUNTER, \
		"Records written to the dead letters, by the reason that their header names.",     \
		NULL)                                                                              \
	X(METRIC_DEAD_LETTERS_BUSINESS_GONE, "worker_dead_letters_total",                          \
		"reason=\"business_gone\"", COUNTER,                                               \
		"Records written to the dead letters, by the reason that their header names.",     \
		NULL)                                                                              \
	X(METRIC_DEAD_LETTERS_REFUSED, "worker_dead_letters_total", "reason=\"refused\"", COUNTER, \
		"Records written to the dead letters, by the reason that their header names.",     \
		NULL)                                                                              \
	X(METRIC_END_TO_END_SECONDS, "worker_end_to_end_seconds", "", HISTOGRAM,                   \
		"From an event's acceptance by a gateway to its being durable in Postgres.",       \
		metric_seconds_buckets)                                                            \
	X(METRIC_EVENTS_DROPPED, "worker_events_dropped_total", "", COUNTER,                       \
		"Events read and not applied because their partition went to another worker.",     \
		NULL)                                                                              \
	X(METRIC_EVENTS_FOLDED, "worker_events_folded_total", "", COUNTER,                         \
		"Events that were applied in the row of another event of the same contact.", NULL) \
	X(METRIC_EVENTS_READ, "worker_events_read_total", "", COUNTER, "Events read from Kafka.",  \
		NULL)                                                                              \
	X(METRIC_GROUP_JOINED, "worker_group_joined", "", GAUGE,                                   \
		"1 while the consumer group has given this worker its partitions, if any.", NULL)  \
	X(METRIC_HELD, "worker_held_events", "", GAUGE,                                            \
		"Events that wait for somebody else's lock on their contact while others are "     \
		"applied.",                                                                        \
		NULL)                                                                              \
	X(METRIC_LAG, "worker_lag_records", "", GAUGE,                                             \
		"Records of the assigned partitions that are not applied yet.", NULL)              \
	X(METRIC_LAG_AGE, "worker_lag_age_seconds", "", GAUGE,                                     \
		"When Kafka was last asked where the topic's partitions end, how long ago it had " \
		"said so; 0: it did say.",                                                         \
		NULL)                                                                              \
	X(METRIC_LAG_SECONDS, "worker_lag_seconds", "", GAUGE,                                     \
		"Age of the oldest event in hand that is not durable in Postgres; 0: there is "    \
		"none.",                                                                           \
		NULL)                                                                              \
	X(METRIC_LANES, "worker_lanes", "", GAUGE, "Lanes that the worker has.", NULL)             \
	X(METRIC_LANES_CONNECTED, "worker_lanes_connected", "", GAUGE,                             \
		"Lanes that have a connection to Postgres.", NULL)                                 \
	X(METRIC_WAITING_POSTGRES, "worker_lanes_waiting", "for=\"postgres\"", GAUGE,              \
		"Lanes that wait: for Postgres to come back, for a lock, for somebody to mend "    \
		"the database or our rights, for the dead letters' topic, or because too many "    \
		"records are bad.",                                                                \
		NULL)                                                                              \
	X(METRIC_WAITING_LOCK, "worker_lanes_waiting", "for=\"lock\"", GAUGE,                      \
		"Lanes that wait: for Postgres to come back, for a lock, for somebody to mend "    \
		"the database or our rights, for the dead letters' topic, or because too many "    \
		"records are bad.",                                                                \
		NULL)                                                                              \
	X(METRIC_WAITING_CONFIGURATION, "worker_lanes_waiting", "for=\"configuration\"", GAUGE,    \
		"Lanes that wait: for Postgres to come back, for a lock, for somebody to mend "    \
		"the database or our rights, for the dead letters' topic, or because too many "    \
		"records are bad.",                                                                \
		NULL)                                                                              \
	X(METRIC_WAITING_DEAD_LETTERS, "worker_lanes_waiting", "for=\"dead_letters\"", GAUGE,      \
		"Lanes that wait: for Postgres to come back, for a lock, for somebody to mend "    \
		"the database or our rights, for the dead letters' topic, or because too many "    \
		"records are bad.",                                                                \
		NULL)                                                                              \
	X(METRIC_WAITING_CIRCUIT, "worker_lanes_waiting", "for=\"circuit\"", GAUGE,                \
		"Lanes that wait: for Postgres to come back, for a lock, for somebody to mend "    \
		"the database or our rights, for the dead letters' topic, or because too many "    \
		"records are bad.",                                                                \
		NULL)                                                                              \
	X(METRIC_OFFSET_JUMPS, "worker_offset_jumps_total", "", COUNTER,                           \
		"Times that a partition did not go on at the offset it should have: records may "  \
		"be lost.",                                                                        \
		NULL)                                                                              \
	X(METRIC_PARKED, "worker_parked_events", "", GAUGE,                                        \
		"Events of partitions that an absurd share of is bad: they wait for somebody to "  \
		"act while others are applied.",                                                   \
		NULL)                                                                              \
	X(METRIC_PARTITIONS, "worker_partitions_assigned", "", GAUGE,                              \
		"Partitions that this worker has.", NULL)                                          \
	X(METRIC_PARTITIONS_PAUSED, "worker_partitions_paused", "", GAUGE,                         \
		"Assigned partitions that stand still until Postgres is there again, or somebody " \
		"acts.",                                                                           \
		NULL)                                                                              \
	X(METRIC_REBALANCES_ASSIGNED, "worker_rebalances_total", "outcome=\"assigned\"", COUNTER,  \
		"Changes of the assignment.", NULL)                                                \
	X(METRIC_REBALANCES_REVOKED, "worker_rebalances_total", "outcome=\"revoked\"", COUNTER,    \
		"Changes of the assignment.", NULL)                                                \
	X(METRIC_REBALANCES_LOST, "worker_rebalances_total", "outcome=\"lost\"", COUNTER,          \
		"Changes of the assignment.", NULL)                                                \
	X(METRIC_RETRIES_CONTENTION, "worker_retries_total", "class=\"contention\"", COUNTER,      \
		"Tries again, by the class of the error before: another transaction in the way, "  \
		"Postgres away, something for somebody to mend, the dead letters' topic away.",    \
		NULL)                                                                              \
	X(METRIC_RETRIES_OUTAGE, "worker_retries_total", "class=\"outage\"", COUNTER,              \
		"Tries again, by the class of the error before: another transaction in the way, "  \
		"Postgres away, something for somebody to mend, the dead letters' topic away.",    \
		NULL)                                                                              \
	X(METRIC_RETRIES_CONFIGURATION, "worker_retries_total", "class=\"configuration\"",         \
		COUNTER,                                                                           \
		"Tries again, by the class of the error before: another transaction in the way, "  \
		"Postgres away, something for somebody to mend, the dead letters' topic away.",    \
		NULL)                                                                              \
	X(METRIC_RETRIES_DEAD_LETTERS, "worker_retries_total", "class=\"dead_letters\"", COUNTER,  \
		"Tries again, by the class of the error before: another transaction in the way, "  \
		"Postgres away, something for somebody to mend, the dead letters' topic away.",    \
		NULL)                                                                              \
	X(METRIC_ROWS_INSERTED, "worker_rows_total", "outcome=\"inserted\"", COUNTER,              \
		"Rows that were sent to Postgres.", NULL)                                          \
	X(METRIC_ROWS_UPDATED, "worker_rows_total", "outcome=\"updated\"", COUNTER,                \
		"Rows that were sent to Postgres.", NULL)                                          \
	X(METRIC_ROWS_STALE, "worker_rows_total", "outcome=\"stale\"", COUNTER,                    \
		"Rows that were sent to Postgres.", NULL)                                          \
	X(METRIC_UNCOMMITTED, "worker_uncommitted_records", "", GAUGE,                             \
		"Records that are durable in Postgres and not committed to Kafka: read again "     \
		"after a crash.",                                                                  \
		NULL)                                                                              \
	X(METRIC_UPSERT_SECONDS, "worker_upsert_seconds", "", HISTOGRAM,                           \
		"How long a statement took, successful ones only.", metric_seconds_buckets)

enum worker_metric {
	WORKER_METRIC_BEFORE_FIRST = SHARED_METRIC_COUNT - 1,
#define X(id, name, labels, type, help, buckets) id,
	WORKER_METRICS(X)
#undef X
		WORKER_METRIC_END
};

/* For metrics_init. */
extern const struct metric worker_metrics[];
extern const size_t worker_metric_count;

#endif
