/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server - the gateway process: event loops, producers, readiness, and an orderly end.
 *
 * Design notes. Each loop is a thread with its own HTTP server, pipeline and Kafka producer; they share
 * the listening socket, the key cache and the limiter. The main thread waits for signals, and asks
 * Kafka now and then how it does (kafka_watch), which readiness rests on. The watchdog has to hear of all
 * of them.
 */
#include "gateway/server.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "gateway/kafka_watch.h"
#include "gateway/keys.h"
#include "gateway/limit_redis.h"
#include "gateway/metrics.h"
#include "gateway/openapi.h"
#include "gateway/pipeline.h"
#include "gateway/produce.h"
#include "gateway/routes.h"
#include "gateway/settings/desk.h"
#include "shared/admin.h"
#include "shared/clock.h"
#include "shared/ensure.h"
#include "shared/log.h"
#include "shared/memory.h"
#include "shared/notify.h"
#include "shared/watchdog.h"

enum {
	READY_CHECK_MS = 10,
	/* A gateway that is not ready by then answers all the same: a 503 tells more than silence. */
	READY_MOST_MS = 2000,
	DRAIN_CHECK_MS = 20,
	FLUSH_MS = 2000, /* what is left behind the drain */
};

struct server_thread {
	struct server *server;
	pthread_t thread;
	struct loop *loop;
	struct http_server *http;
	struct producer *producer;
	struct limit_redis *limit_redis;
	struct pipeline pipeline;
	struct desk desk;
	struct routes routes;
	struct loop_deadlines ready_checks;
	struct loop_deadline ready_check;
	int64_t accepts_ms; /* at the latest */
	struct loop_task drain;
	struct loop_deadlines drain_checks;
	struct loop_deadline drain_check;
	bool started;
};

struct server {
	const struct gateway_config *config;
	struct keys *keys;
	struct limiter *limiter;
	struct kafka_watch *kafka;
	struct peer_count *peers; /* NULL: no cap on an address */
	struct openapi *openapi;
	struct site *site;          /* NULL: there is no settings page */
	struct redis_url redis_url; /* all zero: none */
	struct limit_redis_health redis_health;
	struct admin *admin;
	struct admin_checks checks;
	struct notify notify;
	struct watchdog *watchdog;    /* NULL: nobody watches */
	struct watchdog_member turns; /* the main thread's */
	struct server_thread *threads;
	size_t thread_count;
	int listen_fd;             /* -1: none */
	atomic_size_t connections; /* of all loops */
	atomic_size_t listening_loops;
	atomic_size_t drained_loops;
	atomic_bool draining;
	atomic_bool fatal;
};

/* Once, however many producers fail: a second signal would cut the drain short. Thread: any. */
static void stop_on_fatal(void *user)
{
	struct server *server = user;
	if (!atomic_exchange(&server->fatal, true))
		(void)kill(getpid(), SIGTERM);
}

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
	if (!is_drained(thread)) {
		loop_arm(&thread->drain_checks, &thread->drain_check);
		return;
	}
	atomic_fetch_add(&thread->server->drained_loops, 1);
	loop_stop(thread->loop);
}

static void begin_drain(struct loop_task *task)
{
	struct server_thread *thread =
		(struct server_thread *)((char *)task - offsetof(struct server_thread, drain));
	struct server *server = thread->server;
	loop_disarm(&thread->ready_check);
	http_server_drain(thread->http);
	/* The last one closes it, so that who comes now is refused at once instead of waiting. */
	if (atomic_fetch_sub(&server->listening_loops, 1) == 1) {
		http_unlisten(server->config->gateway.listen, server->listen_fd);
		server->listen_fd = -1;
	}
	loop_arm(&thread->drain_checks, &thread->drain_check);
}

/* Thread: any. */
static void not_ready(void *user, struct buf *reasons)
{
	struct server *server = user;
	if (atomic_load(&server->draining))
		buf_add_text(reasons, "The gateway is stopping.\n");
	if (atomic_load(&server->fatal))
		buf_add_text(reasons, "The Kafka client failed for good.\n");
	kafka_watch_not_ready(server->kafka, reasons);
	if (!limit_redis_was_tried(&server->redis_health))
		buf_add_text(reasons, "Redis was not asked yet.\n");
	(void)keys_ready(server->keys, reasons);
}

