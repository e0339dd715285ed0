/* SPDX-License-Identifier: Apache-2.0 */
/* backfill - `intake-worker backfill`: replay a range of a topic, once, by as many processes as wanted. */
#include "worker/backfill.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "shared/clock.h"
#include "shared/metrics.h"
#include "shared/program.h"
#include "worker/backfill_bars.h"
#include "worker/backfill_bounds.h"
#include "worker/backfill_job.h"
#include "worker/backfill_metrics.h"
#include "worker/backfill_options.h"
#include "worker/backfill_rehearse.h"
#include "worker/backfill_report.h"
#include "worker/backfill_store.h"
#include "worker/backfill_tell.h"
#include "worker/backfill_words.h"
#include "worker/backfill_work.h"
#include "worker/config.h"
#include "worker/live_watch.h"
#include "worker/metrics.h"

enum { TEXT_SHOWN = 100, LOOK_MS = 500 };

struct backfill {
	struct backfill_options *options;
	const struct worker_config *config;
	struct buf name;
	struct backfill_found *found;
	const struct backfill_job *job; /* of `found` */
	struct business_set businesses;
	struct backfill_tell tell;
	struct speedometer meter;
	int64_t looked_ms; /* steady clock */
	struct admin *admin;
	int signal_fd;
	struct backfill_pace *pace;
	struct backfill_store *store;
};

/* ---- the job */

/* How long ago it was is another moment each time, and the job's counts. */
static bool is_undelete_same(const struct backfill_options *options, const struct backfill_job *job)
{
	if (!options->undelete_since_ms)
		return true;
	return options->undelete_is_date ? options->undelete_since_ms == job->undelete_since_ms
					 : job->undelete_since_ms != 0;
}

/* What a job was made with is what counts; options that say otherwise are somebody's mistake. */
static enum error check_same(const struct backfill *backfill, struct failure *failure)
{
	struct backfill_options *options = backfill->options;
	const struct backfill_given *given = &options->given;
	const struct backfill_job *job = backfill->job;
	const struct {
		const char *option;
		const char *given; /* NULL: not */
		const char *stored;
	} all[] = {
		{"--topic", given->topic, job->topic},
		{given->from_offsets ? "--from-offsets" : "--from",
			options->from_text.len ? buf_text(&options->from_text) : NULL, job->from},
		{"--to", given->to, job->to},
		{"--partitions", given->partitions, job->partitions},
		{"--business",
			options->businesses.count ? buf_text(&options->businesses_text) : NULL,
			job->businesses},
	};
	if (!is_undelete_same(options, job))
		return failure_set(failure, E_USAGE,
			"the job %s was made %s --undelete-since: give the new job another name",
			job->name, job->undelete_since_ms ? "with another" : "without");
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		if (all[i].given && strcmp(all[i].given, all[i].stored) != 0)
			return failure_set(failure, E_USAGE,
				"the job %s was made with another %s (%.*s): leave the options out "
				"to resume it, or give the new job another name",
				job->name, all[i].option, TEXT_SHOWN,
				*all[i].stored ? all[i].stored : "none");
	}
	return OK;
}

/* Where it begins and ends; what is gone of it is told. */
static enum error find_bounds(struct backfill *backfill, const struct backfill_wish *wish,
	struct backfill_bounds *ret_bounds, struct failure *failure)
{
	const struct backfill_options *options = backfill->options;
	if (!options->from_text.len || !options->given.to)
		return failure_set(failure, E_USAGE,
			"there is no job %s: --from and --to say what a new one replays",
			buf_text(&backfill->name));
	enum error error =
		backfill_bounds_find(&backfill->config->kafka, wish, ret_bounds, failure);
	if (error)
		return error;
	backfill_tell_gaps(&backfill->tell, ret_bounds->gaps, ret_bounds->gap_count);
	if (ret_bounds->gap_count && !options->accept_gaps) {
		backfill_bounds_fini(ret_bounds);
		return failure_set(failure, E_NOT_FOUND,
			"retention has taken what may be part of the range: --accept-gaps goes on "
			"without it, and so does --from beginning");
	}
	return OK;
}

