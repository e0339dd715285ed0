/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_cancel - `intake-worker backfill cancel`: end a job on all machines. */
#include "worker/backfill_cancel.h"

#include <stdio.h>

#include "shared/program.h"
#include "worker/backfill_job.h"
#include "worker/backfill_store.h"
#include "worker/config.h"

/* Returns: OK, ret_outcome says in words what is so now. */
static enum error cancel(struct backfill_store *store, const char *job, const char **ret_outcome,
	struct failure *failure)
{
	struct backfill_found *found = NULL;
	struct backfill_totals totals = {0};
	enum error error = backfill_job_find(store, job, &found, failure);
	backfill_found_free(found);
	if (!error)
		error = backfill_job_totals(store, job, &totals, failure);
	if (error)
		return error;
	*ret_outcome = "is finished: nothing is left to cancel";
	if (totals.done == totals.offsets)
		return OK;
	error = backfill_job_cancel(store, job, true, failure);
	*ret_outcome = error ? "was cancelled before"
			     : "is cancelled; who works on it stops behind the batch under way";
	return error == E_NOT_FOUND ? OK : error;
}

static int run(const struct worker_config *config, void *user)
{
	const char *job = *(const char **)user;
	const char *outcome = NULL;
	struct failure failure = {0};
	struct backfill_store *store = NULL;
	enum error error = backfill_store_open(
		config->postgres.url, (int)config->worker.statement_timeout_ms, &store, &failure);
	if (!error)
		error = cancel(store, job, &outcome, &failure);
	if (error)
		(void)fprintf(stderr, "%s\n", failure.detail);
	else
		(void)printf("The job %s %s.\n", job, outcome);
	backfill_store_close(store);
	return error ? EXIT_FAILED : EXIT_DONE;
}

int backfill_cancel_command(int argc, char **argv)
{
	const char *job = NULL;
	const struct program_option known[] = {
		{.name = "JOB", .value = &job, .required = true},
		{.name = NULL},
	};
	if (program_options(argc, argv, known))
		return EXIT_USAGE;
	return config_run(CONFIG_POSTGRES, run, &job);
}
