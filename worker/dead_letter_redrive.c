/* SPDX-License-Identifier: Apache-2.0 */
/* dead_letter_redrive - `intake-worker dead-letters redrive`: give dead letters another chance. */
#include "worker/dead_letter_redrive.h"

#include <stdio.h>

#include "shared/clock.h"
#include "shared/program.h"
#include "worker/config.h"
#include "worker/dead_letter_scan.h"
#include "worker/dead_letter_sender.h"

enum { PROGRESS_MS = 5000 };

static const struct {
	const char *name; /* for programs */
	const char *text; /* for people */
} verdicts[REDRIVE_VERDICT_COUNT] = {
	[REDRIVE_SEND] = {"redriven", "redriven"},
	[REDRIVE_DONE] = {"already_redriven", "redriven before"},
	[REDRIVE_CAME_BACK] = {"came_back", "redriven before, came back (--again sends them)"},
	[REDRIVE_INVALID] = {"invalid", "no valid events: nothing would take them"},
	[REDRIVE_ANOTHER_TOPIC] = {"another_topic", "from another topic"},
	[REDRIVE_FOREIGN] = {"foreign", "no dead letters of a worker"},
};

struct redrive {
	struct dead_letter_select select;
	bool all;
	bool again;
	bool dry_run;
	bool json;
	const struct kafka_settings *kafka; /* borrowed */
	struct dead_letter_sender *sender;  /* NULL: --dry-run */
	int64_t counts[REDRIVE_VERDICT_COUNT];
	int64_t progress_ms; /* when to tell next */
};

enum redrive_verdict dead_letter_redrive_verdict(
	const struct dead_letter_view *view, bool is_redriven, bool again, const char *topic)
{
	if (view->kind != DEAD_LETTER_OF_OURS)
		return REDRIVE_FOREIGN;
	if (is_redriven)
		return REDRIVE_DONE;
	if (!span_equal(view->topic, span_of(topic)))
		return REDRIVE_ANOTHER_TOPIC;
	if (view->error)
		return REDRIVE_INVALID;
	return view->attempts > 1 && !again ? REDRIVE_CAME_BACK : REDRIVE_SEND;
}

static void tell(struct redrive *redrive, enum redrive_verdict verdict, bool has_id,
	const struct dead_letter_ticket *ticket)
{
	char id[UUID_TEXT_LEN + 1] = "";
	redrive->counts[verdict]++;
	if (!redrive->json)
		return;
	if (has_id)
		uuid_format(id, &ticket->id);
	(void)printf("{\"outcome\":\"%s\",\"event_id\":%s%s%s,\"dead_letter\":{\"partition\":%d,"
		     "\"offset\":%lld}}\n",
		redrive->dry_run && verdict == REDRIVE_SEND ? "would_redrive"
							    : verdicts[verdict].name,
		has_id ? "\"" : "", has_id ? id : "null", has_id ? "\"" : "", ticket->partition,
		(long long)ticket->offset);
}

static void sent(void *user, const struct dead_letter_ticket *ticket)
{
	tell(user, REDRIVE_SEND, true, ticket);
}

static enum error redrive_found(
	void *user, const struct dead_letter_found *found, struct failure *failure)
{
	struct redrive *redrive = user;
	const struct dead_letter_ticket ticket = {
		found->view->id, found->record->partition, found->record->offset};
	enum redrive_verdict verdict = dead_letter_redrive_verdict(
		found->view, found->is_redriven, redrive->again, redrive->kafka->topic);
	if (verdict == REDRIVE_SEND && redrive->sender)
		return dead_letter_sender_send(
			redrive->sender, found->record, found->view, failure);
	tell(redrive, verdict, found->view->has_id, &ticket);
	return OK;
}

static enum error redrive_tick(void *user, int64_t read, int64_t total, struct failure *failure)
{
	struct redrive *redrive = user;
	int64_t now_ms = clock_steady_ms();
	if (now_ms >= redrive->progress_ms) {
		(void)fprintf(stderr, "%lld %% of the dead letters read, %lld redriven\n",
			(long long)(total ? 100 * read / total : 100),
			(long long)redrive->counts[REDRIVE_SEND]);
		redrive->progress_ms = now_ms + PROGRESS_MS;
	}
	return redrive->sender ? dead_letter_sender_serve(redrive->sender, failure) : OK;
}

