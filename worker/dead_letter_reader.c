/* SPDX-License-Identifier: Apache-2.0 */
/* dead_letter_reader - the dead-letter topic from its beginning to the end it had when it was opened. */
#include "worker/dead_letter_reader.h"

#include <stdlib.h>

#include "shared/clock.h"
#include "shared/ensure.h"
#include "shared/memory.h"
#include "worker/topic_look.h"

enum {
	SILENCE_MS = 30 * 1000, /* without a record, though some are to come */
	HEADERS_FIRST = 32,
};

struct dead_letter_reader {
	const struct kafka_settings *kafka; /* borrowed */
	rd_kafka_t *client;
	rd_kafka_topic_partition_list_t *starts; /* owned; one a partition that has records */
	int64_t *ends;                           /* owned; by the place in `starts` */
	bool *ended;                             /* owned; the same */
	int open_count;                          /* partitions that have not ended */
	int64_t silent_ms;                       /* waited for the next record so far */
	rd_kafka_message_t *message;             /* owned; the record that was given last */
	struct record_header *headers;
	size_t header_capacity;
};

static enum error away(
	const struct dead_letter_reader *reader, const char *why, struct failure *failure)
{
	return topic_away(kafka_dead_letter_topic(reader->kafka), why, failure);
}

/* Keep the partitions that have something to read, and how far. */
static void keep_bounds(struct dead_letter_reader *reader,
	const rd_kafka_topic_partition_list_t *starts, const rd_kafka_topic_partition_list_t *ends)
{
	reader->starts = rd_kafka_topic_partition_list_new(starts->cnt);
	reader->ends = memory_zeroed((size_t)starts->cnt, sizeof(*reader->ends));
	reader->ended = memory_zeroed((size_t)starts->cnt, sizeof(*reader->ended));
	for (int i = 0; i < starts->cnt; i++) {
		const rd_kafka_topic_partition_t *start = &starts->elems[i];
		if (ends->elems[i].offset <= start->offset)
			continue;
		reader->ends[reader->starts->cnt] = ends->elems[i].offset;
		rd_kafka_topic_partition_list_add(reader->starts, start->topic, start->partition)
			->offset = start->offset;
	}
}

static enum error find_bounds(struct dead_letter_reader *reader, struct failure *failure)
{
	const char *topic = kafka_dead_letter_topic(reader->kafka);
	rd_kafka_topic_partition_list_t *starts = NULL;
	enum error error = topic_partitions(reader->client, topic, &starts, failure);
	if (error == E_NOT_FOUND)
		return failure_set(failure, error,
			"there is no topic %s: intake-worker topics create makes it", topic);
	if (error)
		return error;
	rd_kafka_topic_partition_list_t *ends = rd_kafka_topic_partition_list_copy(starts);
	error = topic_offsets(reader->client, ends, RD_KAFKA_OFFSET_END, failure);
	if (!error)
		error = topic_offsets(reader->client, starts, RD_KAFKA_OFFSET_BEGINNING, failure);
	if (!error)
		keep_bounds(reader, starts, ends);
	rd_kafka_topic_partition_list_destroy(starts);
	rd_kafka_topic_partition_list_destroy(ends);
	return error;
}

enum error dead_letter_reader_open(const struct kafka_settings *kafka,
	struct dead_letter_reader **ret_reader, struct failure *failure)
{
	struct dead_letter_reader *reader = memory_zeroed(1, sizeof(*reader));
	reader->kafka = kafka;
	enum error error = topic_client_new(kafka, "intake-worker-dead-letters",
		"intake-worker-dead-letters", "earliest", &reader->client, failure);
	if (!error)
		error = find_bounds(reader, failure);
	if (error)
		dead_letter_reader_close(reader);
	else
		*ret_reader = reader;
	return error;
}

static void drop_message(struct dead_letter_reader *reader)
{
	if (reader->message)
		rd_kafka_message_destroy(reader->message);
	reader->message = NULL;
}

void dead_letter_reader_close(struct dead_letter_reader *reader)
{
	if (!reader)
		return;
	drop_message(reader);
	if (reader->starts)
		rd_kafka_topic_partition_list_destroy(reader->starts);
	topic_client_free(reader->client);
	free(reader->ends);
	free(reader->ended);
	free(reader->headers);
	free(reader);
}