/* As Postgres has them: where two processes made the job, one has asked Kafka for nothing. */
static enum error tell_ranges(struct backfill *backfill, struct failure *failure)
{
	struct backfill_range *ranges = NULL;
	size_t count = 0;
	enum error error =
		backfill_job_ranges(backfill->store, backfill->job->name, &ranges, &count, failure);
	if (!error)
		backfill_tell_ranges(&backfill->tell, ranges, count);
	free(ranges);
	return error;
}

static enum error make_job(struct backfill *backfill, struct failure *failure)
{
	struct backfill_options *options = backfill->options;
	const struct backfill_given *given = &options->given;
	struct backfill_bounds bounds = {.ranges = NULL};
	const struct backfill_wish wish =
		backfill_options_wish(options, backfill->config->kafka.topic);
	enum error error = find_bounds(backfill, &wish, &bounds, failure);
	if (error)
		return error;
	const struct backfill_job job = {
		.name = buf_text(&backfill->name),
		.topic = wish.topic,
		.from = buf_text(&options->from_text),
		.to = given->to,
		.businesses = buf_text(&options->businesses_text),
		.partitions = given->partitions ? given->partitions : "",
		.undelete_since_ms = options->undelete_since_ms,
	};
	error = backfill_job_make(backfill->store, &job, bounds.ranges, bounds.count, failure);
	backfill_bounds_fini(&bounds);
	return error;
}

static enum error find_job(struct backfill *backfill, struct failure *failure)
{
	enum error error = backfill_job_find(
		backfill->store, buf_text(&backfill->name), &backfill->found, failure);
	if (!error)
		backfill->job = backfill_found_job(backfill->found);
	return error;
}

static enum error read_businesses(struct backfill *backfill, struct failure *failure)
{
	if (business_set_read(span_of(backfill->job->businesses), &backfill->businesses))
		return OK;
	return failure_set(failure, E_POSTGRES_DATA, "the job's businesses are no UUIDs");
}

/* A cancelled job goes on only where that is asked for. */
static enum error check_cancelled(struct backfill *backfill, struct failure *failure)
{
	const char *name = backfill->job->name;
	if (!backfill->job->is_cancelled)
		return OK;
	if (!backfill->options->resume)
		return failure_set(failure, E_CANCELLED,
			"the job %s was cancelled: --resume goes on with it where it was", name);
	enum error error = backfill_job_cancel(backfill->store, name, false, failure);
	return error == E_NOT_FOUND ? OK : error; /* another process was faster */
}

/* Find the job, or make it; either way it is as Postgres has it then. */
static enum error open_job(struct backfill *backfill, struct failure *failure)
{
	enum error error = find_job(backfill, failure);
	if (error == E_NOT_FOUND) {
		error = make_job(backfill, failure);
		if (!error)
			error = find_job(backfill, failure);
		if (!error)
			error = tell_ranges(backfill, failure);
	}
	if (!error)
		error = check_same(backfill, failure);
	if (!error)
		error = check_cancelled(backfill, failure);
	return error ? error : read_businesses(backfill, failure);
}

/* ---- the command */

static enum error open_store(struct backfill *backfill, struct failure *failure)
{
	const struct worker_config *config = backfill->config;
	backfill->signal_fd = program_stop_fd();
	if (backfill->signal_fd < 0)
		return failure_set(failure, E_SYSTEM, "no signalfd: %m");
	return backfill_store_open(config->postgres.url, (int)config->worker.statement_timeout_ms,
		&backfill->store, failure);
}

/* Takes: job - its strings are borrowed. */
static struct backfill_plan plan_of(struct backfill *backfill, const struct backfill_job *job)
{
	return (struct backfill_plan){
		.config = backfill->config,
		.topic = job->topic,
		.businesses = &backfill->businesses,
		.mistakes = backfill_mistakes_between(job->undelete_since_ms, job->made_ms),
		.accept_gaps = backfill->options->accept_gaps,
		.dead_letters = backfill->options->dead_letter,
		.pace = backfill->pace,
		.signal_fd = backfill->signal_fd,
	};
}

static void tell_resume(const struct backfill *backfill)
{
	struct buf line = {0};
	struct buf more = {0};
	backfill_options_write(backfill->options, &more);
	backfill_words_resume(backfill->job->name, buf_text(&more), &line);
	(void)fputs(buf_text(&line), stderr);
	buf_fini(&line);
	buf_fini(&more);
}