/* Of all loops: how long the oldest event waits for its delivery report. */
static double produce_age_s(const struct server *server)
{
	int64_t now_us = clock_steady_us();
	int64_t oldest_us = now_us;
	for (size_t i = 0; i < server->thread_count; i++) {
		int64_t since_us = producer_oldest_us(server->threads[i].producer);
		if (since_us && since_us < oldest_us)
			oldest_us = since_us;
	}
	return (double)(now_us - oldest_us) / 1e6;
}

/* In the admin's thread. */
static void refresh(void *user)
{
	struct server *server = user;
	struct buf reasons = {0};
	size_t in_flight = 0;
	size_t buffered = 0;
	int queued = 0;
	for (size_t i = 0; i < server->thread_count; i++) {
		in_flight += atomic_load(&server->threads[i].pipeline.in_flight);
		queued += producer_in_flight(server->threads[i].producer);
		buffered += http_server_bytes(server->threads[i].http);
	}
	not_ready(server, &reasons);
	metric_set(METRIC_READY, reasons.len == 0);
	metric_set(METRIC_IN_FLIGHT, (double)in_flight);
	metric_set(METRIC_BUFFER_BYTES, (double)buffered);
	metric_set(METRIC_PRODUCE_QUEUE, queued);
	metric_set(METRIC_PRODUCE_AGE, produce_age_s(server));
	metric_set(METRIC_LIMIT_KEYS, (double)limiter_count(server->limiter));
	kafka_watch_refresh_metrics(server->kafka);
	keys_refresh_metrics(server->keys);
	metric_set(METRIC_SETTINGS_JOBS, server->site ? (double)jobs_count(server->site->jobs) : 0);
	buf_fini(&reasons);
}

/*
 * Senders that come while a gateway starts wait in the socket's queue until it can answer for Kafka and keys:
 * behind a proxy that looks at nothing but connections, a restart would otherwise cost them a 503.
 */
static void check_ready(struct loop_deadline *deadline)
{
	struct server_thread *thread =
		(struct server_thread *)((char *)deadline -
					 offsetof(struct server_thread, ready_check));
	struct buf reasons = {0};
	not_ready(thread->server, &reasons);
	if (reasons.len == 0 || loop_now_ms(thread->loop) >= thread->accepts_ms)
		http_server_accept(thread->http);
	else
		loop_arm(&thread->ready_checks, &thread->ready_check);
	buf_fini(&reasons);
}

static void *run_thread(void *user)
{
	struct server_thread *thread = user;
	loop_run(thread->loop);
	return NULL;
}

static struct http_limits http_limits_of(struct server *server)
{
	const struct gateway_settings *settings = &server->config->gateway;
	return (struct http_limits){
		.connections_most = settings->max_connections,
		.connections = &server->connections,
		.peers = server->peers,
		.proxies = &server->config->proxies,
		.bytes_most = (size_t)(settings->max_buffer_bytes / settings->threads),
		.head_ms = settings->head_timeout_ms,
		.body_ms = settings->body_timeout_ms,
		.idle_ms = settings->idle_timeout_ms,
		.write_ms = settings->write_timeout_ms,
		.accept_later = true,
	};
}

static bool has_redis(const struct server *server)
{
	return server->redis_url.host || server->redis_url.path;
}

