/* SPDX-License-Identifier: Apache-2.0 */
/* backfill - `intake-worker backfill`: replay a range of a topic, once, by as many processes as wanted. */
#include "worker/backfill.h"

#include <stdio.h>
#include <unistd.h>

#include "shared/clock.h"
#include "shared/metrics.h"
#include "shared/program.h"
#include "worker/backfill_bounds.h"
#include "worker/backfill_job.h"
#include "worker/backfill_options.h"
#include "worker/backfill_reader.h"
#include "worker/backfill_tell.h"
#include "worker/backfill_work.h"
#include "worker/config.h"
#include "worker/metrics.h"

struct backfill {
	const struct backfill_options *options;
	const struct worker_config *config;
	struct backfill_job job; /* borrowed from the store, or the options and the name */
	struct buf name;
	struct backfill_tell tell;
	bool has_business;
	struct uuid business_id;
	int signal_fd;
	struct backfill_store *store;
	struct upsert *upsert;
	struct backfill_reader *reader;
};

/* ---- the job */

static bool differs(const char *given, const char *stored)
{
	return given && (!stored || strcmp(given, stored) != 0);
}

static enum error check_same(const struct backfill *backfill, struct failure *failure)
{
	const struct backfill_options *options = backfill->options;
	const struct backfill_job *job = &backfill->job;
	const char *which = NULL;
	if (differs(options->topic, job->topic))
		which = "--topic";
	else if (differs(options->from, job->from))
		which = "--from";
	else if (differs(options->to, job->to))
		which = "--to";
	else if (differs(options->business, job->business))
		which = "--business";
	if (!which)
		return OK;
	return failure_set(failure, E_USAGE,
		"the job %s was made with another %s: leave the options out to resume it, or give "
		"the new job another name",
		job->name, which);
}

/* Where the job begins and ends, told and kept. */
static enum error keep_job(
	struct backfill *backfill, const struct backfill_bounds *bounds, struct failure *failure)
{
	backfill_tell_gaps(&backfill->tell, bounds->gaps, bounds->gap_count);
	if (bounds->gap_count && !backfill->options->accept_gaps)
		return failure_set(failure, E_NOT_FOUND,
			"retention has taken what may be part of the range: --accept-gaps goes on "
			"without it, and so does --from beginning");
	backfill_tell_ranges(&backfill->tell, bounds->ranges, bounds->count);
	return backfill_job_make(
		backfill->store, &backfill->job, bounds->ranges, bounds->count, failure);
}

static enum error make_job(struct backfill *backfill, struct failure *failure)
{
	const struct backfill_options *options = backfill->options;
	struct backfill_bounds bounds = {.ranges = NULL};
	if (!options->from || !options->to)
		return failure_set(failure, E_USAGE,
			"there is no job %s: --from and --to say what a new one replays",
			buf_text(&backfill->name));
	backfill->job = (struct backfill_job){
		.name = buf_text(&backfill->name),
		.topic = options->topic ? options->topic : backfill->config->kafka.topic,
		.from = options->from,
		.to = options->to,
		.business = options->business,
	};
	const struct backfill_wish wish = {
		.topic = backfill->job.topic,
		.from = options->from_moment,
		.to = options->to_moment,
	};
	enum error error = backfill_bounds_find(&backfill->config->kafka, &wish, &bounds, failure);
	if (!error)
		error = keep_job(backfill, &bounds, failure);
	backfill_bounds_fini(&bounds);
	return error;
}

/* Find the job, or make it; either way it is as Postgres has it then. */
static enum error open_job(struct backfill *backfill, struct failure *failure)
{
	const char *name = buf_text(&backfill->name);
	enum error error = backfill_job_find(backfill->store, name, &backfill->job, failure);
	if (error == E_NOT_FOUND) {
		error = make_job(backfill, failure);
		if (!error)
			error = backfill_job_find(backfill->store, name, &backfill->job, failure);
	}
	if (!error)
		error = check_same(backfill, failure);
	if (error)
		return error;
	backfill->has_business = backfill->job.business != NULL;
	if (backfill->has_business &&
		!uuid_parse(span_of(backfill->job.business), &backfill->business_id))
		return failure_set(failure, E_POSTGRES_DATA, "the job's business is no UUID");
	return backfill_reader_open(
		&backfill->config->kafka, backfill->job.topic, &backfill->reader, failure);
}

/* ---- the command */

