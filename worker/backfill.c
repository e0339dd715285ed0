/* SPDX-License-Identifier: Apache-2.0 */
/* backfill - `intake-worker backfill`: replay a range of a topic, once, by as many processes as wanted. */
#include "worker/backfill.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "shared/clock.h"
#include "shared/metrics.h"
#include "shared/program.h"
#include "worker/backfill_job.h"
#include "worker/backfill_reader.h"
#include "worker/backfill_work.h"
#include "worker/config.h"
#include "worker/metrics.h"

enum {
	PROGRESS_MS = 5000, /* between lines */
	RATE_MOST = 10000000,
	MS_PER_S = 1000,
	DECIMAL = 10,
};

/* As they were given; NULL: not. */
struct options {
	const char *from;
	const char *to;
	const char *topic;
	const char *business;
	const char *job;
	const char *rate_text;
	int64_t rate; /* records a second; 0: as fast as it goes */
	bool accept_gaps;
	bool json;
	struct backfill_moment from_moment;
	struct backfill_moment to_moment;
	struct uuid business_id;
};

struct backfill {
	const struct options *options;
	const struct worker_config *config;
	struct backfill_job job; /* borrowed from the store, or the options and the name */
	struct buf name;
	bool has_business;
	struct uuid business_id;
	int signal_fd;
	struct backfill_store *store;
	struct upsert *upsert;
	struct backfill_reader *reader;
	struct backfill_counts
		counts; /* of the batch, as far as they are known before it is applied */
	int64_t started_ms;
	int64_t read_count; /* by this process */
	bool finished;      /* the job, by whomever */
	int64_t told_ms;
	int64_t told_done;
};

/* ---- what is told */

static void put_job(struct buf *out, const struct backfill *backfill, const char *event)
{
	buf_printf(out, "{\"event\":\"%s\",\"job\":", event);
	buf_add_json(out, span_of(backfill->job.name));
}

static void put_out(struct buf *out, FILE *file)
{
	(void)fputs(buf_text(out), file);
	(void)fflush(file);
	buf_fini(out);
}

static void tell_counts(
	const struct backfill *backfill, const char *event, const struct backfill_totals *totals)
{
	struct buf out = {0};
	if (backfill->options->json) {
		put_job(&out, backfill, event);
		buf_printf(&out, ",\"offsets\":%lld,\"done\":%lld", (long long)totals->offsets,
			(long long)totals->done);
#define X(name, sentence) buf_printf(&out, ",\"" #name "\":%lld", (long long)totals->counts.name);
		BACKFILL_COUNTS(X)
#undef X
		buf_add_text(&out, "}\n");
	} else {
#define X(name, sentence)                                                                          \
	if (totals->counts.name)                                                                   \
		buf_printf(&out, "%10lld  " sentence "\n", (long long)totals->counts.name);
		BACKFILL_COUNTS(X)
#undef X
	}
	put_out(&out, stdout);
}

static void tell_progress(void *user)
{
	struct backfill *backfill = user;
	struct backfill_totals totals = {0};
	struct failure failure;
	struct buf out = {0};
	int64_t now_ms = clock_steady_ms();
	if (now_ms - backfill->told_ms < PROGRESS_MS ||
		backfill_job_totals(backfill->store, backfill->job.name, &totals, &failure))
		return;
	int64_t speed =
		(totals.done - backfill->told_done) * MS_PER_S / (now_ms - backfill->told_ms);
	int64_t left = totals.offsets - totals.done;
	backfill->told_ms = now_ms;
	backfill->told_done = totals.done;
	if (backfill->options->json) {
		put_job(&out, backfill, "progress");
		buf_printf(&out, ",\"offsets\":%lld,\"done\":%lld,\"per_second\":%lld}\n",
			(long long)totals.offsets, (long long)totals.done, (long long)speed);
		put_out(&out, stdout);
		return;
	}
	buf_printf(&out, "%lld of %lld offsets, %lld/s", (long long)totals.done,
		(long long)totals.offsets, (long long)speed);
	if (speed > 0)
		buf_printf(&out, ", %lld s to go", (long long)(left / speed));
	buf_add_char(&out, '\n');
	put_out(&out, stderr);
}

