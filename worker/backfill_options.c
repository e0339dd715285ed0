/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_options - what `intake-worker backfill` is asked to do. */
#include "worker/backfill_options.h"

#include <stdio.h>
#include <stdlib.h>

#include "shared/clock.h"
#include "worker/backfill_work.h"

enum {
	RATE_MOST = 10000000,
	MAX_LIVE_LAG_S = 10,
	MS_PER_S = 1000,
	DECIMAL = 10,
	DELETE = 0x7f,
	JOB_BYTES_MOST = 200,        /* the table's */
	PARTITIONS_BYTES_NAMED = 40, /* longer ones are no part of a name */
	MEMORY_MB = 256,
	MEMORY_MB_MOST = 1024 * 1024,
	BYTES_PER_MB = 1024 * 1024,
};

static enum error check_moment(const char *option, const char *text, int64_t now_ms,
	struct backfill_moment *ret_moment, struct failure *failure)
{
	if (!text || backfill_moment_read(text, now_ms, ret_moment))
		return OK;
	return failure_set(failure, E_USAGE,
		"%s: not a moment: a date, 2026-01-31T12:00:00Z, -2h, beginning or now", option);
}

static enum error check_from_offsets(struct backfill_options *options, struct failure *failure)
{
	struct failure why;
	if (!options->given.from_offsets)
		return OK;
	if (offset_list_read(options->given.from_offsets, &options->from_offsets, &why))
		return failure_set(failure, E_USAGE, "--from-offsets: %s", why.detail);
	offset_list_write(&options->from_offsets, &options->from_text);
	return OK;
}

static enum error check_range(struct backfill_options *options, struct failure *failure)
{
	const struct backfill_given *given = &options->given;
	int64_t now_ms = clock_wall_ms();
	if (given->from && given->from_offsets)
		return failure_set(
			failure, E_USAGE, "--from and --from-offsets: one of them says where");
	if (!given->job && (!(given->from || given->from_offsets) || !given->to))
		return failure_set(failure, E_USAGE,
			"--from and --to say what a new job replays; --job NAME resumes one");
	enum error error = check_moment("--from", given->from, now_ms, &options->from, failure);
	if (!error && given->from)
		buf_add_text(&options->from_text, given->from);
	if (!error)
		error = check_moment("--to", given->to, now_ms, &options->to, failure);
	return error ? error : check_from_offsets(options, failure);
}

static enum error check_partitions(struct backfill_options *options, struct failure *failure)
{
	struct failure why;
	const char *text = options->given.partitions;
	if (!text || !partition_set_read(text, &options->partitions, &why))
		return OK;
	return failure_set(failure, E_USAGE, "--partitions: %s", why.detail);
}

static enum error check_businesses(struct backfill_options *options, struct failure *failure)
{
	const struct program_list *list = &options->given.businesses;
	for (size_t i = 0; i < list->count; i++) {
		if (!business_set_add(&options->businesses, span_of(list->items[i])))
			return failure_set(failure, E_USAGE, "--business: not a UUID");
	}
	business_set_write(&options->businesses, &options->businesses_text);
	return OK;
}

static enum error check_number(const char *option, const char *text, int64_t most,
	int64_t *ret_number, struct failure *failure)
{
	char *end = NULL;
	if (!text)
		return OK;
	*ret_number = strtoll(text, &end, DECIMAL);
	if (!*end && *ret_number >= 1 && *ret_number <= most)
		return OK;
	return failure_set(
		failure, E_USAGE, "%s: not a number from 1 to %lld", option, (long long)most);
}

static enum error check_max_live_lag(struct backfill_options *options, struct failure *failure)
{
	int64_t seconds = MAX_LIVE_LAG_S;
	const char *text = options->given.max_live_lag;
	if (text && !program_duration(text, &seconds))
		return failure_set(failure, E_USAGE, "--max-live-lag: how long, as 10s, 5m or 2h");
	options->max_live_lag_ms = seconds * MS_PER_S;
	return OK;
}

/* What is written and what is only looked at exclude each other. */
static enum error check_rehearsal(struct backfill_options *options, struct failure *failure)
{
	bool is_rehearsal = options->dry_run || options->verify;
	int64_t memory_mb = MEMORY_MB;
	if (options->dry_run && options->verify)
		return failure_set(failure, E_USAGE, "--dry-run and --verify: one at a time");
	if (options->verify && options->given.undelete_since)
		return failure_set(failure, E_USAGE,
			"--verify takes deletions as they are: leave --undelete-since out");
	if (is_rehearsal && options->dead_letter)
		return failure_set(failure, E_USAGE,
			"--dead-letter writes: leave it out of a dry run or a verification");
	if (options->show_values && !is_rehearsal)
		return failure_set(failure, E_USAGE, "--show-values: of --dry-run or --verify");
	enum error error = check_number(
		"--memory", options->given.memory, MEMORY_MB_MOST, &memory_mb, failure);
	options->memory_bytes = memory_mb * BYTES_PER_MB;
	return error;
}

