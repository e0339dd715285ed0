/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_reader - ranges of a topic's partitions: where they begin and end, and their records. */
#include "worker/backfill_reader.h"

#include <stdlib.h>

#include "shared/clock.h"
#include "shared/ensure.h"
#include "shared/memory.h"
#include "worker/take.h"

enum {
	ANSWER_MS = 10 * 1000,
	SILENCE_MS = 15 * 1000, /* without a record, though some are to come; less than a lease */
};

struct backfill_reader {
	const char *topic; /* borrowed */
	rd_kafka_t *client;
	struct backfill_range range;
	bool ended;
	int64_t silent_ms; /* waited for the next record so far */
};

static enum error away(
	const struct backfill_reader *reader, const char *why, struct failure *failure)
{
	return failure_set(
		failure, E_KAFKA_AWAY, "topic %s cannot be read: %s", reader->topic, why);
}

enum error backfill_reader_open(const struct kafka_settings *kafka, const char *topic,
	struct backfill_reader **ret_reader, struct failure *failure)
{
	const struct kafka_property ours[] = {
		/* librdkafka wants one; nothing joins it. */
		{"group.id", "intake-worker-backfill"},
		{"enable.auto.commit", "false"},
		{"enable.auto.offset.store", "false"},
		{"auto.offset.reset", "error"}, /* never a silent jump */
		{"enable.partition.eof", "true"},
		{NULL, NULL},
	};
	const struct kafka_property defaults[] = {
		{"client.id", "intake-worker-backfill"},
		{"check.crcs", "true"},
		{"queued.max.messages.kbytes", "16384"},
		{"fetch.wait.max.ms", "50"}, /* a range ends within the log or at its end */
		{NULL, NULL},
	};
	rd_kafka_conf_t *conf = NULL;
	char reason[256];
	if (kafka_conf_new(kafka, ours, defaults, &conf, failure))
		return failure->error;
	rd_kafka_t *client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof(reason));
	if (!client) {
		rd_kafka_conf_destroy(conf);
		return failure_set(failure, E_CONFIG, "librdkafka: %s", reason);
	}
	(void)rd_kafka_poll_set_consumer(client);
	struct backfill_reader *reader = memory_zeroed(1, sizeof(*reader));
	reader->client = client;
	reader->topic = topic;
	*ret_reader = reader;
	return OK;
}

