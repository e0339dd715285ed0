/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server - the gateway process: event loops, producers, readiness, and an orderly end.
 *
 * Design notes. Each loop is a thread with its own HTTP server, pipeline and Kafka producer; they share
 * the listening socket, the key cache and the limiter. The main thread waits for signals, and asks
 * Kafka now and then for the topic, which readiness rests on.
 */
#include "gateway/server.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "gateway/keys.h"
#include "gateway/metrics.h"
#include "gateway/pipeline.h"
#include "gateway/produce.h"
#include "shared/admin.h"
#include "shared/clock.h"
#include "shared/ensure.h"
#include "shared/log.h"
#include "shared/memory.h"

enum {
	PROBE_TIMEOUT_MS = 2000, /* a SIGTERM waits for a probe under way */
	PROBE_AGAIN_MS = 1000,   /* while Kafka has not answered yet */
	PROBE_EVERY_MS = 10000,
	DRAIN_CHECK_MS = 20,
	FLUSH_MS = 2000, /* what is left behind the drain */
};

struct server_thread {
	struct server *server;
	pthread_t thread;
	struct loop *loop;
	struct http_server *http;
	struct producer *producer;
	struct pipeline pipeline;
	struct loop_task drain;
	struct loop_deadlines drain_checks;
	struct loop_deadline drain_check;
	bool started;
};

struct server {
	const struct gateway_config *config;
	struct keys *keys;
	struct limiter *limiter;
	struct admin *admin;
	struct admin_checks checks;
	struct server_thread *threads;
	size_t thread_count;
	int listen_fd;
	atomic_size_t listening_loops;
	atomic_bool draining;
	atomic_bool fatal;
	atomic_bool kafka_ready;
};

static void stop_on_fatal(void *user)
{
	struct server *server = user;
	atomic_store(&server->fatal, true);
	(void)kill(getpid(), SIGTERM);
}

/* ---- draining, in the loop's thread ---- */

static bool is_drained(const struct server_thread *thread)
{
	return http_server_connections(thread->http) == 0 &&
	       atomic_load(&thread->pipeline.in_flight) == 0;
}

static void check_drained(struct loop_deadline *deadline)
{
	struct server_thread *thread =
		(struct server_thread *)((char *)deadline -
					 offsetof(struct server_thread, drain_check));
	if (is_drained(thread))
		loop_stop(thread->loop);
	else
		loop_arm(&thread->drain_checks, &thread->drain_check);
}

static void begin_drain(struct loop_task *task)
{
	struct server_thread *thread =
		(struct server_thread *)((char *)task - offsetof(struct server_thread, drain));
	struct server *server = thread->server;
	http_server_drain(thread->http);
	/* The last one closes it, so that who comes now is refused at once instead of waiting. */
	if (atomic_fetch_sub(&server->listening_loops, 1) == 1) {
		(void)close(server->listen_fd);
		server->listen_fd = -1;
	}
	loop_arm(&thread->drain_checks, &thread->drain_check);
}

/* ---- readiness and metrics, in the admin's thread ---- */

static void not_ready(void *user, struct buf *reasons)
{
	struct server *server = user;
	if (atomic_load(&server->draining))
		buf_add_text(reasons, "The gateway is stopping.\n");
	if (atomic_load(&server->fatal))
		buf_add_text(reasons, "The Kafka client failed for good.\n");
	if (!atomic_load(&server->kafka_ready))
		buf_add_text(reasons, "Kafka has not answered for the topic.\n");
	(void)keys_ready(server->keys, reasons);
}

static void refresh(void *user)
{
	struct server *server = user;
	struct buf reasons = {0};
	size_t in_flight = 0;
	int queued = 0;
	for (size_t i = 0; i < server->thread_count; i++) {
		in_flight += atomic_load(&server->threads[i].pipeline.in_flight);
		queued += producer_in_flight(server->threads[i].producer);
	}
	not_ready(server, &reasons);
	metric_set(METRIC_READY, reasons.len == 0);
	metric_set(METRIC_IN_FLIGHT, (double)in_flight);
	metric_set(METRIC_PRODUCE_QUEUE, queued);
	metric_set(METRIC_LIMIT_KEYS, (double)limiter_count(server->limiter));
	keys_refresh_metrics(server->keys);
	buf_fini(&reasons);
}

