/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_status - `intake-worker backfill list` and `status`: which jobs there are, and how far they are. */
#include "worker/backfill_status.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "shared/clock.h"
#include "shared/printable.h"
#include "shared/program.h"
#include "worker/backfill_job.h"
#include "worker/backfill_store.h"
#include "worker/backfill_words.h"
#include "worker/config.h"

enum { SAMPLE_MS = 2000, MS_PER_S = 1000, PERCENT = 100 };

#define TIME(column) "to_char(" column " at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"

/* Columns of jobs_text. */
enum column {
	NAME,
	TOPIC,
	FROM,
	TO,
	BUSINESSES,
	PARTITIONS,
	CREATED_AT,
	CANCELLED_AT,
	MOVED_AT,
	OFFSETS,
	DONE,
	AT_WORK,
	FIRST_COUNT
};

#define X(name, sentence) ", coalesce(sum(p." #name "), 0)::bigint"
static const char jobs_text[] =
	"select j.name, j.topic, j.range_from, j.range_to, array_to_string(j.business_ids, ','),"
	" j.partitions, " TIME("j.created_at") ", " TIME("j.cancelled_at") ", " TIME(
		"max(p.moved_at)") ", coalesce(sum(p.to_offset - p.from_offset), 0)::bigint,"
				   " coalesce(sum(p.next_offset - p.from_offset), 0)::bigint,"
				   " count(distinct p.owner)"
				   " filter (where p.leased_until >= now() and p.next_offset < "
				   "p.to_offset)" BACKFILL_COUNTS(
					   X) " from intake.backfill_jobs j left join "
					      "intake.backfill_partitions p on p.job = j.name"
					      " where $1::text is null or j.name = $1"
					      " group by j.name order by j.created_at desc, j.name";
#undef X

static const char partitions_text[] =
	"select partition, from_offset, next_offset, to_offset,"
	" leased_until >= now() and next_offset < to_offset"
	" from intake.backfill_partitions where job = $1 and from_offset < to_offset"
	" order by partition";

/* Several looks at the same jobs. */
struct status {
	const char *job; /* NULL: all */
	bool json;
	bool in_detail;
	struct backfill_store *store;
	PGresult *jobs;   /* owned */
	PGresult *before; /* owned; the same, SAMPLE_MS earlier; NULL: there was no need */
	int64_t sample_ms;
};

static const char *text_of(const struct status *status, int row, enum column column)
{
	return PQgetvalue(status->jobs, row, (int)column);
}

static int64_t number_at(const struct status *status, int row, int column)
{
	return number_get(status->jobs, row, column);
}

static const char *state_of(const struct status *status, int row)
{
	if (number_at(status, row, DONE) == number_at(status, row, OFFSETS))
		return "finished";
	if (*text_of(status, row, CANCELLED_AT))
		return "cancelled";
	return number_at(status, row, AT_WORK) ? "at_work" : "standing";
}

static bool is_open(const struct status *status, int row)
{
	const char *state = state_of(status, row);
	return strcmp(state, "at_work") == 0 || strcmp(state, "standing") == 0;
}

/* Offsets a second; -1: nobody looked, or nobody works. */
static int64_t speed_of(const struct status *status, int row)
{
	if (!status->before || !number_at(status, row, AT_WORK))
		return -1;
	for (int i = 0; i < PQntuples(status->before); i++) {
		if (strcmp(PQgetvalue(status->before, i, NAME), text_of(status, row, NAME)) == 0)
			return (number_at(status, row, DONE) -
				       number_get(status->before, i, DONE)) *
			       MS_PER_S / status->sample_ms;
	}
	return -1;
}

/* ---- as JSON */

static void add_text(struct buf *out, const char *name, const char *value)
{
	buf_printf(out, ",\"%s\":", name);
	if (*value)
		printable_add_json(out, span_of(value));
	else
		buf_add_text(out, "null");
}