void backfill_reader_close(struct backfill_reader *reader)
{
	if (!reader)
		return;
	(void)rd_kafka_assign(reader->client, NULL);
	rd_kafka_destroy_flags(reader->client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	free(reader);
}

/* All partitions of the topic. Returned owned; NULL with the reason. */
static rd_kafka_topic_partition_list_t *find_partitions(
	struct backfill_reader *reader, struct failure *failure)
{
	const struct rd_kafka_metadata *metadata = NULL;
	rd_kafka_topic_partition_list_t *found = NULL;
	rd_kafka_topic_t *handle = rd_kafka_topic_new(reader->client, reader->topic, NULL);
	rd_kafka_resp_err_t error =
		handle ? rd_kafka_metadata(reader->client, 0, handle, &metadata, ANSWER_MS)
		       : rd_kafka_last_error();
	if (!error)
		error = metadata && metadata->topic_cnt == 1
				? metadata->topics[0].err
				: RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
	if (error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
		(void)failure_set(failure, E_NOT_FOUND, "there is no topic %s", reader->topic);
	else if (error)
		(void)away(reader, rd_kafka_err2str(error), failure);
	else
		found = rd_kafka_topic_partition_list_new(metadata->topics[0].partition_cnt);
	for (int i = 0; found && i < metadata->topics[0].partition_cnt; i++)
		rd_kafka_topic_partition_list_add(
			found, reader->topic, metadata->topics[0].partitions[i].id);
	if (metadata)
		rd_kafka_metadata_destroy(metadata);
	if (handle)
		rd_kafka_topic_destroy(handle);
	return found;
}

/* Takes: time - in ms, or the protocol's two that are none: the beginning and the end of the log. */
static enum error ask_offsets(struct backfill_reader *reader,
	rd_kafka_topic_partition_list_t *partitions, int64_t time, struct failure *failure)
{
	for (int i = 0; i < partitions->cnt; i++)
		partitions->elems[i].offset = time;
	/* Not rd_kafka_query_watermark_offsets, which may outlive its time-out. */
	rd_kafka_resp_err_t error =
		rd_kafka_offsets_for_times(reader->client, partitions, ANSWER_MS);
	for (int i = 0; !error && i < partitions->cnt; i++)
		error = partitions->elems[i].err;
	return error ? away(reader, rd_kafka_err2str(error), failure) : OK;
}

/*
 * The moment's offset in each partition.
 *
 * Takes:   ends - where the partitions end: no record is that young.
 * Returns: owned; NULL with the reason.
 */
static rd_kafka_topic_partition_list_t *find_moment(struct backfill_reader *reader,
	const rd_kafka_topic_partition_list_t *ends, const struct backfill_moment *moment,
	struct failure *failure)
{
	rd_kafka_topic_partition_list_t *found = rd_kafka_topic_partition_list_copy(ends);
	if (moment->kind == BACKFILL_NOW)
		return found;
	int64_t time = moment->kind == BACKFILL_AT ? moment->ms : RD_KAFKA_OFFSET_BEGINNING;
	if (ask_offsets(reader, found, time, failure)) {
		rd_kafka_topic_partition_list_destroy(found);
		return NULL;
	}
	for (int i = 0; i < found->cnt; i++) {
		int64_t *offset = &found->elems[i].offset;
		if (*offset < 0 || *offset > ends->elems[i].offset)
			*offset = ends->elems[i].offset;
	}
	return found;
}

static void note_gap(struct buf *gap, const rd_kafka_topic_partition_t *from, int64_t start)
{
	if (from->offset == start && start > 0)
		buf_printf(gap, "partition %d: offsets before %lld are gone\n", from->partition,
			(long long)start);
}

/* Each partition's moments, side by side; the lists are all as long. */
struct moments {
	rd_kafka_topic_partition_list_t *ends;
	rd_kafka_topic_partition_list_t *starts;
	rd_kafka_topic_partition_list_t *from;
	rd_kafka_topic_partition_list_t *to;
};

static void moments_fini(struct moments *moments)
{
	rd_kafka_topic_partition_list_t *const lists[] = {
		moments->ends, moments->starts, moments->from, moments->to};
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		if (lists[i])
			rd_kafka_topic_partition_list_destroy(lists[i]);
	}
}

static enum error find_moments(struct backfill_reader *reader, const struct backfill_moment *from,
	const struct backfill_moment *to, struct moments *moments, struct failure *failure)
{
	const struct backfill_moment beginning = {BACKFILL_BEGINNING, 0};
	moments->ends = find_partitions(reader, failure);
	if (!moments->ends || ask_offsets(reader, moments->ends, RD_KAFKA_OFFSET_END, failure))
		return failure->error;
	moments->starts = find_moment(reader, moments->ends, &beginning, failure);
	if (moments->starts)
		moments->from = find_moment(reader, moments->ends, from, failure);
	if (moments->from)
		moments->to = find_moment(reader, moments->ends, to, failure);
	return moments->to ? OK : failure->error;
}

enum error backfill_reader_bounds(struct backfill_reader *reader,
	const struct backfill_moment *from, const struct backfill_moment *to,
	struct backfill_range **ret_ranges, size_t *ret_count, struct buf *gap,
	struct failure *failure)
{
	struct moments moments = {0};
	enum error error = find_moments(reader, from, to, &moments, failure);
	ensure(error || (moments.ends && moments.starts && moments.from && moments.to));
	size_t count = error ? 0 : (size_t)moments.ends->cnt;
	struct backfill_range *ranges = error ? NULL : memory_zeroed(count, sizeof(*ranges));
	for (size_t i = 0; i < count; i++) {
		const rd_kafka_topic_partition_t *first = &moments.from->elems[i];
		int64_t last = moments.to->elems[i].offset;
		ranges[i] = (struct backfill_range){first->partition, first->offset,
			last > first->offset ? last : first->offset};
		if (from->kind == BACKFILL_AT)
			note_gap(gap, first, moments.starts->elems[i].offset);
	}
	moments_fini(&moments);
	if (error)
		return error;
	*ret_ranges = ranges;
	*ret_count = count;
	return OK;
}

enum error backfill_reader_start(struct backfill_reader *reader, int32_t partition,
	int64_t *ret_offset, struct failure *failure)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	(void)rd_kafka_topic_partition_list_add(list, reader->topic, partition);
	enum error error = ask_offsets(reader, list, RD_KAFKA_OFFSET_BEGINNING, failure);
	if (!error)
		*ret_offset = list->elems[0].offset;
	rd_kafka_topic_partition_list_destroy(list);
	return error;
}

enum error backfill_reader_seek(
	struct backfill_reader *reader, const struct backfill_range *range, struct failure *failure)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_list_add(list, reader->topic, range->partition)->offset =
		range->from;
	(void)rd_kafka_assign(reader->client, NULL);
	rd_kafka_resp_err_t error = rd_kafka_assign(reader->client, list);
	rd_kafka_topic_partition_list_destroy(list);
	reader->range = *range;
	reader->ended = range->from >= range->to;
	reader->silent_ms = 0;
	return error ? away(reader, rd_kafka_err2str(error), failure) : OK;
}

/* What a message of librdkafka's is; errors that it gets over by itself count as silence. */
static enum error take_message(struct backfill_reader *reader, const rd_kafka_message_t *message,
	struct arena *arena, const struct record **ret_record, struct failure *failure)
{
	if (message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET)
		return away(reader, rd_kafka_message_errstr(message), failure);
	if (message->partition != reader->range.partition)
		return E_PENDING;
	if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
		if (message->offset < reader->range.to)
			return away(reader,
				"a partition ends before the range does: the topic "
				"was cut or made anew",
				failure);
		reader->ended = true;
	}
	if (message->err)
		return E_PENDING;
	reader->silent_ms = 0;
	/* The range's last offsets may hold no record: compaction, marks of transactions. */
	reader->ended = message->offset + 1 >= reader->range.to;
	if (message->offset >= reader->range.to)
		return E_NOT_FOUND;
	*ret_record = take_keep(message, arena);
	return OK;
}

enum error backfill_reader_next(struct backfill_reader *reader, int wait_ms, struct arena *arena,
	const struct record **ret_record, struct failure *failure)
{
	if (reader->ended)
		return E_NOT_FOUND;
	int64_t before_ms = clock_steady_ms();
	rd_kafka_message_t *message = rd_kafka_consumer_poll(reader->client, wait_ms);
	reader->silent_ms += clock_steady_ms() - before_ms;
	enum error error = E_PENDING;
	if (message) {
		error = take_message(reader, message, arena, ret_record, failure);
		rd_kafka_message_destroy(message);
	}
	if (error == E_PENDING && reader->silent_ms > SILENCE_MS)
		return away(reader, "no record came in time", failure);
	return error;
}
