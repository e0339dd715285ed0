/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_rehearse - `intake-worker backfill --dry-run` and `--verify`: nothing is written. */
#include "worker/backfill_rehearse.h"

#include <stdio.h>

#include "shared/clock.h"
#include "shared/program.h"
#include "worker/backfill_dry_run.h"
#include "worker/backfill_report.h"
#include "worker/backfill_verify.h"

enum { LOOK_MS = 500 }; /* between looks at how fast it goes */

/* Who is told how far it is. */
struct audience {
	struct backfill_tell *tell;
	struct backfill_pace *pace;
	int64_t rate;
	int64_t looked_ms;
	struct speedometer meter;
};

static void tick(void *user, int64_t offsets, int64_t done)
{
	struct audience *audience = user;
	int64_t now_ms = clock_steady_ms();
	if (now_ms - audience->looked_ms < LOOK_MS)
		return;
	audience->looked_ms = now_ms;
	speedometer_look(&audience->meter, done, now_ms);
	const struct backfill_view view = {
		.job = audience->tell->job,
		.offsets = offsets,
		.done = done,
		.per_second = speedometer_speed(&audience->meter),
		.rate = audience->rate,
		.speed = backfill_pace_speed(audience->pace),
	};
	if (backfill_tell_is_due(audience->tell, now_ms))
		backfill_tell_progress(audience->tell, &view, now_ms);
}

static void tell_dry_run(struct backfill_dry_run *run, const struct backfill_tell *tell)
{
	const struct backfill_rehearsal *rehearsal = &run->rehearsal;
	struct backfill_totals totals = {.offsets = rehearsal->offsets / (int64_t)run->passes};
	totals.done = totals.offsets;
	backfill_report_notes(tell, "Some of what would change", &run->differences);
	backfill_report_notes(tell, "What would be left out", &run->bad);
	totals.counts = backfill_report_partitions(tell, rehearsal->bounds, run->partitions);
	backfill_report_businesses(tell, &run->tally);
	backfill_tell_counts(tell, "dry_run", &totals);
	(void)fprintf(stderr, "A dry run, of %llu pass%s: nothing was written.\n",
		(unsigned long long)run->passes, run->passes == 1 ? "" : "es");
}

static enum error dry_run(const struct backfill_rehearsal *rehearsal,
	const struct backfill_options *options, struct backfill_tell *tell, struct failure *failure)
{
	struct backfill_dry_run run = {
		.rehearsal = *rehearsal, .memory_bytes = (size_t)options->memory_bytes};
	enum error error = backfill_dry_run(&run, failure);
	backfill_tell_clear(tell);
	if (!error)
		tell_dry_run(&run, tell);
	backfill_dry_run_fini(&run);
	return error;
}

static void tell_verdicts(const struct backfill_verify *verify, const struct backfill_tell *tell)
{
	const struct backfill_verdicts *verdicts = &verify->verdicts;
	struct buf out = {0};
	if (tell->json) {
		buf_add_text(&out, "{\"event\":\"verified\",\"job\":");
		buf_add_json(&out, span_of(tell->job));
#define X(name, sentence) buf_printf(&out, ",\"" #name "\":%lld", (long long)verdicts->name);
		BACKFILL_VERDICTS(X)
#undef X
		buf_add_text(&out, "}\n");
	} else {
#define X(name, sentence)                                                                          \
	if (verdicts->name)                                                                        \
		buf_printf(&out, "%10lld  " sentence "\n", (long long)verdicts->name);
		BACKFILL_VERDICTS(X)
#undef X
	}
	(void)fputs(buf_text(&out), stdout);
	buf_fini(&out);
	(void)fprintf(stderr, verdicts->behind ? "The table is behind the log.\n"
					       : "No contact is older than the log says.\n");
}

static enum error verify(const struct backfill_rehearsal *rehearsal, struct backfill_tell *tell,
	int *ret_code, struct failure *failure)
{
	struct backfill_verify verify = {.rehearsal = *rehearsal};
	enum error error = backfill_verify(&verify, failure);
	backfill_tell_clear(tell);
	if (!error) {
		backfill_report_notes(tell, "Behind the log", &verify.behind);
		backfill_report_notes(tell, "What says nothing", &verify.bad);
		tell_verdicts(&verify, tell);
		*ret_code = verify.verdicts.behind ? EXIT_FAILED : EXIT_DONE;
	}
	backfill_verify_fini(&verify);
	return error;
}

enum error backfill_rehearse(struct backfill_plan *plan, const struct backfill_bounds *bounds,
	const struct backfill_options *options, struct backfill_tell *tell, int *ret_code,
	struct failure *failure)
{
	struct audience audience = {.tell = tell, .pace = plan->pace, .rate = options->rate};
	const struct backfill_rehearsal rehearsal = {
		.plan = plan,
		.bounds = bounds,
		.job = tell->job,
		.json = tell->json,
		.show_values = options->show_values,
		.tick = tick,
		.user = &audience,
	};
	plan->is_rehearsal = true;
	plan->values = options->verify;
	*ret_code = EXIT_DONE;
	backfill_tell_begin(tell, clock_steady_ms());
	return options->verify ? verify(&rehearsal, tell, ret_code, failure)
			       : dry_run(&rehearsal, options, tell, failure);
}
