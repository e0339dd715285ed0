/* SPDX-License-Identifier: Apache-2.0 */
/* test_summary - what a person at a terminal reads every ten seconds. */
#include <unistd.h>

#include "tests/unit/test.h"
#include "worker/metrics.h"
#include "worker/summary.h"

enum { TEXT_BYTES = 512 };

static char text[TEXT_BYTES];

/* What summary_tick writes to standard error, into `text`. */
static void tick(struct summary *summary, int64_t now_ms)
{
	int pipe_fds[2];
	int standard_error = dup(STDERR_FILENO);
	ck_assert_int_eq(pipe(pipe_fds), 0);
	ck_assert_int_ge(dup2(pipe_fds[1], STDERR_FILENO), 0);
	summary_tick(summary, now_ms);
	ck_assert_int_ge(dup2(standard_error, STDERR_FILENO), 0);
	(void)close(standard_error);
	(void)close(pipe_fds[1]);
	ssize_t len = read(pipe_fds[0], text, sizeof(text) - 1);
	ck_assert_int_ge(len, 0);
	text[len] = '\0';
	(void)close(pipe_fds[0]);
}

START_TEST(it_says_what_the_last_ten_seconds_brought)
{
	metrics_init(worker_metrics, worker_metric_count);
	struct summary summary = summary_start(true, 1000);
	metric_add(METRIC_EVENTS_READ, 31200);
	metric_add(METRIC_ROWS_INSERTED, 1234567);
	metric_add(METRIC_ROWS_STALE, 7);
	metric_set(METRIC_LAG, 1204);
	metric_set(METRIC_LAG_SECONDS, 0.42);
	metric_set(METRIC_PARTITIONS, 6);
	metric_set(METRIC_LANES, 2);
	metric_set(METRIC_LANES_CONNECTED, 2);
	tick(&summary, 10999);
	ck_assert_str_eq(text, "");
	tick(&summary, 11000);
	ck_assert_str_eq(text, "3,120 events/s: 1,234,567 new, 0 changed, 7 stale | "
			       "behind 1,204 records, 0.4 s | 6 partitions, 2 of 2 lanes\n");
	metric_set(METRIC_PARTITIONS_PAUSED, 3);
	tick(&summary, 21000);
	ck_assert_str_eq(text, "0 events/s: 0 new, 0 changed, 0 stale | behind 1,204 records, "
			       "0.4 s | 6 partitions, 3 of them paused, 2 of 2 lanes\n");
	metrics_fini();
}
END_TEST

START_TEST(where_nobody_reads_nothing_is_written)
{
	metrics_init(worker_metrics, worker_metric_count);
	struct summary summary = summary_start(false, 0);
	tick(&summary, 60000);
	ck_assert_str_eq(text, "");
	metrics_fini();
}
END_TEST

TESTS("summary", it_says_what_the_last_ten_seconds_brought, where_nobody_reads_nothing_is_written)