static enum error prepare_thread(struct server_thread *thread, struct failure *failure)
{
	struct server *server = thread->server;
	const struct http_limits limits = http_limits_of(server);
	thread->loop = loop_new();
	loop_guard(thread->loop, server->watchdog);
	thread->drain.run = begin_drain;
	loop_deadlines_init(thread->loop, &thread->ready_checks, READY_CHECK_MS, check_ready);
	loop_deadlines_init(thread->loop, &thread->drain_checks, DRAIN_CHECK_MS, check_drained);
	enum error error = producer_new(
		thread->loop, server->config, stop_on_fatal, server, &thread->producer, failure);
	if (error)
		return error;
	if (has_redis(server))
		thread->limit_redis = limit_redis_new(thread->loop, &server->redis_url,
			server->config->gateway.redis_timeout_ms, &server->redis_health);
	kafka_watch_add(server->kafka, thread->producer);
	thread->pipeline = (struct pipeline){
		.config = server->config,
		.loop = thread->loop,
		.keys = server->keys,
		.limiter = server->limiter,
		.limit_redis = thread->limit_redis,
		.producer = thread->producer,
	};
	pipeline_init(&thread->pipeline);
	thread->desk = (struct desk){.site = server->site, .pipeline = &thread->pipeline};
	desk_init(&thread->desk);
	thread->routes = (struct routes){
		.webhook = &thread->pipeline.service,
		.openapi = openapi_service(server->openapi),
		.settings = server->site ? &thread->desk.service : NULL,
	};
	routes_init(&thread->routes);
	thread->http =
		http_server_new(thread->loop, server->listen_fd, &thread->routes.service, &limits);
	thread->accepts_ms = loop_now_ms(thread->loop) + READY_MOST_MS;
	loop_arm(&thread->ready_checks, &thread->ready_check);
	return OK;
}

/* A gateway without the page is whole: senders need it as much. */
static void open_site(struct server *server)
{
	struct buf listening = {0};
	struct buf url = {0};
	http_listen_address(server->listen_fd, &listening);
	const char *reason =
		server->config->gateway.settings
			? site_find_url(&server->config->gateway, buf_span(&listening), &url)
			: "GATEWAY_SETTINGS is off";
	if (reason)
		log_info("settings.off", log_text("reason", reason));
	else
		server->site = site_new(server->config, buf_span(&url));
	buf_fini(&listening);
	buf_fini(&url);
}

static enum error prepare_threads(struct server *server, struct failure *failure)
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
	return OK;
}

static void start_threads(struct server *server)
{
	for (size_t i = 0; i < server->thread_count; i++) {
		struct server_thread *thread = &server->threads[i];
		ensure(pthread_create(&thread->thread, NULL, run_thread, thread) == 0);
		thread->started = true;
	}
}

