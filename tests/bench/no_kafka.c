/* SPDX-License-Identifier: Apache-2.0 */
/*
 * no_kafka - the gateway with all but Kafka: what gateway/produce does, done by nothing.
 *
 * Linked in place of gateway/produce, it makes the floor that the real gateway is measured against:
 * key, limit, body, validation, event and answer are all there.
 */
#include "gateway/pipeline.h"
#include "gateway/produce.h"
#include "shared/memory.h"

#include <stdlib.h>

struct producer {
	int unused;
};

enum error producer_new(struct loop *loop, const struct gateway_config *config,
	void (*on_fatal)(void *user), void *user, struct producer **ret_producer,
	struct failure *failure)
{
	(void)loop;
	(void)config;
	(void)on_fatal;
	(void)user;
	(void)failure;
	*ret_producer = memory_zeroed(1, sizeof(**ret_producer));
	return OK;
}

enum error producer_check(const struct gateway_config *config, struct failure *failure)
{
	(void)config;
	(void)failure;
	return OK;
}

void producer_free(struct producer *producer)
{
	free(producer);
}

int producer_flush(struct producer *producer, int timeout_ms)
{
	(void)producer;
	(void)timeout_ms;
	return 0;
}

enum error producer_probe(
	struct producer *producer, int timeout_ms, int *ret_replicas, struct failure *failure)
{
	(void)producer;
	(void)timeout_ms;
	(void)failure;
	*ret_replicas = 1;
	return OK;
}

enum error producer_topic_settings(struct producer *producer, int timeout_ms,
	struct kafka_topic_settings **ret_settings, struct failure *failure)
{
	(void)producer;
	(void)timeout_ms;
	(void)ret_settings;
	return failure_set(failure, E_KAFKA_REFUSED, "there is no Kafka");
}

bool producer_has_trouble(const struct producer *producer)
{
	(void)producer;
	return false;
}

bool producer_clock_offset(
	const struct producer *producer, int64_t wall_us, int64_t steady_us, int64_t *ret_offset_us)
{
	(void)producer;
	(void)wall_us;
	(void)steady_us;
	(void)ret_offset_us;
	return false;
}

int producer_in_flight(const struct producer *producer)
{
	(void)producer;
	return 0;
}

int64_t producer_oldest_us(const struct producer *producer)
{
	(void)producer;
	return 0;
}

bool producer_is_behind(const struct producer *producer)
{
	(void)producer;
	return false;
}

void produce_abandon(struct submission *submission)
{
	(void)submission;
}

enum error produce_step(struct submission *submission)
{
	(void)submission;
	return OK;
}