/* ---- start and end, in the main thread ---- */

static void *run_thread(void *user)
{
	struct server_thread *thread = user;
	loop_run(thread->loop);
	return NULL;
}

static struct http_limits http_limits_of(const struct gateway_settings *settings)
{
	return (struct http_limits){
		.connections_most =
			(settings->max_connections + settings->threads - 1) / settings->threads,
		.head_ms = settings->head_timeout_ms,
		.body_ms = settings->body_timeout_ms,
		.idle_ms = settings->idle_timeout_ms,
		.write_ms = settings->write_timeout_ms,
	};
}

static enum error prepare_thread(struct server_thread *thread, struct failure *failure)
{
	struct server *server = thread->server;
	const struct http_limits limits = http_limits_of(&server->config->gateway);
	thread->loop = loop_new();
	thread->drain.run = begin_drain;
	loop_deadlines_init(thread->loop, &thread->drain_checks, DRAIN_CHECK_MS, check_drained);
	enum error error = producer_new(
		thread->loop, server->config, stop_on_fatal, server, &thread->producer, failure);
	if (error)
		return error;
	thread->pipeline = (struct pipeline){
		.config = server->config,
		.loop = thread->loop,
		.keys = server->keys,
		.limiter = server->limiter,
		.producer = thread->producer,
	};
	pipeline_init(&thread->pipeline);
	thread->http = http_server_new(
		thread->loop, server->listen_fd, &thread->pipeline.service, &limits);
	return OK;
}

static enum error start_threads(struct server *server, struct failure *failure)
{
	server->thread_count = (size_t)server->config->gateway.threads;
	server->threads = memory_zeroed(server->thread_count, sizeof(*server->threads));
	atomic_store(&server->listening_loops, server->thread_count);
	for (size_t i = 0; i < server->thread_count; i++) {
		server->threads[i].server = server;
		enum error error = prepare_thread(&server->threads[i], failure);
		if (error)
			return error;
	}
	for (size_t i = 0; i < server->thread_count; i++) {
		struct server_thread *thread = &server->threads[i];
		ensure(pthread_create(&thread->thread, NULL, run_thread, thread) == 0);
		thread->started = true;
	}
	return OK;
}

static enum error start(struct server *server, struct failure *failure)
{
	const struct gateway_config *config = server->config;
	server->limiter = limiter_new();
	server->checks = (struct admin_checks){not_ready, refresh, server};
	enum error error = http_listen(config->gateway.listen, &server->listen_fd, failure);
	if (!error)
		error = keys_start(&config->keys, config->postgres.url, &server->keys, failure);
	if (!error)
		error = start_threads(server, failure);
	if (!error)
		error = admin_start(
			config->gateway.admin_listen, &server->checks, &server->admin, failure);
	return error;
}

static void log_start(const struct server *server)
{
	struct buf address = {0};
	http_listen_address(server->listen_fd, &address);
	log_info("gateway.listening", log_span("address", buf_span(&address)),
		log_int("threads", (int64_t)server->thread_count),
		log_text("topic", server->config->kafka.topic),
		log_text("version", INTAKE_VERSION));
	buf_fini(&address);
}

/* Ask Kafka for the topic; say so when the answer changes. */
static int64_t probe(struct server *server)
{
	struct failure failure = {.error = OK};
	enum error error = producer_probe(server->threads[0].producer, PROBE_TIMEOUT_MS, &failure);
	bool was_ready = atomic_exchange(&server->kafka_ready, error == OK);
	static bool told;
	if (error && (was_ready || !told))
		log_warn("kafka.not_ready", log_text("reason", failure.detail));
	else if (!error && !was_ready)
		log_info("kafka.ready", log_text("topic", server->config->kafka.topic));
	told = true;
	return error ? PROBE_AGAIN_MS : PROBE_EVERY_MS;
}

