/* SPDX-License-Identifier: Apache-2.0 */
/* run - `intake-worker run`: apply events to Postgres until told to stop. */
#include "worker/run.h"

#include <stdio.h>
#include <unistd.h>

#include "shared/admin.h"
#include "shared/log.h"
#include "shared/program.h"
#include "worker/config.h"
#include "worker/consume.h"
#include "worker/metrics.h"

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
	if (metric_gauge(METRIC_GROUP_JOINED) < 1)
		buf_add_text(reasons, "Kafka: the consumer group has given no assignment yet\n");
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

static int run(const struct worker_config *config)
{
	struct failure failure = {0};
	struct admin *admin = NULL;
	const struct admin_checks checks = {.not_ready = not_ready};
	int signal_fd = program_stop_fd();
	metrics_init(worker_metrics, worker_metric_count);
	metric_set(METRIC_BUILD, 1);
	metric_set(METRIC_LANES, (double)config->worker.lanes);
	enum error error =
		signal_fd < 0 ? failure_set(&failure, E_SYSTEM, "no signalfd: %m")
			      : admin_start(config->worker.admin_listen, &checks, &admin, &failure);
	if (!error) {
		log_info("worker.starting", log_text("version", INTAKE_VERSION),
			log_text("topic", config->kafka.topic),
			log_text("group", config->worker.group),
			log_int("lanes", config->worker.lanes));
		error = consume_run(config, signal_fd, &failure);
	}
	int code = exit_code(config, error, &failure);
	admin_stop(admin);
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
