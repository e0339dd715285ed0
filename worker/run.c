/* SPDX-License-Identifier: Apache-2.0 */
/* run - `intake-worker run`: apply events to Postgres until told to stop. */
#include "worker/run.h"

#include <stdio.h>
#include <unistd.h>

#include "shared/admin.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "shared/notify.h"
#include "shared/program.h"
#include "shared/watchdog.h"
#include "worker/config.h"
#include "worker/consume.h"
#include "worker/metrics.h"

enum {
	STATUS_EVERY_MS = 1000,
	SILENT_S = 20, /* more than one look at the partitions' ends that failed */
};

/* What somebody has to look at; what passes by itself, the connections tell. */
static const struct {
	unsigned metric;
	const char *sentence;
} waits[] = {
	{METRIC_WAITING_CONFIGURATION, "Postgres refuses login or statement (event=lane.waiting)"},
	{METRIC_WAITING_DEAD_LETTERS, "the topic for dead letters does not take them"},
	{METRIC_WAITING_CIRCUIT, "too many records are bad (WORKER_MAX_DEAD_SHARE)"},
};

/* Degraded is not dead: /healthz has no opinion on any of this. */
static void not_ready(void *user, struct buf *reasons)
{
	(void)user;
	double lanes = metric_gauge(METRIC_LANES);
	double connected = metric_gauge(METRIC_LANES_CONNECTED);
	double age = metric_gauge(METRIC_LAG_AGE);
	if (metric_gauge(METRIC_GROUP_JOINED) < 1)
		buf_add_text(reasons, "Kafka: the consumer group has given no assignment "
				      "(event=consume.error)\n");
	if (age >= SILENT_S)
		buf_printf(reasons,
			"Kafka: it has not said for %.0f s where the topic's partitions end "
			"(event=lag.unknown)\n",
			age);
	if (connected < lanes)
		buf_printf(reasons, "Postgres: %.0f of %.0f lanes have no connection\n",
			lanes - connected, lanes);
	for (size_t i = 0; i < sizeof(waits) / sizeof(*waits); i++) {
		double waiting = metric_gauge(waits[i].metric);
		if (waiting > 0)
			buf_printf(reasons, "%.0f of %.0f lanes wait: %s\n", waiting, lanes,
				waits[i].sentence);
	}
}

static int exit_code(
	const struct worker_config *config, enum error error, const struct failure *failure)
{
	if (!error) {
		log_info("worker.stopped");
		return EXIT_DONE;
	}
	log_error("worker.failed", log_text("error", error_name(error)),
		log_text("topic", config->kafka.topic), log_text("reason", failure->detail),
		log_text("lost", "nothing; what is not in Postgres is read again"));
	return error == E_CONFIG ? EXIT_USAGE : EXIT_FAILED;
}

/* What systemd hears of the worker. */
struct supervision {
	struct notify notify;
	struct watchdog *watchdog;
	struct watchdog_member turns; /* the Kafka thread's */
	int64_t status_ms;            /* when it was told last; 0: not even that it has begun */
};

/* The first turn ends the start: that Kafka or Postgres are away is nothing to wait for. */
static void tell_status(struct supervision *supervision, int64_t now_ms)
{
	struct buf reasons = {0};
	if (supervision->status_ms == 0)
		notify_ready(&supervision->notify);
	supervision->status_ms = now_ms;
	not_ready(NULL, &reasons);
	notify_status(&supervision->notify,
		reasons.len ? buf_span(&reasons) : SPAN("Ready: applies events"));
	buf_fini(&reasons);
}

static void on_turned(void *user)
{
	struct supervision *supervision = user;
	int64_t now_us = clock_steady_us();
	int64_t now_ms = now_us / CLOCK_US_PER_MS;
	watchdog_turned(&supervision->turns, now_us);
	if (supervision->status_ms == 0 || now_ms - supervision->status_ms >= STATUS_EVERY_MS)
		tell_status(supervision, now_ms);
}

static void on_stopping(void *user)
{
	struct supervision *supervision = user;
	notify_stopping(&supervision->notify);
}

static void supervision_begin(struct supervision *supervision)
{
	notify_open(&supervision->notify);
	supervision->watchdog = watchdog_new(&supervision->notify);
	watchdog_join(supervision->watchdog, &supervision->turns);
}

static void supervision_end(struct supervision *supervision)
{
	watchdog_free(supervision->watchdog);
	notify_close(&supervision->notify);
}

static int run(const struct worker_config *config)
{
	struct failure failure = {0};
	struct admin *admin = NULL;
	struct supervision supervision = {.status_ms = 0};
	const struct admin_checks checks = {.not_ready = not_ready};
	const struct consume_hooks hooks = {on_turned, on_stopping, &supervision};
	supervision_begin(&supervision);
	int signal_fd = program_stop_fd();
	metrics_init(worker_metrics, worker_metric_count);
	metric_set(METRIC_BUILD, 1);
	metric_set(METRIC_LANES, (double)config->worker.lanes);
	enum error error = signal_fd < 0 ? failure_set(&failure, E_SYSTEM, "no signalfd: %m")
					 : admin_start(config->worker.admin_listen, &checks,
						   supervision.watchdog, &admin, &failure);
	if (!error) {
		log_info("worker.starting", log_text("version", INTAKE_VERSION),
			log_text("topic", config->kafka.topic),
			log_text("group", config->worker.group),
			log_int("lanes", config->worker.lanes));
		error = consume_run(config, signal_fd, &hooks, &failure);
	}
	int code = exit_code(config, error, &failure);
	admin_stop(admin);
	supervision_end(&supervision);
	metrics_fini();
	if (signal_fd >= 0)
		(void)close(signal_fd);
	return code;
}

static int check(const struct worker_config *config)
{
	struct failure failure = {0};
	if (consume_check(config, &failure)) {
		(void)fprintf(stderr, "%s\n", failure.detail);
		return EXIT_USAGE;
	}
	(void)puts("The settings are right.");
	return EXIT_DONE;
}

static int start(const struct worker_config *config, void *user)
{
	const bool *only_check = user;
	return *only_check ? check(config) : run(config);
}

int run_command(int argc, char **argv)
{
	bool only_check = false;
	const struct program_option options[] = {
		{.name = "--check", .given = &only_check},
		{.name = NULL},
	};
	if (program_options(argc, argv, options))
		return EXIT_USAGE;
	return config_run(CONFIG_ALL, start, &only_check);
}
