/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_reader - the records of a range of a partition. */
#include "worker/backfill_reader.h"

#include <stdlib.h>

#include "shared/clock.h"
#include "shared/memory.h"
#include "worker/take.h"
#include "worker/topic_look.h"

enum {
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
	return topic_away(reader->topic, why, failure);
}

enum error backfill_reader_open(const struct kafka_settings *kafka, const char *topic,
	struct backfill_reader **ret_reader, struct failure *failure)
{
	rd_kafka_t *client = NULL;
	/* "error": never a silent jump. */
	enum error error = topic_client_new(kafka, "intake-worker-backfill",
		"intake-worker-backfill", "error", &client, failure);
	if (error)
		return error;
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
	topic_client_free(reader->client);
	free(reader);
}

enum error backfill_reader_start(struct backfill_reader *reader, int32_t partition,
	int64_t *ret_offset, struct failure *failure)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	(void)rd_kafka_topic_partition_list_add(list, reader->topic, partition);
	enum error error = topic_offsets(reader->client, list, RD_KAFKA_OFFSET_BEGINNING, failure);
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
		return failure_set(failure, E_OFFSET_GONE, "topic %s, partition %d: %s",
			reader->topic, message->partition, rd_kafka_message_errstr(message));
	if (topic_is_forbidden(message->err))
		return away(reader, rd_kafka_err2str(message->err), failure);
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
