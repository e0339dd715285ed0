/* SPDX-License-Identifier: Apache-2.0 */
/*
 * produce - last step before the answer: store the event in Kafka, and know whether it is stored.
 *
 * Design notes. One producer an event loop. librdkafka signals delivery reports by an eventfd in the
 * loop's epoll; they are taken in batches and answered in the same thread. A ticket ties a message to
 * its submission, which is answered when its last ticket is back; when it is answered earlier (its
 * deadline), the tickets live on until their reports, and then say nothing.
 */
#ifndef INTAKE_GATEWAY_PRODUCE_H
#define INTAKE_GATEWAY_PRODUCE_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/config.h"
#include "gateway/submission.h"
#include "shared/loop.h"

struct kafka_topic_settings;
struct producer;

/*
 * Takes:   loop - where reports are delivered; config - borrowed.
 *          on_fatal - called once, in the loop's thread, when the producer cannot go on.
 * Returns: OK, ret_producer owned, free with producer_free; E_CONFIG, E_SYSTEM.
 */
MUST_CHECK enum error producer_new(struct loop *loop, const struct gateway_config *config,
	void (*on_fatal)(void *user), void *user, struct producer **ret_producer,
	struct failure *failure);

/* Whether librdkafka takes the configuration; waits for nothing. E_CONFIG with the sentence. */
MUST_CHECK enum error producer_check(const struct gateway_config *config, struct failure *failure);

/* Messages that have no report yet are lost: flush first. Takes NULL too. */
void producer_free(struct producer *producer);

/*
 * Take no more events (E_NOT_STORED), and wait until all messages have their report. The loop does not
 * run meanwhile.
 *
 * Returns: how many have none after timeout_ms.
 */
int producer_flush(struct producer *producer, int timeout_ms);

/*
 * Ask the brokers for the topic.
 *
 * Returns: OK: it is there; ret_replicas: of the partition that has the fewest. E_KAFKA_AWAY, E_NOT_FOUND,
 *          E_KAFKA_REFUSED, E_KAFKA_FATAL with the sentence.
 * Thread:  any but the loop's: blocks up to timeout_ms.
 */
MUST_CHECK enum error producer_probe(
	struct producer *producer, int timeout_ms, int *ret_replicas, struct failure *failure);

/* The topic's settings, as kafka_topic_settings_read says. Thread: any but the loop's. */
MUST_CHECK enum error producer_topic_settings(struct producer *producer, int timeout_ms,
	struct kafka_topic_settings **ret_settings, struct failure *failure);

/* Whether there was an error that somebody must act on since it was probed with success. Thread: any. */
bool producer_has_trouble(const struct producer *producer);

/* Our wall clock minus the brokers', as kafka_clock_offset says. Thread: any. */
bool producer_clock_offset(const struct producer *producer, int64_t wall_us, int64_t steady_us,
	int64_t *ret_offset_us);

/* Messages without a report. Thread: any. */
int producer_in_flight(const struct producer *producer);

/*
 * When the oldest event that has no report yet was handed over: steady clock, 0: there is none.
 *
 * Thread: any.
 */
int64_t producer_oldest_us(const struct producer *producer);

/* Whether one more event would wait for its report longer than GATEWAY_SHED_MS. Thread: the loop's. */
bool producer_is_behind(const struct producer *producer);

/* The submission is answered without waiting for the reports of its events. */
void produce_abandon(struct submission *submission);

#endif
