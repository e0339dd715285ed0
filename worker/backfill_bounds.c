/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_bounds - where a backfill begins and ends in each partition, as the topic is now. */
#include "worker/backfill_bounds.h"

#include <stdlib.h>

#include "shared/memory.h"
#include "worker/backfill_reader.h"
#include "worker/topic_look.h"

enum { WAIT_MS = 100 };

/* The lists have the same partitions, in order. */
struct search {
	const struct kafka_settings *kafka;
	const struct backfill_wish *wish;
	rd_kafka_t *client;
	struct backfill_reader *reader; /* NULL: nothing had to be read so far */
	rd_kafka_topic_partition_list_t *starts;
	rd_kafka_topic_partition_list_t *ends;
	rd_kafka_topic_partition_list_t *from;
	rd_kafka_topic_partition_list_t *to;
};

void backfill_bounds_fini(struct backfill_bounds *bounds)
{
	free(bounds->ranges);
	free(bounds->gaps);
	*bounds = (struct backfill_bounds){.ranges = NULL};
}

/* ---- reading, where asking does not do */

/*
 * The first record of a range that Kafka got at `time` or later.
 *
 * Returns: OK; E_NOT_FOUND: there is none; as backfill_reader_next says.
 */
static enum error read_until(struct search *search, const struct backfill_range *range,
	int64_t time, int64_t *ret_offset, int64_t *ret_ms, struct failure *failure)
{
	struct arena arena = {0};
	const struct record *record = NULL;
	enum error error = OK;
	if (!search->reader)
		error = backfill_reader_open(
			search->kafka, search->wish->topic, &search->reader, failure);
	if (!error)
		error = backfill_reader_seek(search->reader, range, failure);
	for (bool found = false; !error && !found;) {
		arena_clear(&arena);
		error = backfill_reader_next(search->reader, WAIT_MS, &arena, &record, failure);
		found = !error && record->timestamp_ms >= time;
		if (error == E_PENDING)
			error = OK;
	}
	if (!error) {
		*ret_offset = record->offset;
		*ret_ms = record->timestamp_ms;
	}
	arena_fini(&arena);
	return error;
}

static enum error scan_moment(struct search *search, rd_kafka_topic_partition_list_t *found,
	int64_t time, struct failure *failure)
{
	enum error error = OK;
	for (int i = 0; i < found->cnt && !error; i++) {
		int64_t ms;
		int64_t *offset = &found->elems[i].offset;
		const struct backfill_range all = {found->elems[i].partition,
			search->starts->elems[i].offset, search->ends->elems[i].offset};
		*offset = all.to;
		error = read_until(search, &all, time, offset, &ms, failure);
		if (error == E_NOT_FOUND)
			error = OK;
	}
	return error;
}

/* ---- moments */

static enum error find_time(struct search *search, rd_kafka_topic_partition_list_t *found,
	int64_t time, struct failure *failure)
{
	/* librdkafka's in-memory broker answers any time with "there is no such record". */
	if (search->kafka->embedded)
		return scan_moment(search, found, time, failure);
	enum error error = topic_offsets(search->client, found, time, failure);
	return error == E_KAFKA_REFUSED ? scan_moment(search, found, time, failure) : error;
}

/* The moment's offset in each partition; where no record is that young, its end. */
static enum error find_moment(struct search *search, const struct backfill_moment *moment,
	rd_kafka_topic_partition_list_t **ret_found, struct failure *failure)
{
	if (moment->kind == BACKFILL_BEGINNING) {
		*ret_found = rd_kafka_topic_partition_list_copy(search->starts);
		return OK;
	}
	*ret_found = rd_kafka_topic_partition_list_copy(search->ends);
	if (moment->kind == BACKFILL_NOW)
		return OK;
	enum error error = find_time(search, *ret_found, moment->ms, failure);
	for (int i = 0; i < search->ends->cnt && !error; i++) {
		int64_t *offset = &(*ret_found)->elems[i].offset;
		int64_t end = search->ends->elems[i].offset;
		if (*offset < 0 || *offset > end)
			*offset = end;
	}
	return error;
}

/* ---- offsets that were given */

static enum error take_offset(const struct search *search, int place,
	rd_kafka_topic_partition_list_t *found, struct failure *failure)
{
	int32_t partition = found->elems[place].partition;
	int64_t end = search->ends->elems[place].offset;
	const struct partition_offset *given =
		offset_list_find(search->wish->from_offsets, partition);
	if (!given)
		return failure_set(failure, E_USAGE,
			"--from-offsets names no offset for partition %d: add it, or choose others "
			"by --partitions",
			partition);
	if (given->offset > end)
		return failure_set(failure, E_USAGE,
			"--from-offsets: partition %d ends at offset %lld, before %lld", partition,
			(long long)end, (long long)given->offset);
	found->elems[place].offset = given->offset;
	return OK;
}

static enum error take_offsets(struct search *search, struct failure *failure)
{
	const struct offset_list *given = search->wish->from_offsets;
	enum error error = OK;
	search->from = rd_kafka_topic_partition_list_copy(search->starts);
	for (int i = 0; i < search->from->cnt && !error; i++)
		error = take_offset(search, i, search->from, failure);
	for (size_t i = 0; i < given->count && !error; i++) {
		if (!rd_kafka_topic_partition_list_find(
			    search->from, search->wish->topic, given->items[i].partition))
			error = failure_set(failure, E_USAGE,
				"--from-offsets names partition %d, which is not replayed",
				given->items[i].partition);
	}
	return error;
}

