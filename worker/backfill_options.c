/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_options - what `intake-worker backfill` is asked to do. */
#include "worker/backfill_options.h"

#include <stdio.h>
#include <stdlib.h>

#include "shared/clock.h"
#include "shared/program.h"
#include "shared/uuid.h"

enum { RATE_MOST = 10000000, DECIMAL = 10 };

static enum error check_moment(const char *option, const char *text, int64_t now_ms,
	struct backfill_moment *ret_moment, struct failure *failure)
{
	if (!text || backfill_moment_read(text, now_ms, ret_moment))
		return OK;
	return failure_set(failure, E_USAGE,
		"%s: not a moment: a date, 2026-01-31T12:00:00Z, -2h, beginning or now", option);
}

static enum error check_range(struct backfill_options *options, struct failure *failure)
{
	int64_t now_ms = clock_wall_ms();
	if (!options->job && (!options->from || !options->to))
		return failure_set(failure, E_USAGE,
			"--from and --to say what a new job replays; --job NAME resumes one");
	enum error error =
		check_moment("--from", options->from, now_ms, &options->from_moment, failure);
	if (!error)
		error = check_moment("--to", options->to, now_ms, &options->to_moment, failure);
	return error;
}

static enum error check_rate(struct backfill_options *options, struct failure *failure)
{
	char *end = NULL;
	if (!options->rate_text)
		return OK;
	options->rate = strtoll(options->rate_text, &end, DECIMAL);
	if (!*end && options->rate >= 1 && options->rate <= RATE_MOST)
		return OK;
	return failure_set(failure, E_USAGE, "--rate: not a number from 1 to %d", RATE_MOST);
}

static enum error check(struct backfill_options *options, struct failure *failure)
{
	struct uuid business_id;
	enum error error = check_range(options, failure);
	if (!error && options->business && !uuid_parse(span_of(options->business), &business_id))
		error = failure_set(failure, E_USAGE, "--business: not a UUID");
	if (!error)
		error = check_rate(options, failure);
	return error;
}

enum error backfill_options_read(int argc, char **argv, struct backfill_options *ret_options)
{
	struct backfill_options options = {.from = NULL};
	struct failure failure = {0};
	const struct program_option known[] = {
		{.name = "--from", .value = &options.from},
		{.name = "--to", .value = &options.to},
		{.name = "--topic", .value = &options.topic},
		{.name = "--business", .value = &options.business},
		{.name = "--job", .value = &options.job},
		{.name = "--rate", .value = &options.rate_text},
		{.name = "--accept-gaps", .given = &options.accept_gaps},
		{.name = "--json", .given = &options.json},
		{.name = NULL},
	};
	enum error error = program_options(argc, argv, known);
	if (error)
		return error;
	error = check(&options, &failure);
	if (error)
		(void)fprintf(stderr, "%s\n", failure.detail);
	else
		*ret_options = options;
	return error;
}

void backfill_options_name(
	const struct backfill_options *options, const char *default_topic, struct buf *out)
{
	if (options->job) {
		buf_add_text(out, options->job);
		return;
	}
	buf_printf(out, "%s@", options->topic ? options->topic : default_topic);
	backfill_moment_write(&options->from_moment, out);
	buf_add_text(out, "..");
	backfill_moment_write(&options->to_moment, out);
	if (options->business)
		buf_printf(out, "@%s", options->business);
}
