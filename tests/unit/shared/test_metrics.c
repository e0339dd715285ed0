/* SPDX-License-Identifier: Apache-2.0 */
/* test_metrics - what Prometheus reads. */
#include "shared/metrics.h"

#include <pthread.h>

#include "tests/unit/test.h"

enum { SEEN = SHARED_METRIC_COUNT, SEEN_OTHER, LEVEL, SECONDS };

static const struct metric table[] = {METRIC_ROW(SEEN, "seen_total", "kind=\"a\"", COUNTER,
	"Things seen.", NULL) METRIC_ROW(SEEN_OTHER, "seen_total", "kind=\"b\"", COUNTER,
	"Things seen.", NULL) METRIC_ROW(LEVEL, "level", "", GAUGE, "The level.",
	NULL) METRIC_ROW(SECONDS, "work_seconds", "", HISTOGRAM, "Work.", metric_seconds_buckets)};

static void start(void)
{
	metrics_init(table, sizeof(table) / sizeof(*table));
}

START_TEST(series_of_one_name_have_one_help)
{
	struct buf text = {0};
	start();
	metric_add(SEEN, 2);
	metric_add(SEEN_OTHER, 3);
	metric_set(LEVEL, -1.5);
	metrics_write(&text);
	ck_assert_ptr_nonnull(strstr(buf_text(&text),
		"# HELP seen_total Things seen.\n# TYPE seen_total counter\n"
		"seen_total{kind=\"a\"} 2\nseen_total{kind=\"b\"} 3\n# HELP level The"));
	ck_assert_ptr_nonnull(strstr(text.base, "\nlevel -1.5\n"));
	buf_fini(&text);
	metrics_fini();
}
END_TEST

START_TEST(a_histograms_buckets_add_up)
{
	struct buf text = {0};
	start();
	metric_observe(SECONDS, 0.0001);
	metric_observe(SECONDS, 0.004);
	metric_observe(SECONDS, 100);
	metrics_write(&text);
	(void)buf_text(&text);
	ck_assert_ptr_nonnull(strstr(text.base, "work_seconds_bucket{le=\"0.0001\"} 1\n"));
	ck_assert_ptr_nonnull(strstr(text.base, "work_seconds_bucket{le=\"0.003\"} 1\n"));
	ck_assert_ptr_nonnull(strstr(text.base, "work_seconds_bucket{le=\"0.005\"} 2\n"));
	ck_assert_ptr_nonnull(strstr(text.base, "work_seconds_bucket{le=\"30\"} 2\n"));
	ck_assert_ptr_nonnull(strstr(text.base, "work_seconds_bucket{le=\"+Inf\"} 3\n"));
	ck_assert_ptr_nonnull(strstr(text.base, "work_seconds_sum 100.0041\n"));
	ck_assert_ptr_nonnull(strstr(text.base, "work_seconds_count 3\n"));
	buf_fini(&text);
	metrics_fini();
}
END_TEST

static void *count(void *user)
{
	(void)user;
	for (int i = 0; i < 10000; i++) {
		metric_add(SEEN, 1);
		metric_gauge_add(LEVEL, i % 2 ? 1 : -1);
	}
	return NULL;
}

START_TEST(nothing_is_lost_between_threads)
{
	pthread_t threads[20];
	start();
	for (size_t i = 0; i < 20; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, count, NULL), 0);
	for (size_t i = 0; i < 20; i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_eq(metric_count(SEEN), 200000);
	ck_assert_double_eq(metric_gauge(LEVEL), 0);
	metrics_fini();
}
END_TEST

TESTS("metrics", series_of_one_name_have_one_help, a_histograms_buckets_add_up,
	nothing_is_lost_between_threads)
