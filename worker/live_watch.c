/* SPDX-License-Identifier: Apache-2.0 */
/* live_watch - how far behind the live workers are, looked at every few seconds by a thread of its own. */
#include "worker/live_watch.h"

#include <stdlib.h>

#include "shared/clock.h"
#include "shared/memory.h"
#include "worker/ticker.h"
#include "worker/topic_look.h"

enum { LOOK_MS = 2000, ANSWER_MS = 5000 };

struct live_watch {
	const struct worker_config *config;
	struct backfill_pace *pace;
	int64_t most_ms;
	rd_kafka_t *client;
	struct ticker *ticker;
};

/* Three lists of the same partitions. */
struct look {
	rd_kafka_topic_partition_list_t *committed;
	rd_kafka_topic_partition_list_t *ends;
	rd_kafka_topic_partition_list_t *young; /* the first records within the target */
};

static void look_fini(struct look *look)
{
	rd_kafka_topic_partition_list_t *const lists[] = {look->committed, look->ends, look->young};
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		if (lists[i])
			rd_kafka_topic_partition_list_destroy(lists[i]);
	}
}

static enum error ask(struct live_watch *watch, struct look *look)
{
	const char *topic = watch->config->kafka.topic;
	struct failure failure;
	enum error error = topic_partitions(watch->client, topic, &look->committed, &failure);
	if (error)
		return error;
	look->ends = rd_kafka_topic_partition_list_copy(look->committed);
	look->young = rd_kafka_topic_partition_list_copy(look->committed);
	/* In this order: an end that is older than the commit would hide what is behind it. */
	if (rd_kafka_committed(watch->client, look->committed, ANSWER_MS))
		return E_KAFKA_AWAY;
	error = topic_offsets(
		watch->client, look->young, clock_wall_ms() - watch->most_ms, &failure);
	return error ? error
		     : topic_offsets(watch->client, look->ends, RD_KAFKA_OFFSET_END, &failure);
}

/* Whether a worker is there for whom room could be made. */
static bool has_members(struct live_watch *watch)
{
	const struct rd_kafka_group_list *groups = NULL;
	bool found = false;
	if (rd_kafka_list_groups(watch->client, watch->config->worker.group, &groups, ANSWER_MS) ==
		0) {
		for (int i = 0; i < groups->group_cnt; i++)
			found |= groups->groups[i].member_cnt > 0;
	}
	if (groups)
		rd_kafka_group_list_destroy(groups);
	return found;
}

/* What the group never committed in is nobody's lag. */
static struct backfill_live measure(const struct look *look)
{
	struct backfill_live live = {.is_known = true};
	for (int i = 0; i < look->committed->cnt; i++) {
		int64_t committed = look->committed->elems[i].offset;
		int64_t end = look->ends->elems[i].offset;
		int64_t young = look->young->elems[i].offset;
		if (committed < 0 || committed >= end)
			continue;
		live.lag_records += end - committed;
		live.is_behind |= committed < (young < 0 ? end : young);
	}
	return live;
}

static struct backfill_live look_once(struct live_watch *watch)
{
	struct look look = {0};
	struct backfill_live live = {.is_known = false};
	if (ask(watch, &look) == OK)
		live = measure(&look);
	look_fini(&look);
	if (live.is_behind)
		live.is_behind = has_members(watch);
	return live;
}

static void tick(void *user)
{
	struct live_watch *watch = user;
	struct backfill_live live = {.is_known = false};
	/* The in-memory broker knows no times. */
	if (!watch->config->kafka.embedded)
		live = look_once(watch);
	backfill_pace_look(watch->pace, &live);
}

enum error live_watch_start(const struct worker_config *config, int64_t most_ms,
	struct backfill_pace *pace, struct live_watch **ret_watch, struct failure *failure)
{
	rd_kafka_t *client = NULL;
	enum error error = topic_client_new(&config->kafka, "intake-worker-backfill-watch",
		config->worker.group, "error", &client, failure);
	if (error)
		return error;
	struct live_watch *watch = memory_zeroed(1, sizeof(*watch));
	watch->config = config;
	watch->pace = pace;
	watch->most_ms = most_ms;
	watch->client = client;
	watch->ticker = ticker_start(LOOK_MS, tick, watch);
	*ret_watch = watch;
	return OK;
}

void live_watch_stop(struct live_watch *watch)
{
	if (!watch)
		return;
	ticker_stop(watch->ticker);
	topic_client_free(watch->client);
	free(watch);
}
