/* SPDX-License-Identifier: Apache-2.0 */
/* main - intake-worker: events from Kafka into Postgres. */
#include "shared/describe.h"
#include "shared/healthcheck.h"
#include "shared/program.h"
#include "worker/backfill.h"
#include "worker/backfill_cancel.h"
#include "worker/backfill_status.h"
#include "worker/config.h"
#include "worker/dead_letter_list.h"
#include "worker/dead_letter_redrive.h"
#include "worker/metrics.h"
#include "worker/prune.h"
#include "worker/run.h"
#include "worker/topics.h"

static void describe_metrics(void)
{
	metrics_init(worker_metrics, worker_metric_count);
}

struct arguments {
	int count;
	char **words;
};

static int healthcheck_with(const struct worker_config *config, void *user)
{
	const struct arguments *arguments = user;
	return healthcheck_command(arguments->count, arguments->words, config->worker.admin_listen);
}

static int healthcheck(int argc, char **argv)
{
	struct arguments arguments = {argc, argv};
	return config_run(CONFIG_ALL, healthcheck_with, &arguments);
}

static const struct program program;

static int describe(int argc, char **argv)
{
	static const struct describe_source source = {
		.program = &program,
		.metrics_init = describe_metrics,
	};
	return describe_command(argc, argv, &source);
}

static const struct program_command commands[] = {
	{"run", "[--check]", run_command,
		"Apply events to Postgres until told to stop (--check: look at the settings "
		"only)."},
	{"topics create", "[--partitions N] [--replication N] [--json]", topics_create_command,
		"Make the topics, or say how those that are there differ."},
	{"dead-letters list", DEAD_LETTER_LIST_ARGUMENT, dead_letter_list_command,
		DEAD_LETTER_LIST_DESCRIPTION},
	{"dead-letters redrive", DEAD_LETTER_REDRIVE_ARGUMENT, dead_letter_redrive_command,
		DEAD_LETTER_REDRIVE_DESCRIPTION},
	{"backfill list", BACKFILL_LIST_ARGUMENT, backfill_list_command, BACKFILL_LIST_DESCRIPTION},
	{"backfill cancel", BACKFILL_CANCEL_ARGUMENT, backfill_cancel_command,
		BACKFILL_CANCEL_DESCRIPTION},
	{"backfill status", BACKFILL_STATUS_ARGUMENT, backfill_status_command,
		BACKFILL_STATUS_DESCRIPTION},
	{"backfill", BACKFILL_ARGUMENT, backfill_command, BACKFILL_DESCRIPTION},
	{"prune", PRUNE_ARGUMENT, prune_command, PRUNE_DESCRIPTION},
	{"healthcheck", HEALTHCHECK_ARGUMENT, healthcheck, HEALTHCHECK_DESCRIPTION},
	{"describe", DESCRIBE_ARGUMENT, describe, DESCRIBE_DESCRIPTION},
};

static const struct program program = {
	.name = "intake-worker",
	.purpose = "writes accepted contacts from Kafka into Postgres",
	.commands = commands,
	.count = sizeof(commands) / sizeof(*commands),
	.write_settings = config_write,
};

int main(int argc, char **argv)
{
	return program_main(&program, argc, argv);
}