/* Takes: error - what the work has ended with. Returns: the exit code. */
static int conclude(struct backfill *backfill, const struct backfill_work *work, enum error error,
	const struct failure *why)
{
	const char *name = backfill->job->name;
	struct backfill_totals totals = {0};
	struct failure failure;
	const char *event = error             ? "failed"
			    : work->finished  ? "finished"
			    : work->cancelled ? "cancelled"
					      : "stopped";
	backfill_tell_clear(&backfill->tell);
	if (!backfill_job_totals(backfill->store, name, &totals, &failure))
		backfill_tell_counts(&backfill->tell, event, &totals);
	if (work->finished) {
		(void)fprintf(stderr, "The job %s is finished.\n", name);
		return EXIT_DONE;
	}
	if (error)
		(void)fprintf(stderr, "%s\n", why->detail);
	if (work->cancelled)
		(void)fprintf(
			stderr, "The job %s has been cancelled; --resume goes on with it.\n", name);
	else
		tell_resume(backfill);
	return EXIT_FAILED;
}

/* Read how far the job is, for /metrics and, now and then, for whoever looks on. */
static void look(struct backfill *backfill, int64_t now_ms)
{
	const char *name = backfill->job->name;
	struct backfill_totals totals = {0};
	struct backfill_bar *bars = NULL;
	struct failure failure; /* then another time */
	struct backfill_view view = {.job = name, .rate = backfill->options->rate};
	backfill->looked_ms = now_ms;
	if (backfill_job_totals(backfill->store, name, &totals, &failure))
		return;
	if (backfill->tell.is_drawn &&
		backfill_bars_read(backfill->store, name, &bars, &view.bar_count, &failure))
		return;
	view.offsets = totals.offsets;
	view.done = totals.done;
	view.speed = backfill_pace_speed(backfill->pace);
	view.bars = bars;
	speedometer_look(&backfill->meter, view.done, now_ms);
	view.per_second = speedometer_speed(&backfill->meter);
	backfill_metrics_set(&view, &totals.counts);
	if (backfill_tell_is_due(&backfill->tell, now_ms))
		backfill_tell_progress(&backfill->tell, &view, now_ms);
	free(bars);
}

static void tick(void *user)
{
	struct backfill *backfill = user;
	int64_t now_ms = clock_steady_ms();
	if (now_ms - backfill->looked_ms >= LOOK_MS)
		look(backfill, now_ms);
}

static int work(struct backfill *backfill)
{
	struct failure failure = {0};
	struct live_watch *watch = NULL;
	const struct backfill_options *options = backfill->options;
	int64_t lanes = options->lanes ? options->lanes : backfill->config->worker.lanes;
	struct backfill_work work = {
		.plan = plan_of(backfill, backfill->job),
		.job = backfill->job->name,
		.json = options->json,
		.lanes = (size_t)lanes,
		.tick = tick,
		.user = backfill,
	};
	enum error error = live_watch_start(
		backfill->config, options->max_live_lag_ms, backfill->pace, &watch, &failure);
	if (!error)
		error = backfill_work_run(&work, &failure);
	live_watch_stop(watch);
	backfill_tell_clear(&backfill->tell);
	backfill_report_notes(&backfill->tell, "Left out", &work.bad);
	backfill_report_businesses(&backfill->tell, &work.tally);
	int code = conclude(backfill, &work, error, &failure);
	backfill_work_fini(&work);
	return code;
}

static void tell_nothing_to_do(
	const struct backfill *backfill, const struct backfill_totals *totals)
{
	const char *name = backfill->job->name;
	backfill_tell_counts(&backfill->tell, "finished_before", totals);
	if (totals->offsets)
		(void)fprintf(stderr, "The job %s was finished before: nothing to do.\n", name);
	else
		(void)fprintf(
			stderr, "The job %s has no records in its range: nothing to do.\n", name);
}

static void begin(struct backfill *backfill, const struct backfill_totals *totals)
{
	if (!backfill->options->json)
		(void)fprintf(stderr, "The job %s %s.\n", backfill->job->name,
			totals->done ? "goes on" : "begins");
	backfill_tell_begin(&backfill->tell, clock_steady_ms());
	look(backfill, clock_steady_ms());
}

