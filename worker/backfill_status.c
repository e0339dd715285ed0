/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_status - `intake-worker backfill status`: how far the jobs are. */
#include "worker/backfill_status.h"

#include <stdio.h>

#include "shared/program.h"
#include "worker/backfill_job.h"
#include "worker/config.h"

struct status {
	const char *job; /* NULL: all */
	bool json;
};

static int run(const struct worker_config *config, void *user)
{
	const struct status *status = user;
	struct failure failure = {0};
	struct backfill_store *store = NULL;
	struct buf out = {0};
	enum error error = backfill_store_open(
		config->postgres.url, (int)config->worker.statement_timeout_ms, &store, &failure);
	if (!error)
		error = backfill_job_list(store, status->job, status->json, &out, &failure);
	(void)fprintf(error ? stderr : stdout, error ? "%s\n" : "%s",
		error ? failure.detail : buf_text(&out));
	buf_fini(&out);
	backfill_store_close(store);
	return error ? EXIT_FAILED : EXIT_DONE;
}

int backfill_status_command(int argc, char **argv)
{
	struct status status = {.job = NULL};
	const struct program_option known[] = {
		{.name = "--job", .value = &status.job},
		{.name = "--json", .given = &status.json},
		{.name = NULL},
	};
	if (program_options(argc, argv, known))
		return EXIT_USAGE;
	return config_run(CONFIG_ALL, run, &status);
}