static enum error open_all(struct backfill *backfill, struct failure *failure)
{
	const struct worker_config *config = backfill->config;
	const struct upsert_options options = {
		.url = config->postgres.url,
		.name = "intake-worker backfill",
		.timeout_ms = (int)config->worker.statement_timeout_ms,
		.stop_fd = -1, /* the batch under way is ended */
	};
	backfill->signal_fd = program_stop_fd();
	if (backfill->signal_fd < 0)
		return failure_set(failure, E_SYSTEM, "no signalfd: %m");
	enum error error = backfill_store_open(
		config->postgres.url, options.timeout_ms, &backfill->store, failure);
	if (!error)
		error = open_job(backfill, failure);
	if (!error)
		error = upsert_open(&options, &backfill->upsert, failure);
	return error;
}

/* Takes: error - what the work has ended with. Returns: the exit code. */
static int conclude(
	const struct backfill *backfill, bool finished, enum error error, const struct failure *why)
{
	struct backfill_totals totals = {0};
	struct failure failure;
	const char *event = error ? "failed" : finished ? "finished" : "stopped";
	if (!backfill_job_totals(backfill->store, backfill->job.name, &totals, &failure))
		backfill_tell_counts(&backfill->tell, event, &totals);
	if (finished) {
		(void)fprintf(stderr, "The job %s is finished.\n", backfill->job.name);
		return EXIT_DONE;
	}
	if (error)
		(void)fprintf(stderr, "%s\n", why->detail);
	(void)fprintf(stderr, "To resume: intake-worker backfill --job '%s'\n", backfill->job.name);
	return EXIT_FAILED;
}

static void tick(void *user)
{
	struct backfill *backfill = user;
	struct backfill_totals totals = {0};
	struct failure failure;
	int64_t now_ms = clock_steady_ms();
	if (backfill_tell_is_due(&backfill->tell, now_ms) &&
		!backfill_job_totals(backfill->store, backfill->job.name, &totals, &failure))
		backfill_tell_progress(&backfill->tell, &totals, now_ms);
}

static enum error work(struct backfill *backfill, bool *ret_finished, struct failure *failure)
{
	struct backfill_work work = {
		.job = backfill->job.name,
		.settings = &backfill->config->worker,
		.store = backfill->store,
		.reader = backfill->reader,
		.upsert = backfill->upsert,
		.owner = uuid7_new(clock_wall_ns()),
		.has_business = backfill->has_business,
		.business_id = backfill->business_id,
		.rate = backfill->options->rate,
		.accept_gaps = backfill->options->accept_gaps,
		.signal_fd = backfill->signal_fd,
		.tick = tick,
		.user = backfill,
	};
	enum error error = backfill_work_run(&work, failure);
	*ret_finished = work.finished;
	return error;
}

static int run_job(struct backfill *backfill)
{
	struct failure failure = {0};
	struct backfill_totals totals = {0};
	bool finished = false;
	enum error error =
		backfill_job_totals(backfill->store, backfill->job.name, &totals, &failure);
	if (!error && totals.done == totals.offsets) {
		backfill_tell_counts(&backfill->tell, "finished_before", &totals);
		(void)fprintf(stderr, "The job %s was finished before: nothing to do.\n",
			backfill->job.name);
		return EXIT_DONE;
	}
	backfill_tell_begin(&backfill->tell, totals.done, clock_steady_ms());
	if (!error)
		error = work(backfill, &finished, &failure);
	return conclude(backfill, finished, error, &failure);
}

static int run(const struct worker_config *config, void *user)
{
	struct failure failure = {0};
	struct backfill backfill = {.options = user, .config = config};
	int code = EXIT_FAILED;
	metrics_init(worker_metrics, worker_metric_count);
	backfill_options_name(backfill.options, config->kafka.topic, &backfill.name);
	backfill.tell.job = buf_text(&backfill.name);
	backfill.tell.json = backfill.options->json;
	enum error error = open_all(&backfill, &failure);
	if (!error) {
		code = run_job(&backfill);
	} else {
		(void)fprintf(stderr, "%s\n", failure.detail);
		code = error == E_USAGE || error == E_CONFIG ? EXIT_USAGE : EXIT_FAILED;
	}
	upsert_close(backfill.upsert);
	backfill_reader_close(backfill.reader);
	backfill_store_close(backfill.store);
	buf_fini(&backfill.name);
	metrics_fini();
	if (backfill.signal_fd >= 0)
		(void)close(backfill.signal_fd);
	return code;
}

int backfill_command(int argc, char **argv)
{
	struct backfill_options options;
	if (backfill_options_read(argc, argv, &options))
		return EXIT_USAGE;
	return config_run(CONFIG_ALL, run, &options);
}