/* ---- all of it */

static enum error choose_partitions(struct search *search, struct failure *failure)
{
	const struct partition_set *wanted = search->wish->partitions;
	rd_kafka_topic_partition_list_t *all = NULL;
	enum error error = topic_partitions(search->client, search->wish->topic, &all, failure);
	if (error)
		return error;
	search->ends = rd_kafka_topic_partition_list_new(all->cnt);
	for (int i = 0; i < all->cnt; i++) {
		if (!wanted || partition_set_has(wanted, all->elems[i].partition))
			rd_kafka_topic_partition_list_add(
				search->ends, search->wish->topic, all->elems[i].partition);
	}
	if (wanted && partition_set_last(wanted) >= all->cnt)
		error = failure_set(failure, E_USAGE,
			"--partitions: topic %s has no partition %d; its last is %d",
			search->wish->topic, partition_set_last(wanted), all->cnt - 1);
	rd_kafka_topic_partition_list_destroy(all);
	return error;
}

static enum error find_all(struct search *search, struct failure *failure)
{
	const struct backfill_wish *wish = search->wish;
	enum error error = choose_partitions(search, failure);
	if (!error)
		error = topic_offsets(search->client, search->ends, RD_KAFKA_OFFSET_END, failure);
	if (error)
		return error;
	search->starts = rd_kafka_topic_partition_list_copy(search->ends);
	error = topic_offsets(search->client, search->starts, RD_KAFKA_OFFSET_BEGINNING, failure);
	if (!error && wish->from_offsets)
		error = take_offsets(search, failure);
	else if (!error)
		error = find_moment(search, &wish->from, &search->from, failure);
	return error ? error : find_moment(search, &wish->to, &search->to, failure);
}

/*
 * Where a moment's first record is the first that is left, those before it may have been younger than the
 * moment too.
 */
static bool may_miss(const struct search *search, int place)
{
	int64_t start = search->starts->elems[place].offset;
	int64_t from = search->from->elems[place].offset;
	if (search->wish->from_offsets)
		return from < start;
	return search->wish->from.kind == BACKFILL_AT && from == start && start > 0;
}

static enum error note_gap(
	struct search *search, int place, struct backfill_bounds *bounds, struct failure *failure)
{
	const struct backfill_range left = {search->starts->elems[place].partition,
		search->starts->elems[place].offset, search->ends->elems[place].offset};
	bool is_exact = search->wish->from_offsets != NULL;
	struct backfill_gap gap = {
		.partition = left.partition,
		.first = is_exact ? search->from->elems[place].offset : 0,
		.start = left.from,
		.start_ms = -1,
		.is_exact = is_exact,
	};
	int64_t offset;
	enum error error = E_NOT_FOUND;
	if (left.from < left.to)
		error = read_until(search, &left, 0, &offset, &gap.start_ms, failure);
	if (error && error != E_NOT_FOUND)
		return error;
	bounds->gaps[bounds->gap_count++] = gap;
	return OK;
}

static enum error fill(
	struct search *search, struct backfill_bounds *bounds, struct failure *failure)
{
	enum error error = OK;
	bounds->count = (size_t)search->ends->cnt;
	bounds->ranges = memory_zeroed(bounds->count, sizeof(*bounds->ranges));
	bounds->gaps = memory_zeroed(bounds->count, sizeof(*bounds->gaps));
	for (int i = 0; i < search->ends->cnt && !error; i++) {
		int64_t first = search->from->elems[i].offset;
		int64_t last = search->to->elems[i].offset;
		bounds->ranges[i] = (struct backfill_range){
			search->ends->elems[i].partition, first, last > first ? last : first};
		if (may_miss(search, i))
			error = note_gap(search, i, bounds, failure);
	}
	return error;
}

static void end_search(struct search *search)
{
	rd_kafka_topic_partition_list_t *const lists[] = {
		search->starts, search->ends, search->from, search->to};
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		if (lists[i])
			rd_kafka_topic_partition_list_destroy(lists[i]);
	}
	backfill_reader_close(search->reader);
	topic_client_free(search->client);
}

/* Somebody's mistake: it would be done at once. */
static bool is_backwards(const struct backfill_wish *wish)
{
	if (wish->from_offsets || wish->from.kind == BACKFILL_BEGINNING)
		return false;
	return wish->to.kind == BACKFILL_BEGINNING || wish->to.ms < wish->from.ms;
}

enum error backfill_bounds_find(const struct kafka_settings *kafka,
	const struct backfill_wish *wish, struct backfill_bounds *ret_bounds,
	struct failure *failure)
{
	struct search search = {.kafka = kafka, .wish = wish};
	struct backfill_bounds bounds = {.ranges = NULL};
	if (is_backwards(wish))
		return failure_set(failure, E_USAGE, "--to is before --from: nothing is between");
	enum error error = topic_client_new(kafka, "intake-worker-backfill",
		"intake-worker-backfill", "error", &search.client, failure);
	if (!error)
		error = find_all(&search, failure);
	if (!error)
		error = fill(&search, &bounds, failure);
	end_search(&search);
	if (error)
		backfill_bounds_fini(&bounds);
	else
		*ret_bounds = bounds;
	return error;
}
