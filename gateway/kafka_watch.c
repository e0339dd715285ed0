/* SPDX-License-Identifier: Apache-2.0 */
/* kafka_watch - what readiness has to know of Kafka: that it answers, the topic's settings, its clock. */
#include "gateway/kafka_watch.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/metrics.h"
#include "gateway/topic_promise.h"
#include "shared/clock.h"
#include "shared/ensure.h"
#include "shared/kafka_topic.h"
#include "shared/log.h"
#include "shared/memory.h"

enum {
	ASK_TIMEOUT_MS = 2000, /* a SIGTERM waits for an answer */
	AGAIN_MS = 1000,       /* while something is wrong */
	EVERY_MS = 5000,
	SETTINGS_TRIES = 3,
};

enum clock_state {
	CLOCK_GOOD,
	CLOCK_OFF, /* worth a warning */
	CLOCK_OUT, /* not ready */
};

struct kafka_watch {
	const struct gateway_config *config;
	struct producer *producers[THREADS_MOST];
	size_t producer_count;

	/* the main thread's */
	struct failure trouble; /* the last answer's; error OK: none */
	struct buf findings;    /* of the topic's settings, as they were logged last */
	int unanswered;         /* times in a row that the settings were not told */
	bool uncheckable;       /* that was logged */
	enum clock_state clock; /* as it was logged */

	atomic_bool answered; /* for the topic and its settings, once */
	pthread_mutex_t lock; /* for what follows, which the main thread writes */
	struct buf broken;    /* sentences: settings that break the promise */
};

struct kafka_watch *kafka_watch_new(const struct gateway_config *config)
{
	struct kafka_watch *watch = memory_zeroed(1, sizeof(*watch));
	watch->config = config;
	ensure(pthread_mutex_init(&watch->lock, NULL) == 0);
	return watch;
}

void kafka_watch_free(struct kafka_watch *watch)
{
	if (!watch)
		return;
	buf_fini(&watch->findings);
	buf_fini(&watch->broken);
	(void)pthread_mutex_destroy(&watch->lock);
	free(watch);
}

void kafka_watch_add(struct kafka_watch *watch, struct producer *producer)
{
	ensure(watch->producer_count < THREADS_MOST);
	watch->producers[watch->producer_count++] = producer;
}

/* ---- the topic's settings */

static void log_finding(const struct kafka_watch *watch, const struct topic_finding *finding)
{
	const char *topic = watch->config->kafka.topic;
	struct buf mend = {0};
	if (strcmp(finding->setting, "replication") == 0)
		buf_add_text(&mend, "three brokers, and kafka-reassign-partitions");
	else
		buf_printf(&mend,
			"kafka-configs --alter --entity-type topics --entity-name %s "
			"--add-config %s=%s",
			topic, finding->setting, finding->wanted);
	log_write(finding->broken ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN, "topic.setting",
		LOG_FIELDS(log_text("topic", topic), log_text("setting", finding->setting),
			log_text("is", finding->is), log_text("wanted", finding->wanted),
			log_text("why", finding->why),
			log_text("ready", finding->broken ? "no" : "yes"),
			log_span("mend", buf_span(&mend))));
	buf_fini(&mend);
}

static void write_finding(struct buf *out, const struct topic_finding *finding)
{
	buf_printf(out, "The topic's %s is %s, wanted %s: %s.\n", finding->setting, finding->is,
		finding->wanted, finding->why);
}

static void log_findings(
	const struct kafka_watch *watch, const struct topic_finding *findings, size_t count)
{
	for (size_t i = 0; i < count; i++)
		log_finding(watch, &findings[i]);
	if (count == 0)
		log_info("topic.good", log_text("topic", watch->config->kafka.topic));
}

/* Log them when they have changed, and keep those that break the promise for readiness. */
static void take_findings(
	struct kafka_watch *watch, const struct topic_finding *findings, size_t count)
{
	struct buf all = {0};
	struct buf broken = {0};
	for (size_t i = 0; i < count; i++) {
		write_finding(&all, &findings[i]);
		if (findings[i].broken)
			write_finding(&broken, &findings[i]);
	}
	if (!span_equal(buf_span(&all), buf_span(&watch->findings)))
		log_findings(watch, findings, count);
	buf_fini(&watch->findings);
	watch->findings = all;
	(void)pthread_mutex_lock(&watch->lock);
	buf_fini(&watch->broken);
	watch->broken = broken;
	(void)pthread_mutex_unlock(&watch->lock);
}

static void judge_settings(
	struct kafka_watch *watch, const struct kafka_topic_settings *settings, int replicas)
{
	struct topic_facts facts = {.replicas = replicas};
	struct topic_finding findings[TOPIC_FINDINGS_MOST];
	for (size_t i = 0; i < TOPIC_SETTING_COUNT; i++)
		facts.values[i] = kafka_topic_setting(settings, topic_setting_names[i]);
	take_findings(watch, findings, topic_promise_check(&facts, findings));
}

/*
 * Whether asking is in vain: the login may not, or the brokers know no such request, though they have just
 * answered for the topic (librdkafka waits then for one that does, and times out).
 */
static bool is_uncheckable(struct kafka_watch *watch, enum error error)
{
	watch->unanswered = error ? watch->unanswered + 1 : 0;
	return error == E_KAFKA_REFUSED || watch->unanswered >= SETTINGS_TRIES;
}

