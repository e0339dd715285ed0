/* SPDX-License-Identifier: Apache-2.0 */
/* take - a record from Kafka becomes an event of a batch, or a dead letter of it. */
#include <string.h>

#include "shared/clock.h"
#include "shared/ensure.h"
#include "shared/event.h"
#include "worker/consumer.h"
#include "worker/metrics.h"
#include "worker/take.h"

/*
 * Every record follows the one before. Where it does not, retention has taken what was not read, or
 * the topic was cut or made anew: going on is right, going on in silence is not.
 */
static void check_offset(struct consumer *consumer, const rd_kafka_message_t *message)
{
	struct consumer_partition *partition = &consumer->partitions[message->partition];
	int64_t expected = partition->expected;
	partition->expected = message->offset + 1;
	if (expected == PROGRESS_NONE || expected == message->offset)
		return;
	metric_add(METRIC_OFFSET_JUMPS, 1);
	int64_t suppressed = log_limit_take(&consumer->jump_line, clock_steady_ms());
	if (suppressed >= 0)
		log_error("consume.offset_jump", log_text("topic", consumer->config->kafka.topic),
			log_int("partition", message->partition), log_int("expected", expected),
			log_int("found", message->offset), log_int("suppressed", suppressed),
			log_text("meaning",
				message->offset > expected
					? "records between were never applied and are gone"
					: "the topic was cut or made anew; reading it again"));
}

static struct span put(char **at, struct span bytes)
{
	char *copy = *at;
	if (!bytes.base)
		return SPAN_NONE;
	memcpy(copy, bytes.base, bytes.len);
	*at += bytes.len;
	return span_from(copy, bytes.len);
}

/* Names that need no copy. Takes: i - the header's place: most records have the gateway's order. */
static const char *well_known(const char *name, size_t i)
{
	static const char *const names[] = {"ce_specversion", "ce_id", "ce_type", "ce_source",
		"ce_time", "content-type", "traceparent"};
	return i < sizeof(names) / sizeof(*names) && strcmp(name, names[i]) == 0 ? names[i] : NULL;
}

/* Headers as they are in librdkafka's memory. Returns: how many bytes there are to copy. */
static size_t read_headers(
	rd_kafka_headers_t *headers, struct record_header *ret_headers, size_t count)
{
	const void *value;
	size_t bytes = 0;
	for (size_t i = 0; i < count; i++) {
		struct record_header *header = &ret_headers[i];
		ensure(!rd_kafka_header_get_all(
			headers, i, &header->name, &value, &header->value.len));
		header->value.base = value;
		bytes += header->value.len;
		if (!well_known(header->name, i))
			bytes += strlen(header->name) + 1;
	}
	return bytes;
}

static const char *keep_name(char **at, const char *name, size_t i)
{
	const char *known = well_known(name, i);
	return known ? known : put(at, span_from(name, strlen(name) + 1)).base;
}

const struct record *take_keep(const rd_kafka_message_t *message, struct arena *arena)
{
	rd_kafka_headers_t *found = NULL;
	rd_kafka_timestamp_type_t type;
	size_t count = 0;
	if (!rd_kafka_message_headers(message, &found))
		count = rd_kafka_header_cnt(found);
	struct record_header *headers = arena_alloc(arena, count * sizeof(*headers));
	size_t bytes = read_headers(found, headers, count) + message->key_len + message->len;
	char *at = arena_alloc(arena, bytes);
	struct record *record = arena_alloc(arena, sizeof(*record));
	for (size_t i = 0; i < count; i++) {
		headers[i].name = keep_name(&at, headers[i].name, i);
		headers[i].value = put(&at, headers[i].value);
	}
	*record = (struct record){
		.partition = message->partition,
		.offset = message->offset,
		.timestamp_ms = rd_kafka_message_timestamp(message, &type),
		.key = put(&at, span_from(message->key, message->key_len)),
		.value = put(&at, span_from(message->payload, message->len)),
		.headers = headers,
		.header_count = count,
		.bytes = sizeof(*record) + count * sizeof(*headers) + bytes,
	};
	return record;
}

static bool is_header_of_ours(const char *name)
{
	return strncmp(name, "ce_", 3) == 0 || strcmp(name, "traceparent") == 0;
}

/* What is looked at to decode it. */
static void view_record(const struct record *record, struct event_record *ret_view)
{
	bool crowded = record->header_count > EVENT_HEADER_COUNT;
	ret_view->value = record->value;
	ret_view->header_count = 0;
	for (size_t i = 0; i < record->header_count && ret_view->header_count < EVENT_HEADER_COUNT;
		i++) {
		const struct record_header *header = &record->headers[i];
		if (!crowded || is_header_of_ours(header->name))
			ret_view->headers[ret_view->header_count++] =
				(struct event_header){header->name, header->value};
	}
}

enum error take_decode(const struct record *record, struct arena *arena, struct event *ret_event,
	struct failure *failure)
{
	struct event_record view;
	view_record(record, &view);
	return event_decode(&view, arena, ret_event, failure);
}

void take_record(struct consumer *consumer, size_t lane, const rd_kafka_message_t *message)
{
	struct event event;
	struct failure failure = {.error = OK};
	if (!progress_is_assigned(consumer->progress, message->partition))
		return;
	struct arena *arena = &feed_open_batch(consumer->feed, lane)->arena;
	const struct record *record = take_keep(message, arena);
	if (take_decode(record, arena, &event, &failure))
		feed_add_bad(consumer->feed, record, &failure);
	else
		feed_add(consumer->feed, &event, record);
	check_offset(consumer, message);
	metric_add(METRIC_EVENTS_READ, 1);
}
