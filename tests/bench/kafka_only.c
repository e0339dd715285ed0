/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kafka_only - the Kafka client alone, with the gateway's settings and its events: what no gateway that
 * uses this library on this machine can be cheaper than.
 *
 * Usage: intake-bench-kafka-only BROKERS TOPIC IN_FLIGHT EVENTS. As the gateway with that many
 * connections, it has IN_FLIGHT events at Kafka at all times. Prints the CPU an event took, in us.
 */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "shared/ensure.h"

enum { CONTACTS = 20000, BUSINESSES = 5, TEXT_BYTES = 256 };

struct run {
	rd_kafka_t *client;
	const char *topic;
	long produced;
	long reported;
	long failed;
};

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
	char reason[TEXT_BYTES];
	ensure(rd_kafka_conf_set(conf, name, value, reason, sizeof(reason)) == RD_KAFKA_CONF_OK);
}

static rd_kafka_t *make_client(const char *brokers)
{
	static const char *const properties[][2] = {
		{"acks", "all"},
		{"enable.idempotence", "true"},
		{"linger.ms", "1"},
		{"compression.type", "lz4"},
		{"partitioner", "murmur2_random"},
		{"socket.nagle.disable", "true"},
	};
	char reason[TEXT_BYTES];
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	set(conf, "bootstrap.servers", brokers);
	for (size_t i = 0; i < sizeof(properties) / sizeof(*properties); i++)
		set(conf, properties[i][0], properties[i][1]);
	rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
	rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof(reason));
	ensure(client);
	return client;
}

static rd_kafka_headers_t *make_headers(void)
{
	static const char *const headers[][2] = {
		{"ce_specversion", "1.0"},
		{"ce_id", "01a20498-4b31-71d0-b2f5-871aaa3cbed3"},
		{"ce_type", "contact.received.v1"},
		{"ce_source", "/api/webhooks/contacts"},
		{"ce_time", "2026-01-01T00:00:00.000Z"},
		{"content-type", "application/json"},
	};
	const size_t count = sizeof(headers) / sizeof(*headers);
	rd_kafka_headers_t *list = rd_kafka_headers_new(count);
	for (size_t i = 0; i < count; i++)
		ensure(rd_kafka_header_add(list, headers[i][0], -1, headers[i][1], -1) ==
			RD_KAFKA_RESP_ERR_NO_ERROR);
	return list;
}

static void produce(struct run *run)
{
	char key[TEXT_BYTES];
	char value[TEXT_BYTES];
	long contact = random() % CONTACTS;
	int key_len =
		snprintf(key, sizeof(key), "8f14e45f-ceea-4671-9a7e-%012lx:contact%ld@example.com",
			contact % BUSINESSES, contact);
	int value_len = snprintf(value, sizeof(value),
		"{\"business_id\":\"8f14e45f-ceea-4671-9a7e-%012lx\",\"name\":\"Contact %ld\","
		"\"email\":\"contact%ld@example.com\",\"phone\":\"+44 20 %ld\"}",
		contact % BUSINESSES, contact, contact, contact);
	rd_kafka_resp_err_t refused = rd_kafka_producev(run->client, RD_KAFKA_V_TOPIC(run->topic),
		RD_KAFKA_V_KEY(key, (size_t)key_len), RD_KAFKA_V_VALUE(value, (size_t)value_len),
		RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_HEADERS(make_headers()),
		RD_KAFKA_V_END);
	ensure(!refused);
	run->produced++;
}

static void take_reports(struct run *run, rd_kafka_queue_t *queue)
{
	const rd_kafka_message_t *message;
	rd_kafka_event_t *event;
	while ((event = rd_kafka_queue_poll(queue, 0))) {
		while ((message = rd_kafka_event_message_next(event))) {
			run->reported++;
			run->failed += message->err != RD_KAFKA_RESP_ERR_NO_ERROR;
		}
		rd_kafka_event_destroy(event);
	}
}

/* Wait as the gateway's loop does: for one descriptor that librdkafka writes to. */
static void go_on_until(
	struct run *run, rd_kafka_queue_t *queue, int loop_fd, int wake_fd, long events, long most)
{
	struct epoll_event ready;
	uint64_t count;
	while (run->reported < events) {
		while (run->produced - run->reported < most)
			produce(run);
		(void)epoll_wait(loop_fd, &ready, 1, 100);
		ssize_t got = read(wake_fd, &count, sizeof(count));
		(void)got;
		take_reports(run, queue);
	}
}

static double cpu_us(void)
{
	struct rusage usage;
	ensure(getrusage(RUSAGE_SELF, &usage) == 0);
	return ((double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec) * 1e6 +
	       (double)usage.ru_utime.tv_usec + (double)usage.ru_stime.tv_usec;
}

int main(int argc, char **argv)
{
	static const uint64_t one = 1;
	if (argc != 5) {
		(void)fputs(
			"usage: intake-bench-kafka-only BROKERS TOPIC IN_FLIGHT EVENTS\n", stderr);
		return 2;
	}
	struct run run = {.client = make_client(argv[1]), .topic = argv[2]};
	long most = strtol(argv[3], NULL, 10);
	long events = strtol(argv[4], NULL, 10);
	int wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	int loop_fd = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event interest = {.events = EPOLLIN};
	rd_kafka_queue_t *queue = rd_kafka_queue_get_main(run.client);
	ensure(epoll_ctl(loop_fd, EPOLL_CTL_ADD, wake_fd, &interest) == 0);
	rd_kafka_queue_io_event_enable(queue, wake_fd, &one, sizeof(one));
	go_on_until(&run, queue, loop_fd, wake_fd, events / 10, most); /* warm */
	long before = run.reported;
	double began_us = cpu_us();
	go_on_until(&run, queue, loop_fd, wake_fd, before + events, most);
	(void)printf("%.2f\n", (cpu_us() - began_us) / (double)(run.reported - before));
	(void)rd_kafka_purge(run.client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
	rd_kafka_queue_destroy(queue);
	rd_kafka_destroy(run.client);
	return run.failed ? 1 : 0;
}