/* Returns: OK, ret_code is the exit code; what kept it from beginning. */
static enum error run_job(struct backfill *backfill, int *ret_code, struct failure *failure)
{
	struct backfill_totals totals = {0};
	enum error error = open_store(backfill, failure);
	if (!error)
		error = open_job(backfill, failure);
	if (!error)
		error = backfill_job_totals(backfill->store, backfill->job->name, &totals, failure);
	if (error)
		return error;
	if (totals.done == totals.offsets) {
		tell_nothing_to_do(backfill, &totals);
		*ret_code = EXIT_DONE;
		return OK;
	}
	error = backfill_metrics_serve(
		backfill->config->worker.backfill_admin_listen, &backfill->admin, failure);
	if (error)
		return error;
	begin(backfill, &totals);
	*ret_code = work(backfill);
	return OK;
}

/* A job that is there has its range; else the options say it, and no job is made. */
static enum error find_range(struct backfill *backfill, struct backfill_job *ret_job,
	struct backfill_bounds *ret_bounds, struct failure *failure)
{
	const struct backfill_options *options = backfill->options;
	const struct backfill_wish wish =
		backfill_options_wish(options, backfill->config->kafka.topic);
	enum error error = find_job(backfill, failure);
	if (!error) {
		error = check_same(backfill, failure);
		if (!error)
			error = read_businesses(backfill, failure);
		*ret_job = *backfill->job;
		return error ? error
			     : backfill_job_ranges(backfill->store, ret_job->name,
				       &ret_bounds->ranges, &ret_bounds->count, failure);
	}
	if (error != E_NOT_FOUND)
		return error;
	backfill->businesses = options->businesses;
	*ret_job = (struct backfill_job){
		.topic = wish.topic,
		.undelete_since_ms = options->undelete_since_ms,
		.made_ms = clock_wall_ms(),
	};
	return find_bounds(backfill, &wish, ret_bounds, failure);
}

/* Returns: OK, ret_code is the exit code; what kept it from its end. */
static enum error run_rehearsal(struct backfill *backfill, int *ret_code, struct failure *failure)
{
	struct backfill_job job;
	struct backfill_bounds bounds = {.ranges = NULL};
	struct live_watch *watch = NULL;
	enum error error = open_store(backfill, failure);
	if (!error)
		error = find_range(backfill, &job, &bounds, failure);
	if (!error)
		backfill_tell_ranges(&backfill->tell, bounds.ranges, bounds.count);
	if (!error)
		error = live_watch_start(backfill->config, backfill->options->max_live_lag_ms,
			backfill->pace, &watch, failure);
	if (!error) {
		struct backfill_plan plan = plan_of(backfill, &job);
		error = backfill_rehearse(
			&plan, &bounds, backfill->options, &backfill->tell, ret_code, failure);
	}
	live_watch_stop(watch);
	backfill_bounds_fini(&bounds);
	return error;
}

static int run(const struct worker_config *config, void *user)
{
	struct failure failure = {0};
	struct backfill backfill = {.options = user, .config = config, .signal_fd = -1};
	int code = EXIT_FAILED;
	metrics_init(worker_metrics, worker_metric_count);
	backfill.pace = backfill_pace_new(
		backfill.options->rate, config->worker.statement_ms, clock_steady_ms());
	backfill_options_name(backfill.options, config->kafka.topic, &backfill.name);
	backfill.tell.job = buf_text(&backfill.name);
	backfill.tell.json = backfill.options->json;
	bool is_rehearsal = backfill.options->dry_run || backfill.options->verify;
	enum error error = is_rehearsal ? run_rehearsal(&backfill, &code, &failure)
					: run_job(&backfill, &code, &failure);
	if (error) {
		(void)fprintf(stderr, "%s\n", failure.detail);
		code = error == E_USAGE || error == E_CONFIG ? EXIT_USAGE : EXIT_FAILED;
	}
	admin_stop(backfill.admin);
	backfill_pace_free(backfill.pace);
	backfill_found_free(backfill.found);
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
	int code = EXIT_USAGE;
	if (!backfill_options_read(argc, argv, &options))
		code = config_run(CONFIG_ALL, run, &options);
	backfill_options_fini(&options);
	return code;
}
