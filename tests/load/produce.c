/* SPDX-License-Identifier: Apache-2.0 */
/*
 * produce - puts contact events that a test has made up into a topic, as a gateway would.
 *
 *	intake-produce BROKERS TOPIC [commit|abort] < events
 *
 * The third argument makes a transaction of them, as a mirror does, and says how it ends.
 * An event is a line: its id (a UUIDv7: the version), a tab, the record key, a tab, the value. The
 * headers follow from the id. Exits 0 when all are in every replica.
 */
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FLUSH_MS = 120000, TRANSACTION_MS = 60000, TIME_BYTES = 40 };

struct event {
	char *id;
	char *key;
	char *value;
};

struct delivery {
	uint64_t stored;
	uint64_t failed;
};

static void delivered(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
	struct delivery *delivery = opaque;
	(void)rk;
	if (message->err) {
		if (delivery->failed++ == 0)
			(void)fprintf(
				stderr, "intake-produce: %s\n", rd_kafka_err2str(message->err));
	} else {
		delivery->stored++;
	}
}

/* Takes: transaction - the name of its producer; NULL: there is none. */
static rd_kafka_t *producer_new(
	const char *brokers, const char *transaction, struct delivery *delivery)
{
	static const char *const properties[][2] = {{"acks", "all"}, {"enable.idempotence", "true"},
		{"compression.codec", "lz4"}, {"linger.ms", "20"},
		{"queue.buffering.max.messages", "200000"}};
	char text[512] = "";
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_conf_res_t result =
		rd_kafka_conf_set(conf, "bootstrap.servers", brokers, text, sizeof text);
	for (size_t i = 0; i < sizeof properties / sizeof *properties && !result; i++)
		result = rd_kafka_conf_set(
			conf, properties[i][0], properties[i][1], text, sizeof text);
	if (!result && transaction)
		result =
			rd_kafka_conf_set(conf, "transactional.id", transaction, text, sizeof text);
	rd_kafka_conf_set_dr_msg_cb(conf, delivered);
	rd_kafka_conf_set_opaque(conf, delivery);
	rd_kafka_t *rk = result ? NULL : rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
	if (!rk)
		(void)fprintf(stderr, "intake-produce: %s\n", text);
	return rk;
}

/* The time a UUIDv7 carries: its first 48 bits are milliseconds since 1970. */
static void event_time(const char *id, char out[static TIME_BYTES])
{
	char digits[13] = "", text[32];
	struct tm utc;
	for (size_t i = 0, len = 0; id[i] && len < 12; i++)
		if (id[i] != '-')
			digits[len++] = id[i];
	uint64_t ms = strtoull(digits, NULL, 16);
	time_t seconds = (time_t)(ms / 1000);
	(void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", gmtime_r(&seconds, &utc));
	(void)snprintf(out, TIME_BYTES, "%s.%03uZ", text, (unsigned)(ms % 1000));
}

static rd_kafka_resp_err_t try_produce(rd_kafka_t *rk, const char *topic, const struct event *event)
{
	char time_text[TIME_BYTES];
	event_time(event->id, time_text);
	return rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic),
		RD_KAFKA_V_KEY(event->key, strlen(event->key)),
		RD_KAFKA_V_VALUE(event->value, strlen(event->value)),
		RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
		RD_KAFKA_V_HEADER("ce_specversion", "1.0", -1),
		RD_KAFKA_V_HEADER("ce_id", event->id, -1),
		RD_KAFKA_V_HEADER("ce_type", "contact.received.v1", -1),
		RD_KAFKA_V_HEADER("ce_source", "/api/webhooks/contacts", -1),
		RD_KAFKA_V_HEADER("ce_time", time_text, -1),
		RD_KAFKA_V_HEADER("content-type", "application/json", -1), RD_KAFKA_V_END);
}

static bool parse_line(char *line, struct event *event)
{
	line[strcspn(line, "\n")] = '\0';
	char *rest = line;
	event->id = strsep(&rest, "\t");
	event->key = strsep(&rest, "\t");
	event->value = rest;
	return event->id && event->key && event->value;
}

static bool produce_all(rd_kafka_t *rk, const char *topic, uint64_t *ret_count)
{
	char *line = NULL;
	size_t room = 0;
	bool good = true;
	*ret_count = 0;
	while (good && getline(&line, &room, stdin) > 0) {
		struct event event;
		rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR__INVALID_ARG;
		if (parse_line(line, &event)) {
			err = try_produce(rk, topic, &event);
			while (err == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
				(void)rd_kafka_poll(rk, 100);
				err = try_produce(rk, topic, &event);
			}
		}
		good = !err;
		if (err)
			(void)fprintf(stderr, "intake-produce: line %" PRIu64 ": %s\n",
				*ret_count + 1, rd_kafka_err2str(err));
		++*ret_count;
		(void)rd_kafka_poll(rk, 0);
	}
	free(line);
	return good;
}

static bool succeeded(rd_kafka_error_t *error)
{
	if (!error)
		return true;
	(void)fprintf(stderr, "intake-produce: %s\n", rd_kafka_error_string(error));
	rd_kafka_error_destroy(error);
	return false;
}

static bool begin(rd_kafka_t *rk)
{
	return succeeded(rd_kafka_init_transactions(rk, TRANSACTION_MS)) &&
	       succeeded(rd_kafka_begin_transaction(rk));
}

/* What is aborted is in the log all the same: it was flushed before. */
static bool end(rd_kafka_t *rk, const char *how)
{
	return succeeded(strcmp(how, "commit") == 0
				 ? rd_kafka_commit_transaction(rk, TRANSACTION_MS)
				 : rd_kafka_abort_transaction(rk, TRANSACTION_MS));
}

int main(int argc, char **argv)
{
	struct delivery delivery = {0};
	uint64_t count = 0;
	const char *how = argc == 4 ? argv[3] : NULL;
	if (argc < 3 || argc > 4) {
		(void)fputs(
			"Usage: intake-produce BROKERS TOPIC [commit|abort] < events\n", stderr);
		return 2;
	}
	rd_kafka_t *rk = producer_new(argv[1], how ? argv[2] : NULL, &delivery);
	if (!rk)
		return 1;
	bool good = (!how || begin(rk)) && produce_all(rk, argv[2], &count);
	(void)rd_kafka_flush(rk, FLUSH_MS);
	good = good && (!how || end(rk, how));
	rd_kafka_destroy(rk);
	(void)printf("produced=%" PRIu64 "\n", delivery.stored);
	return good && delivery.stored == count ? 0 : 1;
}