int64_t dead_letter_reader_count(const struct dead_letter_reader *reader)
{
	int64_t count = 0;
	for (int i = 0; i < reader->starts->cnt; i++)
		count += reader->ends[i] - reader->starts->elems[i].offset;
	return count;
}

static int place_of(const struct dead_letter_reader *reader, int32_t partition)
{
	int place = 0;
	while (place < reader->starts->cnt && reader->starts->elems[place].partition != partition)
		place++;
	return place;
}

int64_t dead_letter_reader_start(const struct dead_letter_reader *reader, int32_t partition)
{
	int place = place_of(reader, partition);
	ensure(place < reader->starts->cnt);
	return reader->starts->elems[place].offset;
}

enum error dead_letter_reader_rewind(struct dead_letter_reader *reader, struct failure *failure)
{
	drop_message(reader);
	(void)rd_kafka_assign(reader->client, NULL);
	rd_kafka_resp_err_t error = rd_kafka_assign(reader->client, reader->starts);
	for (int i = 0; i < reader->starts->cnt; i++)
		reader->ended[i] = false;
	reader->open_count = reader->starts->cnt;
	reader->silent_ms = 0;
	return error ? away(reader, rd_kafka_err2str(error), failure) : OK;
}

static void end(struct dead_letter_reader *reader, int place)
{
	if (reader->ended[place])
		return;
	reader->ended[place] = true;
	reader->open_count--;
}

static void read_headers(struct dead_letter_reader *reader, struct record *record)
{
	rd_kafka_headers_t *headers = NULL;
	const char *name;
	const void *value;
	size_t len;
	if (rd_kafka_message_headers(reader->message, &headers))
		return;
	size_t count = rd_kafka_header_cnt(headers);
	if (count > reader->header_capacity) {
		reader->header_capacity = count > HEADERS_FIRST ? count : HEADERS_FIRST;
		reader->headers = memory_resize(
			reader->headers, reader->header_capacity * sizeof(*reader->headers));
	}
	for (size_t i = 0; i < count && !rd_kafka_header_get_all(headers, i, &name, &value, &len);
		i++)
		reader->headers[record->header_count++] =
			(struct record_header){name, span_from(value, value ? len : 0)};
	record->headers = reader->headers;
}

static void read_message(struct dead_letter_reader *reader, struct record *ret_record)
{
	const rd_kafka_message_t *message = reader->message;
	rd_kafka_timestamp_type_t type;
	int64_t timestamp_ms = rd_kafka_message_timestamp(message, &type);
	*ret_record = (struct record){
		.partition = message->partition,
		.offset = message->offset,
		.timestamp_ms = type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? -1 : timestamp_ms,
		.key = span_from(message->key, message->key_len),
		.value = span_from(message->payload, message->len),
	};
	read_headers(reader, ret_record);
}

/*
 * What a message of librdkafka's is: E_PENDING where it is no record for the caller.
 *
 * Errors that librdkafka gets over by itself count as silence.
 */
static enum error take_message(
	struct dead_letter_reader *reader, struct record *ret_record, struct failure *failure)
{
	const rd_kafka_message_t *message = reader->message;
	int place = place_of(reader, message->partition);
	bool known = place < reader->starts->cnt && !reader->ended[place];
	if (topic_is_forbidden(message->err))
		return away(reader, rd_kafka_err2str(message->err), failure);
	if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF && known)
		end(reader, place);
	if (message->err || !known)
		return E_PENDING;
	reader->silent_ms = 0;
	if (message->offset + 1 >= reader->ends[place])
		end(reader, place);
	if (message->offset >= reader->ends[place])
		return E_PENDING;
	read_message(reader, ret_record);
	return OK;
}

enum error dead_letter_reader_next(struct dead_letter_reader *reader, int wait_ms,
	struct record *ret_record, struct failure *failure)
{
	drop_message(reader);
	if (reader->open_count == 0)
		return E_NOT_FOUND;
	int64_t before_ms = clock_steady_ms();
	reader->message = rd_kafka_consumer_poll(reader->client, wait_ms);
	reader->silent_ms += clock_steady_ms() - before_ms;
	enum error error = reader->message ? take_message(reader, ret_record, failure) : E_PENDING;
	if (error == E_PENDING && reader->silent_ms > SILENCE_MS)
		return away(reader, "no record came in time", failure);
	return error;
}