/* Returns true when a stop was asked for within wait_ms. */
static bool wait_for_signal(const sigset_t *signals, int64_t wait_ms)
{
	const struct timespec wait = {
		.tv_sec = wait_ms / 1000,
		.tv_nsec = (wait_ms % 1000) * CLOCK_NS_PER_MS,
	};
	return sigtimedwait(signals, NULL, &wait) > 0;
}

static void join_threads(struct server *server)
{
	for (size_t i = 0; i < server->thread_count; i++) {
		if (server->threads[i].started)
			(void)pthread_join(server->threads[i].thread, NULL);
		server->threads[i].started = false;
	}
}

static bool all_drained(const struct server *server)
{
	size_t left = 0;
	for (size_t i = 0; i < server->thread_count; i++)
		left += atomic_load(&server->threads[i].pipeline.in_flight);
	return left == 0;
}

/* Returns how many events Kafka did not answer for. */
static int flush_all(struct server *server)
{
	int left = 0;
	for (size_t i = 0; i < server->thread_count; i++)
		left += producer_flush(server->threads[i].producer, FLUSH_MS);
	return left;
}

static enum error drain(struct server *server, const sigset_t *signals, struct failure *failure)
{
	const struct gateway_settings *settings = &server->config->gateway;
	atomic_store(&server->draining, true);
	log_info("gateway.draining", log_int("delay_ms", settings->drain_delay_ms));
	if (settings->drain_delay_ms > 0)
		(void)wait_for_signal(signals, settings->drain_delay_ms);
	for (size_t i = 0; i < server->thread_count; i++)
		loop_post(server->threads[i].loop, &server->threads[i].drain);
	(void)alarm((unsigned)((settings->drain_timeout_ms + 999) / 1000));
	join_threads(server);
	bool answered = all_drained(server);
	int unflushed = flush_all(server);
	(void)alarm(0);
	log_info("gateway.stopped", log_text("drained", answered ? "yes" : "no"),
		log_int("unflushed", unflushed));
	if (!answered || unflushed)
		return failure_set(
			failure, E_TIMEOUT, "%d events were left without an answer", unflushed);
	return atomic_load(&server->fatal)
		       ? failure_set(failure, E_KAFKA_FATAL, "the Kafka client failed for good")
		       : OK;
}

/* The drain took too long: end the loops with what is left. */
static struct server *alarmed_server;

static void on_alarm(int signal)
{
	(void)signal;
	for (size_t i = 0; alarmed_server && i < alarmed_server->thread_count; i++)
		loop_stop(alarmed_server->threads[i].loop);
}

static void stop(struct server *server)
{
	for (size_t i = 0; i < server->thread_count; i++) {
		if (server->threads[i].started)
			loop_stop(server->threads[i].loop);
	}
	join_threads(server);
	admin_stop(server->admin);
	keys_stop(server->keys);
	for (size_t i = 0; i < server->thread_count; i++) {
		struct server_thread *thread = &server->threads[i];
		http_server_free(thread->http);
		pipeline_fini(&thread->pipeline);
		producer_free(thread->producer);
		loop_free(thread->loop);
	}
	free(server->threads);
	limiter_free(server->limiter);
	if (server->listen_fd >= 0)
		(void)close(server->listen_fd);
}

static enum error serve(struct server *server, const sigset_t *signals, struct failure *failure)
{
	log_start(server);
	if (server->config->kafka.embedded)
		log_warn("kafka.embedded",
			log_text("meaning",
				"the broker is in memory: events are lost when it stops"));
	while (!wait_for_signal(signals, probe(server)))
		;
	return drain(server, signals, failure);
}

enum error server_run(const struct gateway_config *config, struct failure *failure)
{
	struct server server = {.config = config, .listen_fd = -1};
	struct sigaction alarmed = {.sa_handler = on_alarm};
	sigset_t signals;
	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGINT);
	/* Blocked before any thread starts, so that only the main thread ever takes them. */
	(void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
	alarmed_server = &server;
	(void)sigaction(SIGALRM, &alarmed, NULL);
	enum error error = start(&server, failure);
	if (!error)
		error = serve(&server, &signals, failure);
	stop(&server);
	alarmed_server = NULL;
	return error;
}
