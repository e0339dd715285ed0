/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_metrics - a backfill's series, and the listener that serves them while it runs. */
#include "worker/backfill_metrics.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "worker/metrics.h"

static const struct {
	unsigned metric;
	size_t offset;
} counted[] = {
	{METRIC_BACKFILL_BAD, offsetof(struct backfill_counts, bad)},
	{METRIC_BACKFILL_GONE, offsetof(struct backfill_counts, gone)},
	{METRIC_BACKFILL_INSERTED, offsetof(struct backfill_counts, inserted)},
	{METRIC_BACKFILL_MISSING, offsetof(struct backfill_counts, missing)},
	{METRIC_BACKFILL_OTHERS, offsetof(struct backfill_counts, others)},
	{METRIC_BACKFILL_READ, offsetof(struct backfill_counts, read)},
	{METRIC_BACKFILL_STALE, offsetof(struct backfill_counts, stale)},
	{METRIC_BACKFILL_UNCHANGED, offsetof(struct backfill_counts, unchanged)},
	{METRIC_BACKFILL_UNDELETED, offsetof(struct backfill_counts, undeleted)},
	{METRIC_BACKFILL_UPDATED, offsetof(struct backfill_counts, updated)},
};
static_assert(
	sizeof(counted) / sizeof(*counted) == sizeof(struct backfill_counts) / sizeof(int64_t),
	"a series for each count");

static const unsigned held[BACKFILL_HELD_COUNT] = {
	[BACKFILL_HELD_KAFKA] = METRIC_BACKFILL_HELD_KAFKA,
	[BACKFILL_HELD_POSTGRES] = METRIC_BACKFILL_HELD_POSTGRES,
	[BACKFILL_HELD_THROTTLE] = METRIC_BACKFILL_HELD_THROTTLE,
	[BACKFILL_HELD_RATE] = METRIC_BACKFILL_HELD_RATE,
};

/* It works as soon as it runs; what it waits for is among the series. */
static void not_ready(void *user, struct buf *reasons)
{
	(void)user;
	(void)reasons;
}

enum error backfill_metrics_serve(
	const char *address, struct admin **ret_admin, struct failure *failure)
{
	static const struct admin_checks checks = {.not_ready = not_ready};
	*ret_admin = NULL;
	metric_set(METRIC_BUILD, 1);
	return strcmp(address, "off") == 0
		       ? OK
		       : admin_start(address, &checks, NULL, ret_admin, failure);
}

void backfill_metrics_set(const struct backfill_view *view, const struct backfill_counts *counts)
{
	metric_set(METRIC_BACKFILL_OFFSETS, (double)view->offsets);
	metric_set(METRIC_BACKFILL_DONE, (double)view->done);
	metric_set(METRIC_BACKFILL_SPEED, view->per_second > 0 ? (double)view->per_second : 0);
	metric_set(METRIC_BACKFILL_SHARE, view->speed.share);
	metric_set(METRIC_BACKFILL_LIVE_LAG, (double)view->speed.live.lag_records);
	for (int i = 0; i < BACKFILL_HELD_COUNT; i++)
		metric_set(held[i], (int)view->speed.held == i);
	for (size_t i = 0; i < sizeof(counted) / sizeof(*counted); i++) {
		int64_t count;
		memcpy(&count, (const char *)counts + counted[i].offset, sizeof(count));
		metric_set(counted[i].metric, (double)count);
	}
}