static enum error check_undelete(struct backfill_options *options, struct failure *failure)
{
	const char *text = options->given.undelete_since;
	struct backfill_moment since = {.ms = 0};
	struct backfill_moment long_ago = {.ms = 0};
	enum error error = check_moment("--undelete-since", text, clock_wall_ms(), &since, failure);
	if (!error && text && since.kind != BACKFILL_AT)
		return failure_set(failure, E_USAGE,
			"--undelete-since: a date, 2026-01-31T12:00:00Z, or how long ago, -2h");
	options->undelete_since_ms = since.ms;
	options->undelete_is_date =
		text && backfill_moment_read(text, 0, &long_ago) && long_ago.ms == since.ms;
	return error;
}

/* It is told to people as it is. */
static bool is_name(const char *text)
{
	size_t len = strlen(text);
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)text[i] < ' ' || text[i] == DELETE)
			return false;
	}
	return len > 0 && len <= JOB_BYTES_MOST;
}

static enum error check(struct backfill_options *options, struct failure *failure)
{
	if (options->given.job && !is_name(options->given.job))
		return failure_set(failure, E_USAGE,
			"--job: a name of 1 to %d characters that can be seen", JOB_BYTES_MOST);
	enum error error = check_range(options, failure);
	if (!error)
		error = check_partitions(options, failure);
	if (!error)
		error = check_businesses(options, failure);
	if (!error)
		error = check_number(
			"--rate", options->given.rate, RATE_MOST, &options->rate, failure);
	if (!error)
		error = check_number("--lanes", options->given.lanes, BACKFILL_LANES_MOST,
			&options->lanes, failure);
	if (!error)
		error = check_max_live_lag(options, failure);
	if (!error)
		error = check_undelete(options, failure);
	return error ? error : check_rehearsal(options, failure);
}

enum error backfill_options_read(int argc, char **argv, struct backfill_options *ret_options)
{
	struct backfill_options *options = ret_options;
	struct backfill_given *given = &options->given;
	struct failure failure = {0};
	*options = (struct backfill_options){.json = false};
	const struct program_option known[] = {
		{.name = "--from", .value = &given->from},
		{.name = "--from-offsets", .value = &given->from_offsets},
		{.name = "--to", .value = &given->to},
		{.name = "--topic", .value = &given->topic},
		{.name = "--partitions", .value = &given->partitions},
		{.name = "--business", .list = &given->businesses},
		{.name = "--job", .value = &given->job},
		{.name = "--rate", .value = &given->rate},
		{.name = "--max-live-lag", .value = &given->max_live_lag},
		{.name = "--lanes", .value = &given->lanes},
		{.name = "--memory", .value = &given->memory},
		{.name = "--undelete-since", .value = &given->undelete_since},
		{.name = "--dry-run", .given = &options->dry_run},
		{.name = "--verify", .given = &options->verify},
		{.name = "--show-values", .given = &options->show_values},
		{.name = "--dead-letter", .given = &options->dead_letter},
		{.name = "--accept-gaps", .given = &options->accept_gaps},
		{.name = "--resume", .given = &options->resume},
		{.name = "--json", .given = &options->json},
		{.name = NULL},
	};
	enum error error = program_options(argc, argv, known);
	if (error)
		return error;
	error = check(options, &failure);
	if (error)
		(void)fprintf(stderr, "%s\n", failure.detail);
	return error;
}

void backfill_options_fini(struct backfill_options *options)
{
	offset_list_fini(&options->from_offsets);
	buf_fini(&options->from_text);
	buf_fini(&options->businesses_text);
}

struct backfill_wish backfill_options_wish(
	const struct backfill_options *options, const char *default_topic)
{
	const struct backfill_given *given = &options->given;
	return (struct backfill_wish){
		.topic = given->topic ? given->topic : default_topic,
		.partitions = given->partitions ? &options->partitions : NULL,
		.from = options->from,
		.from_offsets = given->from_offsets ? &options->from_offsets : NULL,
		.to = options->to,
	};
}

void backfill_options_write(const struct backfill_options *options, struct buf *out)
{
	const struct backfill_given *given = &options->given;
	if (given->rate)
		buf_printf(out, " --rate %s", given->rate);
	if (given->max_live_lag)
		buf_printf(out, " --max-live-lag %s", given->max_live_lag);
	if (given->lanes)
		buf_printf(out, " --lanes %s", given->lanes);
	if (options->accept_gaps)
		buf_add_text(out, " --accept-gaps");
	if (options->dead_letter)
		buf_add_text(out, " --dead-letter");
	if (options->json)
		buf_add_text(out, " --json");
}

static void name_businesses(const struct business_set *businesses, struct buf *out)
{
	char text[UUID_TEXT_LEN + 1];
	if (!businesses->count)
		return;
	uuid_format(text, &businesses->ids[0]);
	buf_printf(out, "@%s", text);
	if (businesses->count > 1)
		buf_printf(out, "+%zu", businesses->count - 1);
}

void backfill_options_name(
	const struct backfill_options *options, const char *default_topic, struct buf *out)
{
	const struct backfill_given *given = &options->given;
	if (given->job) {
		buf_add_text(out, given->job);
		return;
	}
	buf_add_text(out, given->topic ? given->topic : default_topic);
	if (given->partitions && strlen(given->partitions) <= PARTITIONS_BYTES_NAMED)
		buf_printf(out, "[%s]", given->partitions);
	buf_add_char(out, '@');
	if (given->from_offsets)
		buf_add_text(out, "offsets");
	else
		backfill_moment_write(&options->from, out);
	buf_add_text(out, "..");
	backfill_moment_write(&options->to, out);
	name_businesses(&options->businesses, out);
}
