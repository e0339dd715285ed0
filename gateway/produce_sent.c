/* SPDX-License-Identifier: Apache-2.0 */
/* produce_sent - when the Kafka client last sent events to a broker. */
#include "gateway/produce_sent.h"

#include "shared/clock.h"
#include "shared/ensure.h"

enum { API_KEY_PRODUCE = 0 }; /* Kafka's protocol */

/*
 * In the broker's thread, once a request is written whole and before its answer is read, so that the
 * report of an event in it always finds this noted. (A broker does nothing with part of a request.)
 */
static rd_kafka_resp_err_t on_request_sent(rd_kafka_t *client, int fd, const char *broker,
	int32_t broker_id, int16_t api_key, int16_t api_version, int32_t correlation_id,
	size_t size, void *user)
{
	struct produce_sent *sent = user;
	(void)client, (void)fd, (void)broker, (void)broker_id;
	(void)api_version, (void)correlation_id, (void)size;
	if (api_key == API_KEY_PRODUCE)
		atomic_store(&sent->last_us, clock_steady_us());
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_new(rd_kafka_t *client, const rd_kafka_conf_t *conf, void *user,
	char *reason, size_t reason_bytes)
{
	(void)conf, (void)reason, (void)reason_bytes;
	return rd_kafka_interceptor_add_on_request_sent(
		client, "produce_sent", on_request_sent, user);
}

void produce_sent_watch(rd_kafka_conf_t *conf, struct produce_sent *sent)
{
	ensure(rd_kafka_conf_interceptor_add_on_new(conf, "produce_sent", on_new, sent) ==
		RD_KAFKA_RESP_ERR_NO_ERROR);
}

bool produce_sent_since(const struct produce_sent *sent, int64_t steady_us)
{
	return atomic_load(&sent->last_us) >= steady_us;
}
