/* SPDX-License-Identifier: Apache-2.0 */
/* config - the worker's settings. */
#include "worker/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/program.h"
#include "shared/settings_check.h"

enum { GROUP_COUNT = 3, GROUP_KAFKA = 1 };

#define ROW(name, type, field, value, least, most, unit, help)                                     \
	{                                                                                          \
		name, SETTING_##type, offsetof(struct worker_settings, field), value, least, most, \
			unit, help, 0                                                              \
	}

static const struct setting worker_rows[] = {
	ROW("LOG_LEVEL", TEXT, log_level, "info", 0, 0, "",
		"The least level that is logged: debug, info, warn or error."),
	ROW("WORKER_ADMIN_LISTEN", TEXT, admin_listen, "127.0.0.1:9091", 0, 0, "",
		"Where /healthz, /readyz and /metrics are served; keep it from the public."),
	ROW("WORKER_BACKFILL_ADMIN_LISTEN", TEXT, backfill_admin_listen, "127.0.0.1:0", 0, 0, "",
		"Where a backfill serves the same while it runs; port 0: a free one, which it "
		"tells "
		"in its log (event=admin.listening). off: nowhere."),
	ROW("WORKER_BATCH_BYTES", INT, batch_bytes, "4194304", 16384, 67108864, "bytes",
		"The most that the events of one statement take."),
	ROW("WORKER_BATCH_MS", INT, batch_ms, "100", 0, 10000, "ms",
		"How often, at most, a lane sends a statement that is not full; the first event "
		"after a quiet time is sent at once."),
	ROW("WORKER_BATCH_ROWS", INT, batch_rows, "2000", 1, 100000, "",
		"The most events in one statement."),
	ROW("WORKER_DEAD_LEAST", INT, dead_least, "100", 1, 1000000, "records",
		"So many bad records at least, of the last WORKER_DEAD_WINDOW of a lane, park a "
		"partition for their share."),
	ROW("WORKER_DEAD_WINDOW", INT, dead_window, "10000", 100, 100000000, "records",
		"Over about how many records, a lane, the share of bad ones is taken."),
	ROW("WORKER_GROUP", TEXT, group, "intake-worker", 0, 0, "",
		"The consumer group whose workers share the topic's partitions."),
	ROW("WORKER_INSTANCE_ID", TEXT, instance_id, NULL, 0, 0, "",
		"A name of its own for each worker (group.instance.id): a restart within the "
		"session "
		"time-out then moves no partitions."),
	ROW("WORKER_LANES", INT, lanes, "2", 1, 64, "",
		"Connections to Postgres that are written through at the same time."),
	ROW("WORKER_MAX_DEAD_SHARE", INT, max_dead_share, "50", 1, 100, "%",
		"A partition is parked, loses nothing and is tried again now and then while more "
		"than this share of its lane's records would go to the dead letters: the wrong "
		"topic or schema is likelier than so many bad records. 100: never."),
	ROW("WORKER_PREFETCH_BYTES", INT, prefetch_bytes, "33554432", 1048576, 1073741824, "bytes",
		"The most of keys and values that is read ahead from Kafka, shared by the lanes."),
	ROW("WORKER_PREFETCH_ROWS", INT, prefetch_rows, "100000", 1000, 10000000, "",
		"The most records that are read ahead from Kafka, shared by the lanes; in memory "
		"each takes about 500 bytes more than its key and value. Before librdkafka 2.2, "
		"what is applied in a second has to fit."),
	ROW("WORKER_STATEMENT_MS", INT, statement_ms, "1000", 10, 30000, "ms",
		"A statement that takes longer halves its lane's batches; they grow again while it "
		"takes less than half of that."),
	ROW("WORKER_STATEMENT_TIMEOUT_MS", INT, statement_timeout_ms, "30000", 100, 600000, "ms",
		"How long a statement may take; a sixteenth of it is what it may wait for a lock. "
		"A "
		"connection that has not answered 10 s later is given up."),
};

static void make_groups(struct worker_config *config, struct settings_group groups[GROUP_COUNT])
{
	const struct settings_group all[GROUP_COUNT] = {
		{"Worker", worker_rows, sizeof(worker_rows) / sizeof(*worker_rows),
			&config->worker},
		{"Kafka", kafka_setting_rows, kafka_setting_count, &config->kafka},
		{"Postgres", postgres_setting_rows, postgres_setting_count, &config->postgres},
	};
	memcpy(groups, all, sizeof(all));
}

enum error config_load(struct worker_config *config, enum config_scope scope, struct buf *problems)
{
	struct settings_group groups[GROUP_COUNT];
	*config = (struct worker_config){.worker = {.group = NULL}};
	size_t count = GROUP_COUNT;
	make_groups(config, groups);
	if (scope != CONFIG_ALL)
		count--;
	if (scope == CONFIG_POSTGRES)
		groups[GROUP_KAFKA] = groups[GROUP_COUNT - 1];
	enum error error = settings_load(groups, count, "WORKER_", problems);
	settings_check_log_level("LOG_LEVEL", config->worker.log_level, problems);
	settings_check_address("WORKER_ADMIN_LISTEN", config->worker.admin_listen, problems);
	settings_check_postgres_url("DATABASE_URL", config->postgres.url, problems);
	if (error || problems->len)
		return E_CONFIG;
	if (scope != CONFIG_POSTGRES)
		kafka_settings_complete(&config->kafka);
	return OK;
}

void config_free(struct worker_config *config)
{
	struct settings_group groups[GROUP_COUNT];
	make_groups(config, groups);
	settings_free(groups, GROUP_COUNT);
}

int config_run(enum config_scope scope, int (*run)(const struct worker_config *config, void *user),
	void *user)
{
	struct worker_config config;
	struct buf problems = {0};
	int code = EXIT_USAGE;
	program_harden();
	if (config_load(&config, scope, &problems))
		(void)fputs(buf_text(&problems), stderr);
	else
		code = run(&config, user);
	buf_fini(&problems);
	config_free(&config);
	return code;
}

void config_write(settings_writer *write, struct buf *out)
{
	struct worker_config config = {.worker = {.group = NULL}};
	struct settings_group groups[GROUP_COUNT];
	make_groups(&config, groups);
	write(groups, GROUP_COUNT, out);
}
