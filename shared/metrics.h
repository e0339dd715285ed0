/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics - counters, gauges and histograms, written as Prometheus reads them.
 *
 * One table a program says name, labels, type and help of every series; it feeds /metrics and the
 * README. A series is named by its place in the table. What both programs have (process, HTTP) is a
 * table of its own, which comes first.
 *
 * Counters and histograms are kept once per thread slot and added up when read, so that event loops
 * do not fight over cache lines; gauges are single.
 */
#ifndef INTAKE_SHARED_METRICS_H
#define INTAKE_SHARED_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "shared/buf.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metric {
	const char *name;   /* series of one name stand together in the table */
	const char *labels; /* "" or `outcome="accepted"` */
	enum metric_type type;
	const char *help;      /* with the unit, where the name does not say it */
	const double *buckets; /* histogram: ascending upper bounds, ends with 0 */
};

/* Buckets in seconds, 100 us to 30 s. */
extern const double metric_seconds_buckets[];
/* Buckets in counts, 1 to 10,000. */
extern const double metric_count_buckets[];

/* X(id, name, labels, type, help, buckets): what both programs have */
#define SHARED_METRICS(X)                                                                          \
	X(METRIC_PROCESS_START, "process_start_time_seconds", "", GAUGE,                           \
		"When the process started, seconds since 1970.", NULL)                             \
	X(METRIC_PROCESS_CPU, "process_cpu_seconds_total", "", COUNTER,                            \
		"CPU time used, user and system.", NULL)                                           \
	X(METRIC_PROCESS_MEMORY, "process_resident_memory_bytes", "", GAUGE, "Resident memory.",   \
		NULL)                                                                              \
	X(METRIC_PROCESS_FDS, "process_open_fds", "", GAUGE, "Open file descriptors.", NULL)       \
	X(METRIC_HTTP_CONNECTIONS, "http_connections_open", "", GAUGE,                             \
		"Connections open now, all listeners.", NULL)                                      \
	X(METRIC_HTTP_ACCEPTED, "http_connections_accepted_total", "", COUNTER,                    \
		"Connections accepted.", NULL)                                                     \
	X(METRIC_HTTP_REFUSED_ALL, "http_connections_refused_total", "cap=\"all\"", COUNTER,       \
		"Connections closed at once because a cap was reached: on all, or on those of "    \
		"an address.",                                                                     \
		NULL)                                                                              \
	X(METRIC_HTTP_REFUSED_ADDRESS, "http_connections_refused_total", "cap=\"address\"",        \
		COUNTER,                                                                           \
		"Connections closed at once because a cap was reached: on all, or on those of "    \
		"an address.",                                                                     \
		NULL)                                                                              \
	X(METRIC_HTTP_TIMEOUTS, "http_timeouts_total", "", COUNTER,                                \
		"Connections closed or refused because the peer was too slow.", NULL)              \
	X(METRIC_HTTP_MALFORMED, "http_requests_malformed_total", "", COUNTER,                     \
		"Requests refused because they are not valid HTTP.", NULL)

enum shared_metric {
#define X(id, name, labels, type, help, buckets) id,
	SHARED_METRICS(X)
#undef X
		SHARED_METRIC_COUNT
};

/* One row of a program's table: #define X METRIC_ROW inside its initialiser. */
#define METRIC_ROW(id, name, labels, type, help, buckets)                                          \
	[(id)-SHARED_METRIC_COUNT] = {name, labels, METRIC_##type, help, buckets},

/*
 * Make room for all series. Call once, before threads start.
 *
 * Takes: table - the program's own, borrowed for ever; its first id is SHARED_METRIC_COUNT.
 */
void metrics_init(const struct metric *table, size_t count);
void metrics_fini(void);

/* Thread: any. */
void metric_add(unsigned id, uint64_t more);
void metric_set(unsigned id, double value);       /* gauges */
void metric_gauge_add(unsigned id, int64_t more); /* gauges that are counted up and down */
void metric_observe(unsigned id, double value);   /* histograms */
uint64_t metric_count(unsigned id); /* a counter's value now, or a histogram's count */
double metric_gauge(unsigned id);

/* Process figures are read anew on each call. Thread: any. */
void metrics_write(struct buf *out);

/* The table as Markdown rows, for the README. */
void metrics_describe(struct buf *out);

#endif
