/* SPDX-License-Identifier: Apache-2.0 */
/* metrics - counters, gauges and histograms, written as Prometheus reads them. */
#include "shared/metrics.h"

#include <dirent.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "shared/clock.h"
#include "shared/ensure.h"
#include "shared/memory.h"

enum { SLOT_COUNT = 16, BUCKETS_MOST = 24, CACHE_LINE_BYTES = 64 };

const double metric_seconds_buckets[] = {0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.01,
	0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 0};
const double metric_count_buckets[] = {
	1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 0};

static const struct metric shared_table[SHARED_METRIC_COUNT] = {
#define X(id, name, labels, type, help, buckets)                                                   \
	[id] = {name, labels, METRIC_##type, help, buckets},
	SHARED_METRICS(X)
#undef X
};

/* What one series holds in one thread slot. Only histograms use more than `count`. */
struct cell {
	_Atomic uint64_t count;
	_Atomic uint64_t sum_nano; /* 1e-9 of the unit */
	_Atomic uint64_t *buckets; /* owned; not cumulative */
};

static struct {
	const struct metric *table;
	size_t count; /* all series, the shared ones first */
	struct cell *slots[SLOT_COUNT];
	_Atomic double *gauges;
	double started;
} state;

static atomic_uint slots_taken;
static _Thread_local unsigned my_slot = SLOT_COUNT;

static const struct metric *metric_at(size_t id)
{
	ensure(id < state.count);
	return id < SHARED_METRIC_COUNT ? &shared_table[id]
					: &state.table[id - SHARED_METRIC_COUNT];
}

static size_t bucket_count(const struct metric *metric)
{
	size_t count = 0;
	while (metric->buckets && metric->buckets[count] > 0)
		count++;
	ensure(count <= BUCKETS_MOST);
	return count;
}

void metrics_init(const struct metric *table, size_t count)
{
	state.table = table;
	state.count = SHARED_METRIC_COUNT + count;
	state.started = (double)clock_wall_ms() / 1000;
	state.gauges = memory_zeroed(state.count, sizeof(*state.gauges));
	for (size_t slot = 0; slot < SLOT_COUNT; slot++) {
		state.slots[slot] = memory_zeroed(state.count, sizeof(struct cell));
		for (size_t id = 0; id < state.count; id++) {
			size_t buckets = bucket_count(metric_at(id));
			if (buckets)
				state.slots[slot][id].buckets =
					memory_zeroed(buckets + 1, sizeof(_Atomic uint64_t));
		}
	}
}

void metrics_fini(void)
{
	for (size_t slot = 0; slot < SLOT_COUNT && state.slots[slot]; slot++) {
		for (size_t id = 0; id < state.count; id++)
			free(state.slots[slot][id].buckets);
		free(state.slots[slot]);
		state.slots[slot] = NULL;
	}
	free(state.gauges);
	state.gauges = NULL;
	state.count = 0;
}

static struct cell *my_cell(unsigned id)
{
	ensure(id < state.count);
	if (my_slot == SLOT_COUNT)
		my_slot = atomic_fetch_add(&slots_taken, 1) % SLOT_COUNT;
	return &state.slots[my_slot][id];
}

void metric_add(unsigned id, uint64_t more)
{
	atomic_fetch_add_explicit(&my_cell(id)->count, more, memory_order_relaxed);
}

void metric_set(unsigned id, double value)
{
	ensure(id < state.count);
	atomic_store_explicit(&state.gauges[id], value, memory_order_relaxed);
}

void metric_gauge_add(unsigned id, int64_t more)
{
	ensure(id < state.count);
	double old = atomic_load_explicit(&state.gauges[id], memory_order_relaxed);
	while (!atomic_compare_exchange_weak(&state.gauges[id], &old, old + (double)more))
		;
}

void metric_observe(unsigned id, double value)
{
	struct cell *cell = my_cell(id);
	const struct metric *metric = metric_at(id);
	size_t bucket = 0;
	while (metric->buckets[bucket] > 0 && value > metric->buckets[bucket])
		bucket++;
	atomic_fetch_add_explicit(&cell->buckets[bucket], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&cell->count, 1, memory_order_relaxed);
	if (value > 0)
		atomic_fetch_add_explicit(
			&cell->sum_nano, (uint64_t)(value * 1e9), memory_order_relaxed);
}

uint64_t metric_count(unsigned id)
{
	uint64_t count = 0;
	ensure(id < state.count);
	for (size_t slot = 0; slot < SLOT_COUNT; slot++)
		count += atomic_load_explicit(&state.slots[slot][id].count, memory_order_relaxed);
	return count;
}

double metric_gauge(unsigned id)
{
	ensure(id < state.count);
	return atomic_load_explicit(&state.gauges[id], memory_order_relaxed);
}

static void read_process(void)
{
	struct rusage usage;
	if (getrusage(RUSAGE_SELF, &usage) == 0) {
		metric_set(METRIC_PROCESS_CPU,
			(double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
				(double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
	}
	FILE *statm = fopen("/proc/self/statm", "re");
	if (statm) {
		char line[128] = "";
		char *next = NULL;
		if (fgets(line, sizeof(line), statm)) {
			(void)strtol(line, &next, 10);
			metric_set(METRIC_PROCESS_MEMORY,
				(double)strtol(next, NULL, 10) * (double)sysconf(_SC_PAGESIZE));
		}
		(void)fclose(statm);
	}
	DIR *fds = opendir("/proc/self/fd");
	if (fds) {
		double count = -3; /* ".", ".." and this one */
		while (readdir(fds))
			count++;
		(void)closedir(fds);
		metric_set(METRIC_PROCESS_FDS, count);
	}
	metric_set(METRIC_PROCESS_START, state.started);
}

static void write_series(
	struct buf *out, const struct metric *metric, const char *suffix, const char *more_label)
{
	buf_add_text(out, metric->name);
	buf_add_text(out, suffix);
	if (*metric->labels || *more_label)
		buf_printf(out, "{%s%s%s}", metric->labels,
			*metric->labels && *more_label ? "," : "", more_label);
	buf_add_char(out, ' ');
}

static void write_histogram(struct buf *out, size_t id)
{
	const struct metric *metric = metric_at(id);
	size_t buckets = bucket_count(metric);
	uint64_t cumulative = 0;
	uint64_t sum_nano = 0;
	char label[48];
	for (size_t bucket = 0; bucket <= buckets; bucket++) {
		for (size_t slot = 0; slot < SLOT_COUNT; slot++)
			cumulative += atomic_load_explicit(
				&state.slots[slot][id].buckets[bucket], memory_order_relaxed);
		if (bucket < buckets)
			(void)snprintf(label, sizeof(label), "le=\"%g\"", metric->buckets[bucket]);
		else
			(void)snprintf(label, sizeof(label), "le=\"+Inf\"");
		write_series(out, metric, "_bucket", label);
		buf_printf(out, "%llu\n", (unsigned long long)cumulative);
	}
	for (size_t slot = 0; slot < SLOT_COUNT; slot++)
		sum_nano +=
			atomic_load_explicit(&state.slots[slot][id].sum_nano, memory_order_relaxed);
	write_series(out, metric, "_sum", "");
	buf_printf(out, "%.9g\n", (double)sum_nano / 1e9);
	write_series(out, metric, "_count", "");
	buf_printf(out, "%llu\n", (unsigned long long)cumulative);
}

static const char *type_name(const struct metric *metric)
{
	static const char *const names[] = {"counter", "gauge", "histogram"};
	return names[metric->type];
}

static void write_value(struct buf *out, size_t id)
{
	const struct metric *metric = metric_at(id);
	write_series(out, metric, "", "");
	if (id == METRIC_PROCESS_CPU || metric->type == METRIC_GAUGE)
		buf_printf(out, "%.16g\n", metric_gauge((unsigned)id));
	else
		buf_printf(out, "%llu\n", (unsigned long long)metric_count((unsigned)id));
}

static bool first_of_name(size_t id)
{
	return id == 0 || strcmp(metric_at(id)->name, metric_at(id - 1)->name) != 0;
}

void metrics_write(struct buf *out)
{
	read_process();
	for (size_t id = 0; id < state.count; id++) {
		const struct metric *metric = metric_at(id);
		if (first_of_name(id))
			buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help,
				metric->name, type_name(metric));
		if (metric->type == METRIC_HISTOGRAM)
			write_histogram(out, id);
		else
			write_value(out, id);
	}
}

void metrics_describe(struct buf *out)
{
	for (size_t id = 0; id < state.count; id++) {
		const struct metric *metric = metric_at(id);
		buf_printf(out, "| `%s%s%s%s` | %s | %s |\n", metric->name,
			*metric->labels ? "{" : "", metric->labels, *metric->labels ? "}" : "",
			type_name(metric), metric->help);
	}
}
