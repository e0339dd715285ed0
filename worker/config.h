/* SPDX-License-Identifier: Apache-2.0 */
/* config - the worker's settings. */
#ifndef INTAKE_WORKER_CONFIG_H
#define INTAKE_WORKER_CONFIG_H

#include <stdint.h>

#include "shared/buf.h"
#include "shared/error.h"
#include "shared/kafka.h"
#include "shared/postgres.h"
#include "shared/settings.h"

struct worker_settings {
	char *admin_listen;
	char *backfill_admin_listen;
	char *group;
	char *instance_id; /* group.instance.id; NULL: a member without a name */
	char *log_level;
	int64_t lanes;
	int64_t batch_rows;
	int64_t batch_bytes;
	int64_t batch_ms;
	int64_t dead_least;
	int64_t dead_window;
	int64_t max_dead_share; /* percent */
	int64_t prefetch_bytes; /* all lanes together */
	int64_t prefetch_rows;
	int64_t statement_ms;
	int64_t statement_timeout_ms;
};

struct worker_config {
	struct worker_settings worker;
	struct kafka_settings kafka;
	struct postgres_settings postgres;
};

/* What a command needs of the settings. */
enum config_scope {
	CONFIG_ALL,
	CONFIG_KAFKA,    /* DATABASE_URL need not be set */
	CONFIG_POSTGRES, /* KAFKA_BROKERS need not be set */
};

/*
 * Read and check the environment.
 *
 * Takes:   problems - gets one sentence a line.
 * Returns: OK; E_CONFIG. Either way config_free it.
 */
MUST_CHECK enum error config_load(
	struct worker_config *config, enum config_scope scope, struct buf *problems);
void config_free(struct worker_config *config);

/*
 * Run a command with the settings; the process is hardened before they are read.
 *
 * Takes:   user - handed on to `run`.
 * Returns: what `run` returns, an exit code; EXIT_USAGE after the problems on stderr.
 */
int config_run(enum config_scope scope, int (*run)(const struct worker_config *config, void *user),
	void *user);

/* Add all settings to `out`, in the form that `write` gives them. */
void config_write(settings_writer *write, struct buf *out);

#endif