/* The loops come last: no request is taken before all else that can fail has not. */
static enum error start(struct server *server, struct failure *failure)
{
	const struct gateway_config *config = server->config;
	const char *redis_url = config->gateway.redis_url;
	notify_open(&server->notify);
	server->watchdog = watchdog_new(&server->notify);
	watchdog_join(server->watchdog, &server->turns);
	server->limiter = limiter_new();
	server->kafka = kafka_watch_new(config);
	if (config->gateway.max_connections_per_address > 0)
		server->peers = peer_count_new(config->gateway.max_connections_per_address);
	server->openapi = openapi_new(&config->gateway);
	limit_redis_health_init(&server->redis_health);
	server->checks = (struct admin_checks){not_ready, refresh, server};
	enum error error = redis_url && *redis_url
				   ? redis_url_parse(redis_url, &server->redis_url, failure)
				   : OK;
	if (!error)
		error = keys_start(&config->keys, config->postgres.url, &server->keys, failure);
	if (!error)
		error = http_listen(config->gateway.listen, &server->listen_fd, failure);
	if (!error) {
		open_site(server);
		error = prepare_threads(server, failure);
	}
	if (!error)
		error = admin_start(config->gateway.admin_listen, &server->checks, server->watchdog,
			&server->admin, failure);
	if (!error)
		start_threads(server);
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

/* What systemctl status shows. */
static void tell_status(struct server *server)
{
	struct buf reasons = {0};
	not_ready(server, &reasons);
	notify_status(
		&server->notify, reasons.len ? buf_span(&reasons) : SPAN("Ready: takes webhooks"));
	buf_fini(&reasons);
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

static void stop_threads(struct server *server)
{
	for (size_t i = 0; i < server->thread_count; i++) {
		if (server->threads[i].started)
			loop_stop(server->threads[i].loop);
	}
	for (size_t i = 0; i < server->thread_count; i++) {
		if (server->threads[i].started)
			(void)pthread_join(server->threads[i].thread, NULL);
		server->threads[i].started = false;
	}
}

/* Wait for the loops to run dry, then end them. A second signal cuts it short. */
static void wait_for_drain(struct server *server, const sigset_t *signals)
{
	int64_t until_ms = clock_steady_ms() + server->config->gateway.drain_timeout_ms;
	while (atomic_load(&server->drained_loops) < server->thread_count &&
		clock_steady_ms() < until_ms && !wait_for_signal(signals, DRAIN_CHECK_MS))
		;
	stop_threads(server);
}

/* What Kafka has not answered for by now is told as such. Returns how many submissions that were. */
static size_t flush_all(struct server *server)
{
	size_t left = 0;
	for (size_t i = 0; i < server->thread_count; i++) {
		struct server_thread *thread = &server->threads[i];
		(void)producer_flush(thread->producer, FLUSH_MS);
		left += (size_t)producer_in_flight(thread->producer);
		pipeline_abandon(&thread->pipeline);
	}
	return left;
}

static enum error drain(struct server *server, const sigset_t *signals, struct failure *failure)
{
	const struct gateway_settings *settings = &server->config->gateway;
	atomic_store(&server->draining, true);
	notify_stopping(&server->notify);
	log_info("gateway.draining", log_int("delay_ms", settings->drain_delay_ms));
	if (settings->drain_delay_ms > 0)
		(void)wait_for_signal(signals, settings->drain_delay_ms);
	for (size_t i = 0; i < server->thread_count; i++)
		loop_post(server->threads[i].loop, &server->threads[i].drain);
	wait_for_drain(server, signals);
	size_t unflushed = flush_all(server);
	log_info("gateway.stopped", log_int("unflushed", (int64_t)unflushed));
	if (unflushed)
		return failure_set(failure, E_TIMEOUT,
			"Kafka did not say in time whether it has %zu events: maybe stored",
			unflushed);
	if (atomic_load(&server->fatal))
		return failure_set(failure, E_KAFKA_FATAL, "the Kafka client failed for good");
	return OK;
}

static void free_thread(struct server_thread *thread)
{
	if (!thread->loop)
		return;
	loop_run_posted(thread->loop); /* key look-ups that were cut short */
	pipeline_abandon(&thread->pipeline);
	http_server_free(thread->http);
	limit_redis_free(thread->limit_redis);
	pipeline_fini(&thread->pipeline);
	producer_free(thread->producer);
	loop_free(thread->loop);
}

static void stop(struct server *server)
{
	stop_threads(server);
	admin_stop(server->admin);
	keys_stop(server->keys);
	if (server->site)
		jobs_stop(server->site->jobs);
	for (size_t i = 0; i < server->thread_count; i++)
		free_thread(&server->threads[i]);
	free(server->threads);
	limiter_free(server->limiter);
	kafka_watch_free(server->kafka);
	peer_count_free(server->peers);
	openapi_free(server->openapi);
	site_free(server->site);
	limit_redis_health_fini(&server->redis_health);
	redis_url_fini(&server->redis_url);
	if (server->listen_fd >= 0)
		http_unlisten(server->config->gateway.listen, server->listen_fd);
	watchdog_free(server->watchdog);
	notify_close(&server->notify);
}

static enum error serve(struct server *server, const sigset_t *signals, struct failure *failure)
{
	int64_t again_ms = 0;
	log_start(server);
	notify_ready(&server->notify);
	if (server->config->kafka.embedded)
		log_warn("kafka.embedded",
			log_text("meaning",
				"the broker is in memory: events are lost when it stops"));
	do {
		watchdog_turned(&server->turns, clock_steady_us());
		if (kafka_watch_probe(server->kafka, &again_ms))
			stop_on_fatal(server);
		tell_status(server);
		limiter_sweep(server->limiter, clock_wall_ms());
	} while (!wait_for_signal(signals, again_ms));
	return drain(server, signals, failure);
}

enum error server_run(const struct gateway_config *config, struct failure *failure)
{
	struct server server = {.config = config, .listen_fd = -1, .notify = {.fd = -1}};
	sigset_t signals;
	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGINT);
	/* Blocked before any thread starts, so that only the main thread ever takes them. */
	(void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
	enum error error = start(&server, failure);
	if (!error)
		error = serve(&server, &signals, failure);
	stop(&server);
	return error;
}