/* Who may not ask is not kept from working. */
static enum error check_settings(struct kafka_watch *watch, int replicas, struct failure *failure)
{
	struct kafka_topic_settings *settings = NULL;
	enum error error =
		producer_topic_settings(watch->producers[0], ASK_TIMEOUT_MS, &settings, failure);
	bool uncheckable = is_uncheckable(watch, error);
	if (!error)
		judge_settings(watch, settings, replicas);
	else if (!uncheckable)
		return error;
	else if (!watch->uncheckable)
		log_warn("topic.unchecked", log_text("reason", failure->detail),
			log_text("meaning", "nobody looks whether its settings keep the promise"));
	watch->uncheckable = uncheckable;
	kafka_topic_settings_free(settings);
	return OK;
}

/* ---- clocks */

/* The worst of all producers'; 0: they agree, or nothing is known. */
static int64_t clock_offset_us(const struct kafka_watch *watch)
{
	int64_t worst_us = 0;
	int64_t wall_us = clock_wall_ns() / 1000;
	int64_t steady_us = clock_steady_us();
	for (size_t i = 0; i < watch->producer_count && !watch->config->kafka.embedded; i++) {
		int64_t offset_us = 0;
		if (producer_clock_offset(watch->producers[i], wall_us, steady_us, &offset_us) &&
			llabs(offset_us) > llabs(worst_us))
			worst_us = offset_us;
	}
	return worst_us;
}

static enum clock_state clock_state_of(const struct kafka_watch *watch, int64_t offset_us)
{
	const struct gateway_settings *settings = &watch->config->gateway;
	int64_t off_ms = llabs(offset_us) / CLOCK_US_PER_MS;
	if (settings->clock_most_ms && off_ms > settings->clock_most_ms)
		return CLOCK_OUT;
	return off_ms > settings->clock_warn_ms ? CLOCK_OFF : CLOCK_GOOD;
}

static void check_clock(struct kafka_watch *watch)
{
	int64_t offset_us = clock_offset_us(watch);
	enum clock_state state = clock_state_of(watch, offset_us);
	struct log_field offset = log_int("offset_ms", offset_us / CLOCK_US_PER_MS);
	if (state == watch->clock)
		return;
	if (state == CLOCK_GOOD)
		log_info("clock.good", offset);
	else
		log_write(state == CLOCK_OUT ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN, "clock.off",
			LOG_FIELDS(offset, log_text("ready", state == CLOCK_OUT ? "no" : "yes"),
				log_text("meaning",
					"this machine's clock and Kafka's differ (positive: ours "
					"is ahead): events of a gateway that runs behind are "
					"taken for stale")));
	watch->clock = state;
}

/* ---- all of it */

/* One producer speaks for all, but for those that had an error somebody must act on. */
static enum error ask(struct kafka_watch *watch, struct failure *failure)
{
	int replicas = 0;
	enum error error = OK;
	for (size_t i = 1; i < watch->producer_count && !error; i++) {
		if (producer_has_trouble(watch->producers[i]))
			error = producer_probe(
				watch->producers[i], ASK_TIMEOUT_MS, &replicas, failure);
	}
	if (!error)
		error = producer_probe(watch->producers[0], ASK_TIMEOUT_MS, &replicas, failure);
	metric_set(METRIC_KAFKA_UP, error == OK);
	if (error || watch->config->kafka.embedded) /* that broker has no settings */
		return error;
	return check_settings(watch, replicas, failure);
}

static bool needs_somebody(enum error error)
{
	return error == E_NOT_FOUND || error == E_KAFKA_REFUSED || error == E_KAFKA_FATAL;
}

/* Say so when the answer is another than the last time. */
static void log_answer(struct kafka_watch *watch, enum error error, const struct failure *failure)
{
	bool known = !watch->trouble.error && atomic_load(&watch->answered);
	if (!error && !known)
		log_info("kafka.ready", log_text("topic", watch->config->kafka.topic));
	else if (error && strcmp(failure->detail, watch->trouble.detail) != 0)
		log_write(needs_somebody(error) ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN, "kafka.away",
			LOG_FIELDS(log_text("reason", failure->detail)));
	watch->trouble = error ? *failure : (struct failure){.error = OK};
}

enum error kafka_watch_probe(struct kafka_watch *watch, int64_t *ret_again_ms)
{
	struct failure failure = {.error = OK};
	enum error error = ask(watch, &failure);
	log_answer(watch, error, &failure);
	if (!error)
		atomic_store(&watch->answered, true);
	check_clock(watch);
	bool well = !error && watch->clock == CLOCK_GOOD && watch->broken.len == 0;
	*ret_again_ms = well ? EVERY_MS : AGAIN_MS;
	return error == E_KAFKA_FATAL ? error : OK;
}

void kafka_watch_not_ready(struct kafka_watch *watch, struct buf *reasons)
{
	int64_t offset_us = clock_offset_us(watch);
	if (!atomic_load(&watch->answered))
		buf_add_text(reasons, "Kafka has not answered for the topic.\n");
	(void)pthread_mutex_lock(&watch->lock);
	buf_add(reasons, buf_span(&watch->broken));
	(void)pthread_mutex_unlock(&watch->lock);
	if (clock_state_of(watch, offset_us) == CLOCK_OUT)
		buf_printf(reasons, "This machine's clock is %lld ms %s Kafka's.\n",
			(long long)llabs(offset_us) / CLOCK_US_PER_MS,
			offset_us > 0 ? "ahead of" : "behind");
}

void kafka_watch_refresh_metrics(const struct kafka_watch *watch)
{
	metric_set(METRIC_CLOCK_OFFSET, (double)clock_offset_us(watch) / 1e6);
}