static void add_counts(const struct status *status, int row, struct buf *out)
{
	int column = FIRST_COUNT;
#define X(name, sentence)                                                                          \
	buf_printf(out, ",\"" #name "\":%lld", (long long)number_at(status, row, column++));
	BACKFILL_COUNTS(X)
#undef X
}

static void add_partitions(const PGresult *partitions, struct buf *out)
{
	buf_add_text(out, ",\"ranges\":[");
	for (int i = 0; i < PQntuples(partitions); i++)
		buf_printf(out,
			"%s{\"partition\":%s,\"from\":%s,\"next\":%s,\"to\":%s,\"at_work\":%s}",
			i ? "," : "", PQgetvalue(partitions, i, 0), PQgetvalue(partitions, i, 1),
			PQgetvalue(partitions, i, 2), PQgetvalue(partitions, i, 3),
			flag_get(partitions, i, 4) ? "true" : "false");
	buf_add_char(out, ']');
}

static void add_json(
	const struct status *status, int row, const PGresult *partitions, struct buf *out)
{
	int64_t speed = speed_of(status, row);
	buf_add_text(out, "{\"job\":");
	printable_add_json(out, span_of(text_of(status, row, NAME)));
	buf_printf(out, ",\"state\":\"%s\"", state_of(status, row));
	add_text(out, "topic", text_of(status, row, TOPIC));
	add_text(out, "from", text_of(status, row, FROM));
	add_text(out, "to", text_of(status, row, TO));
	add_text(out, "businesses", text_of(status, row, BUSINESSES));
	add_text(out, "partitions", text_of(status, row, PARTITIONS));
	add_text(out, "created_at", text_of(status, row, CREATED_AT));
	add_text(out, "cancelled_at", text_of(status, row, CANCELLED_AT));
	add_text(out, "moved_at", text_of(status, row, MOVED_AT));
	buf_printf(out, ",\"offsets\":%s,\"done\":%s,\"at_work\":%s", text_of(status, row, OFFSETS),
		text_of(status, row, DONE), text_of(status, row, AT_WORK));
	add_counts(status, row, out);
	if (speed >= 0)
		buf_printf(out, ",\"per_second\":%lld", (long long)speed);
	if (partitions)
		add_partitions(partitions, out);
	buf_add_text(out, "}\n");
}

/* ---- for people */

static void add_line(const struct status *status, int row, struct buf *out)
{
	int64_t offsets = number_at(status, row, OFFSETS);
	int64_t done = number_at(status, row, DONE);
	buf_printf(out, "%-9s  %3lld %%  %12lld  %s  ", state_of(status, row),
		(long long)(offsets ? done * PERCENT / offsets : PERCENT), (long long)offsets,
		text_of(status, row, CREATED_AT));
	printable_add(out, span_of(text_of(status, row, NAME)));
	buf_add_char(out, '\n');
}

static void add_labelled(struct buf *out, const char *label, const char *value)
{
	if (!*value)
		return;
	buf_printf(out, "%-12s", label);
	printable_add(out, span_of(value));
	buf_add_char(out, '\n');
}

static void add_progress(const struct status *status, int row, struct buf *out)
{
	int64_t offsets = number_at(status, row, OFFSETS);
	int64_t done = number_at(status, row, DONE);
	int64_t speed = speed_of(status, row);
	buf_printf(out, "%-12s%lld of %lld offsets", "done", (long long)done, (long long)offsets);
	if (speed >= 0)
		buf_printf(out, ", %lld/s", (long long)speed);
	if (speed > 0) {
		buf_add_text(out, ", ");
		backfill_words_duration((offsets - done) / speed, out);
		buf_add_text(out, " to go");
	}
	buf_add_char(out, '\n');
}

static void add_ranges(const PGresult *partitions, struct buf *out)
{
	for (int i = 0; i < PQntuples(partitions); i++)
		buf_printf(out, "%-12s%s: offsets %s to %lld, at %s%s\n", i ? "" : "partitions",
			PQgetvalue(partitions, i, 0), PQgetvalue(partitions, i, 1),
			(long long)number_get(partitions, i, 3) - 1, PQgetvalue(partitions, i, 2),
			flag_get(partitions, i, 4) ? ", at work" : "");
}

static void add_counts_text(const struct status *status, int row, struct buf *out)
{
	int column = FIRST_COUNT;
#define X(name, sentence)                                                                          \
	if (number_at(status, row, column++))                                                      \
		buf_printf(out, "%12s  " sentence "\n", PQgetvalue(status->jobs, row, column - 1));
	BACKFILL_COUNTS(X)
#undef X
}

static void add_detail(
	const struct status *status, int row, const PGresult *partitions, struct buf *out)
{
	add_labelled(out, "job", text_of(status, row, NAME));
	buf_printf(out, "%-12s%s", "state", state_of(status, row));
	if (number_at(status, row, AT_WORK))
		buf_printf(out, ", processes: %s", text_of(status, row, AT_WORK));
	buf_add_char(out, '\n');
	add_labelled(out, "topic", text_of(status, row, TOPIC));
	add_labelled(out, "from", text_of(status, row, FROM));
	add_labelled(out, "to", text_of(status, row, TO));
	add_labelled(out, "partitions", text_of(status, row, PARTITIONS));
	add_labelled(out, "businesses", text_of(status, row, BUSINESSES));
	add_labelled(out, "made", text_of(status, row, CREATED_AT));
	add_labelled(out, "cancelled", text_of(status, row, CANCELLED_AT));
	add_labelled(out, "moved last", text_of(status, row, MOVED_AT));
	add_progress(status, row, out);
	add_ranges(partitions, out);
	add_counts_text(status, row, out);
	if (strcmp(state_of(status, row), "standing") == 0)
		backfill_words_resume(text_of(status, row, NAME), "", out);
}

/* ---- the commands */

static enum error add_job(
	const struct status *status, int row, struct buf *out, struct failure *failure)
{
	const char *name = text_of(status, row, NAME);
	POSTGRES_RESULT PGresult *partitions = NULL;
	if (status->in_detail) {
		partitions = backfill_store_ask(status->store, partitions_text, 1, &name, failure);
		if (!partitions)
			return failure->error;
	}
	if (status->json)
		add_json(status, row, partitions, out);
	else if (status->in_detail)
		add_detail(status, row, partitions, out);
	else
		add_line(status, row, out);
	return OK;
}

static enum error look(struct status *status, struct failure *failure)
{
	status->jobs = backfill_store_ask(status->store, jobs_text, 1, &status->job, failure);
	if (!status->jobs)
		return failure->error;
	if (status->job && PQntuples(status->jobs) == 0)
		return failure_set(failure, E_NOT_FOUND, "there is no job %s", status->job);
	return OK;
}

/* Look twice where somebody is at work. */
static enum error sample(struct status *status, struct failure *failure)
{
	bool at_work = false;
	int64_t began_ms = clock_steady_ms();
	enum error error = look(status, failure);
	for (int row = 0; !error && row < PQntuples(status->jobs); row++)
		at_work |= number_at(status, row, AT_WORK) > 0;
	if (error || !status->in_detail || !at_work)
		return error;
	(void)poll(NULL, 0, SAMPLE_MS);
	status->before = status->jobs;
	status->sample_ms = clock_steady_ms() - began_ms;
	return look(status, failure);
}

static enum error show(struct status *status, struct buf *out, struct failure *failure)
{
	enum error error = sample(status, failure);
	if (error)
		return error;
	if (!status->in_detail && !status->json)
		buf_add_text(out, "state       done       offsets  made                  job\n");
	for (int row = 0; !error && row < PQntuples(status->jobs); row++) {
		if (!status->in_detail || status->job || is_open(status, row))
			error = add_job(status, row, out, failure);
	}
	if (!error && !status->json && !out->len)
		buf_add_text(out, "No backfill is open; `backfill list` shows all there were.\n");
	return error;
}

static int run(const struct worker_config *config, void *user)
{
	struct status *status = user;
	struct failure failure = {0};
	struct buf out = {0};
	enum error error = backfill_store_open(config->postgres.url,
		(int)config->worker.statement_timeout_ms, &status->store, &failure);
	if (!error)
		error = show(status, &out, &failure);
	if (error)
		(void)fprintf(stderr, "%s\n", failure.detail);
	else
		(void)fputs(buf_text(&out), stdout);
	buf_fini(&out);
	PQclear(status->jobs);
	PQclear(status->before);
	backfill_store_close(status->store);
	return error ? EXIT_FAILED : EXIT_DONE;
}

int backfill_list_command(int argc, char **argv)
{
	struct status status = {.in_detail = false};
	const struct program_option known[] = {
		{.name = "--json", .given = &status.json},
		{.name = NULL},
	};
	if (program_options(argc, argv, known))
		return EXIT_USAGE;
	return config_run(CONFIG_POSTGRES, run, &status);
}

int backfill_status_command(int argc, char **argv)
{
	struct status status = {.in_detail = true};
	const struct program_option known[] = {
		{.name = "JOB", .value = &status.job},
		{.name = "--json", .given = &status.json},
		{.name = NULL},
	};
	if (program_options(argc, argv, known))
		return EXIT_USAGE;
	return config_run(CONFIG_POSTGRES, run, &status);
}
