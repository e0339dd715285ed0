/* SPDX-License-Identifier: Apache-2.0 */
/* dead_letter_reader - the dead-letter topic from its beginning to the end it had when it was opened. */
#include "worker/dead_letter_reader.h"

#include <stdlib.h>

#include "shared/clock.h"
#include "shared/ensure.h"
#include "shared/memory.h"

enum {
	ANSWER_MS = 10 * 1000,
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

static enum error make_client(struct dead_letter_reader *reader, struct failure *failure)
{
	const struct kafka_property ours[] = {
		/* librdkafka wants one; nothing joins it. */
		{"group.id", "intake-worker-dead-letters"},
		{"enable.auto.commit", "false"},
		{"enable.auto.offset.store", "false"},
		{"auto.offset.reset", "earliest"},
		{"enable.partition.eof", "true"},
		{NULL, NULL},
	};
	const struct kafka_property defaults[] = {
		{"client.id", "intake-worker-dead-letters"},
		{"check.crcs", "true"},
		{"queued.max.messages.kbytes", "16384"},
		{"fetch.wait.max.ms", "50"}, /* the end is near in most topics of dead letters */
		{NULL, NULL},
	};
	rd_kafka_conf_t *conf = NULL;
	char reason[256];
	if (kafka_conf_new(reader->kafka, ours, defaults, &conf, failure))
		return failure->error;
	reader->client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof(reason));
	if (reader->client) {
		(void)rd_kafka_poll_set_consumer(reader->client);
		return OK;
	}
	rd_kafka_conf_destroy(conf);
	return failure_set(failure, E_CONFIG, "librdkafka: %s", reason);
}

static enum error away(
	const struct dead_letter_reader *reader, const char *why, struct failure *failure)
{
	return failure_set(failure, E_KAFKA_AWAY, "topic %s cannot be read: %s",
		kafka_dead_letter_topic(reader->kafka), why);
}

/* All partitions of the topic. Returned owned; NULL with the reason. */
static rd_kafka_topic_partition_list_t *find_partitions(
	struct dead_letter_reader *reader, struct failure *failure)
{
	const struct rd_kafka_metadata *metadata = NULL;
	const char *topic = kafka_dead_letter_topic(reader->kafka);
	rd_kafka_topic_partition_list_t *found = NULL;
	rd_kafka_topic_t *handle = rd_kafka_topic_new(reader->client, topic, NULL);
	rd_kafka_resp_err_t error =
		handle ? rd_kafka_metadata(reader->client, 0, handle, &metadata, ANSWER_MS)
		       : rd_kafka_last_error();
	if (!error)
		error = metadata && metadata->topic_cnt == 1
				? metadata->topics[0].err
				: RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
	if (error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
		(void)failure_set(failure, E_NOT_FOUND,
			"there is no topic %s: intake-worker topics create makes it", topic);
	else if (error)
		(void)away(reader, rd_kafka_err2str(error), failure);
	else
		found = rd_kafka_topic_partition_list_new(metadata->topics[0].partition_cnt);
	for (int i = 0; found && i < metadata->topics[0].partition_cnt; i++)
		rd_kafka_topic_partition_list_add(
			found, topic, metadata->topics[0].partitions[i].id);
	if (metadata)
		rd_kafka_metadata_destroy(metadata);
	if (handle)
		rd_kafka_topic_destroy(handle);
	return found;
}

/* Takes: which - of the protocol's two times that are none: the beginning or the end of the log. */
static enum error ask_offsets(struct dead_letter_reader *reader,
	rd_kafka_topic_partition_list_t *partitions, int64_t which, struct failure *failure)
{
	for (int i = 0; i < partitions->cnt; i++)
		partitions->elems[i].offset = which;
	/* Not rd_kafka_query_watermark_offsets, which may outlive its time-out. */
	rd_kafka_resp_err_t error =
		rd_kafka_offsets_for_times(reader->client, partitions, ANSWER_MS);
	for (int i = 0; !error && i < partitions->cnt; i++)
		error = partitions->elems[i].err;
	return error ? away(reader, rd_kafka_err2str(error), failure) : OK;
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
	rd_kafka_topic_partition_list_t *starts = find_partitions(reader, failure);
	if (!starts)
		return failure->error;
	rd_kafka_topic_partition_list_t *ends = rd_kafka_topic_partition_list_copy(starts);
	enum error error = ask_offsets(reader, ends, RD_KAFKA_OFFSET_END, failure);
	if (!error)
		error = ask_offsets(reader, starts, RD_KAFKA_OFFSET_BEGINNING, failure);
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
	enum error error = make_client(reader, failure);
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
	if (reader->client)
		rd_kafka_destroy_flags(reader->client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
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
static enum error take_message(struct dead_letter_reader *reader, struct record *ret_record)
{
	const rd_kafka_message_t *message = reader->message;
	int place = place_of(reader, message->partition);
	bool known = place < reader->starts->cnt && !reader->ended[place];
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
	enum error error = reader->message ? take_message(reader, ret_record) : E_PENDING;
	if (error == E_PENDING && reader->silent_ms > SILENCE_MS)
		return away(reader, "no record came in time", failure);
	return error;
}