static void tell_ranges(
	const struct backfill *backfill, const struct backfill_range *ranges, size_t count)
{
	struct buf out = {0};
	for (size_t i = 0; i < count; i++) {
		if (backfill->options->json) {
			put_job(&out, backfill, "range");
			buf_printf(&out, ",\"partition\":%d,\"from\":%lld,\"to\":%lld}\n",
				ranges[i].partition, (long long)ranges[i].from,
				(long long)ranges[i].to);
		} else if (ranges[i].to > ranges[i].from) {
			buf_printf(&out, "partition %d: offsets %lld to %lld\n",
				ranges[i].partition, (long long)ranges[i].from,
				(long long)ranges[i].to - 1);
		}
	}
	put_out(&out, backfill->options->json ? stdout : stderr);
}

/* ---- the job */

static bool differs(const char *given, const char *stored)
{
	return given && (!stored || strcmp(given, stored) != 0);
}

static enum error check_same(const struct backfill *backfill, struct failure *failure)
{
	const struct options *options = backfill->options;
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

static enum error make_job(struct backfill *backfill, struct failure *failure)
{
	const struct options *options = backfill->options;
	struct backfill_range *ranges = NULL;
	size_t count = 0;
	struct buf gap = {0};
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
	enum error error = backfill_reader_open(
		&backfill->config->kafka, backfill->job.topic, &backfill->reader, failure);
	if (!error)
		error = backfill_reader_bounds(backfill->reader, &options->from_moment,
			&options->to_moment, &ranges, &count, &gap, failure);
	if (!error && gap.len && !options->accept_gaps)
		error = failure_set(failure, E_NOT_FOUND,
			"retention has taken what may be part of the range: %s--accept-gaps goes "
			"on "
			"without it, and so does --from beginning",
			buf_text(&gap));
	if (!error)
		tell_ranges(backfill, ranges, count);
	if (!error)
		error = backfill_job_make(backfill->store, &backfill->job, ranges, count, failure);
	buf_fini(&gap);
	free(ranges);
	backfill_reader_close(backfill->reader);
	backfill->reader = NULL;
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

static void put_moment(struct buf *name, const struct backfill_moment *moment)
{
	char text[CLOCK_RFC3339_BYTES];
	if (moment->kind == BACKFILL_BEGINNING) {
		buf_add_text(name, "beginning");
		return;
	}
	clock_rfc3339(text, moment->ms);
	buf_add_text(name, text);
}

static void name_job(struct backfill *backfill)
{
	const struct options *options = backfill->options;
	if (options->job) {
		buf_add_text(&backfill->name, options->job);
		return;
	}
	buf_add_text(
		&backfill->name, options->topic ? options->topic : backfill->config->kafka.topic);
	buf_add_char(&backfill->name, '@');
	put_moment(&backfill->name, &options->from_moment);
	buf_add_text(&backfill->name, "..");
	put_moment(&backfill->name, &options->to_moment);
	if (options->business)
		buf_printf(&backfill->name, "@%s", options->business);
}

/* ---- the command */

static int open_signals(void)
{
	sigset_t stop;
	(void)sigemptyset(&stop);
	(void)sigaddset(&stop, SIGTERM);
	(void)sigaddset(&stop, SIGINT);
	(void)pthread_sigmask(SIG_BLOCK, &stop, NULL);
	return signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
}

static enum error open_all(struct backfill *backfill, struct failure *failure)
{
	const struct worker_config *config = backfill->config;
	const struct upsert_options options = {
		.url = config->postgres.url,
		.name = "intake-worker backfill",
		.timeout_ms = (int)config->worker.statement_timeout_ms,
		.stop_fd = -1, /* the batch under way is ended */
	};
	backfill->signal_fd = open_signals();
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
		tell_counts(backfill, event, &totals);
	if (finished) {
		(void)fprintf(stderr, "The job %s is finished.\n", backfill->job.name);
		return EXIT_DONE;
	}
	if (error)
		(void)fprintf(stderr, "%s\n", why->detail);
	(void)fprintf(stderr, "To resume: intake-worker backfill --job '%s'\n", backfill->job.name);
	return EXIT_FAILED;
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
		.tick = tell_progress,
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
		tell_counts(backfill, "finished_before", &totals);
		(void)fprintf(stderr, "The job %s was finished before: nothing to do.\n",
			backfill->job.name);
		return EXIT_DONE;
	}
	backfill->told_ms = clock_steady_ms();
	backfill->told_done = totals.done;
	if (!error)
		error = work(backfill, &finished, &failure);
	return conclude(backfill, finished, error, &failure);
}

static int run(const struct worker_config *config, const struct options *options)
{
	struct failure failure = {0};
	struct backfill backfill = {.options = options, .config = config};
	int code = EXIT_FAILED;
	metrics_init(worker_metrics, worker_metric_count);
	name_job(&backfill);
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

static enum error read_moment(const char *option, const char *text, int64_t now_ms,
	struct backfill_moment *ret_moment, struct failure *failure)
{
	*ret_moment = (struct backfill_moment){BACKFILL_BEGINNING, now_ms};
	if (!text || strcmp(text, "beginning") == 0)
		return OK;
	ret_moment->kind = BACKFILL_NOW;
	if (strcmp(text, "now") == 0)
		return OK;
	ret_moment->kind = BACKFILL_AT;
	if (program_moment(text + (*text == '-'), now_ms, &ret_moment->ms))
		return OK;
	return failure_set(failure, E_USAGE,
		"%s: not a moment: a date, 2026-01-31T12:00:00Z, -2h, beginning or now", option);
}

static enum error check_options(struct options *options, struct failure *failure)
{
	int64_t now_ms = clock_wall_ms();
	char *end = NULL;
	if (!options->job && (!options->from || !options->to))
		return failure_set(failure, E_USAGE,
			"--from and --to say what a new job replays; --job NAME resumes one");
	if (read_moment("--from", options->from, now_ms, &options->from_moment, failure) ||
		read_moment("--to", options->to, now_ms, &options->to_moment, failure))
		return failure->error;
	if (options->business && !uuid_parse(span_of(options->business), &options->business_id))
		return failure_set(failure, E_USAGE, "--business: not a UUID");
	if (options->rate_text)
		options->rate = strtoll(options->rate_text, &end, DECIMAL);
	if (options->rate_text && (*end || options->rate < 1 || options->rate > RATE_MOST))
		return failure_set(
			failure, E_USAGE, "--rate: not a number from 1 to %d", RATE_MOST);
	return OK;
}

static enum error read_options(int argc, char **argv, struct options *options)
{
	struct failure failure = {0};
	const struct program_option known[] = {
		{.name = "--from", .value = &options->from},
		{.name = "--to", .value = &options->to},
		{.name = "--topic", .value = &options->topic},
		{.name = "--business", .value = &options->business},
		{.name = "--job", .value = &options->job},
		{.name = "--rate", .value = &options->rate_text},
		{.name = "--accept-gaps", .given = &options->accept_gaps},
		{.name = "--json", .given = &options->json},
		{.name = NULL},
	};
	enum error error = program_options(argc, argv, known);
	if (error)
		return error;
	error = check_options(options, &failure);
	if (error)
		(void)fprintf(stderr, "%s\n", failure.detail);
	return error;
}

static int with_config(int (*run_it)(const struct worker_config *, const struct options *),
	const struct options *options)
{
	struct worker_config config;
	struct buf problems = {0};
	int code = EXIT_USAGE;
	program_harden();
	if (config_load(&config, CONFIG_ALL, &problems))
		(void)fputs(buf_text(&problems), stderr);
	else
		code = run_it(&config, options);
	buf_fini(&problems);
	config_free(&config);
	return code;
}

int backfill_command(int argc, char **argv)
{
	struct options options = {.from = NULL};
	if (read_options(argc, argv, &options))
		return EXIT_USAGE;
	return with_config(run, &options);
}

static int show_status(const struct worker_config *config, const struct options *options)
{
	struct failure failure = {0};
	struct backfill_store *store = NULL;
	struct buf out = {0};
	enum error error = backfill_store_open(
		config->postgres.url, (int)config->worker.statement_timeout_ms, &store, &failure);
	if (!error)
		error = backfill_job_list(store, options->job, options->json, &out, &failure);
	if (error)
		(void)fprintf(stderr, "%s\n", failure.detail);
	else
		put_out(&out, stdout);
	buf_fini(&out);
	backfill_store_close(store);
	return error ? EXIT_FAILED : EXIT_DONE;
}

int backfill_status_command(int argc, char **argv)
{
	struct options options = {.from = NULL};
	const struct program_option known[] = {
		{.name = "--job", .value = &options.job},
		{.name = "--json", .given = &options.json},
		{.name = NULL},
	};
	if (program_options(argc, argv, known))
		return EXIT_USAGE;
	return with_config(show_status, &options);
}