static void print_summary(const struct redrive *redrive)
{
	if (redrive->json)
		(void)printf("{\"summary\":{");
	for (unsigned i = 0; i < REDRIVE_VERDICT_COUNT; i++) {
		const char *text = verdicts[i].text;
		if (i == REDRIVE_SEND && redrive->dry_run)
			text = "would be redriven";
		if (redrive->json)
			(void)printf("%s\"%s\":%lld", i ? "," : "",
				i == REDRIVE_SEND && redrive->dry_run ? "would_redrive"
								      : verdicts[i].name,
				(long long)redrive->counts[i]);
		else if (redrive->counts[i] || i == REDRIVE_SEND)
			(void)printf("%8lld  %s\n", (long long)redrive->counts[i], text);
	}
	if (redrive->json)
		(void)puts("}}");
}

/* What is on its way is waited for, also where the scan has failed: it may be stored. */
static enum error scan_and_send(struct redrive *redrive, struct failure *failure)
{
	struct failure last = {0};
	const struct dead_letter_visitor visitor = {redrive, redrive_found, redrive_tick};
	enum error error = OK;
	if (!redrive->dry_run)
		error = dead_letter_sender_open(
			redrive->kafka, sent, redrive, &redrive->sender, failure);
	if (error)
		return error;
	error = dead_letter_scan(redrive->kafka, &redrive->select, &visitor, failure);
	if (redrive->sender && dead_letter_sender_finish(redrive->sender, &last) && !error) {
		error = last.error;
		*failure = last;
	}
	dead_letter_sender_close(redrive->sender);
	return error;
}

static int run(const struct worker_config *config, void *user)
{
	struct redrive *redrive = user;
	struct failure failure = {0};
	redrive->kafka = &config->kafka;
	redrive->progress_ms = clock_steady_ms() + PROGRESS_MS;
	enum error error = scan_and_send(redrive, &failure);
	if (error == E_CONFIG) {
		(void)fprintf(stderr, "%s\n", failure.detail);
		return EXIT_USAGE;
	}
	print_summary(redrive);
	(void)fflush(stdout);
	if (!error)
		return EXIT_DONE;
	(void)fprintf(stderr,
		"%s\nNot all were redriven. Run it again: what has been redriven is not sent "
		"again.\n",
		failure.detail);
	return EXIT_FAILED;
}

static enum error check_options(
	struct redrive *redrive, const struct dead_letter_options *options, struct failure *failure)
{
	enum error error =
		dead_letter_select_read(options, clock_wall_ms(), &redrive->select, failure);
	if (error)
		return error;
	if (redrive->all == dead_letter_select_is_narrow(&redrive->select))
		return failure_set(failure, E_USAGE,
			"say which dead letters: --reason, --business, --since and --until, or "
			"--all");
	return OK;
}

static enum error read_options(int argc, char **argv, struct redrive *redrive)
{
	struct dead_letter_options options = {.reason = NULL};
	struct failure failure = {0};
	const struct program_option known[] = {
		{.name = "--all", .given = &redrive->all},
		{.name = "--reason", .value = &options.reason},
		{.name = "--business", .value = &options.business},
		{.name = "--since", .value = &options.since},
		{.name = "--until", .value = &options.until},
		{.name = "--again", .given = &redrive->again},
		{.name = "--dry-run", .given = &redrive->dry_run},
		{.name = "--json", .given = &redrive->json},
		{.name = NULL},
	};
	enum error error = program_options(argc, argv, known);
	if (error)
		return error;
	error = check_options(redrive, &options, &failure);
	if (error)
		(void)fprintf(stderr, "%s\n", failure.detail);
	return error;
}

int dead_letter_redrive_command(int argc, char **argv)
{
	struct redrive redrive = {.all = false};
	if (read_options(argc, argv, &redrive))
		return EXIT_USAGE;
	return config_run(CONFIG_KAFKA, run, &redrive);
}
