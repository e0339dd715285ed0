/* SPDX-License-Identifier: Apache-2.0 */
/* dead_letter_list - `intake-worker dead-letters list`: what could not be applied, and why. */
#include "worker/dead_letter_list.h"

#include <stdio.h>

#include "shared/clock.h"
#include "shared/printable.h"
#include "shared/program.h"
#include "shared/utf8.h"
#include "worker/config.h"
#include "worker/dead_letter_scan.h"
#include "worker/dead_reason.h"

/* After the reasons of ours: "foreign", and those that only another version knows. */
enum { REASON_FOREIGN = DEAD_REASON_COUNT, REASON_UNKNOWN, REASON_COUNT };

struct list {
	struct dead_letter_select select;
	bool summary;
	bool show_values;
	bool json;
	struct buf line;
	int64_t outstanding[REASON_COUNT];
	int64_t redriven[REASON_COUNT];
};

static const char *reason_name(unsigned reason)
{
	if (reason == REASON_FOREIGN)
		return "foreign";
	return reason == REASON_UNKNOWN ? "(other)" : dead_reason_name((enum dead_reason)reason);
}

static unsigned reason_of(const struct dead_letter_view *view)
{
	unsigned reason = 0;
	while (reason < REASON_UNKNOWN &&
		!span_equal(dead_letter_reason(view), span_of(reason_name(reason))))
		reason++;
	return reason;
}

static const char *state_of(const struct dead_letter_found *found)
{
	return found->is_redriven ? "redriven" : "outstanding";
}

static void add_time(struct buf *line, int64_t wall_ms)
{
	char text[CLOCK_RFC3339_BYTES] = "-";
	if (wall_ms >= 0)
		clock_rfc3339(text, wall_ms);
	buf_add_text(line, text);
}

static void add_uuid(struct buf *line, const struct uuid *uuid)
{
	char text[UUID_TEXT_LEN + 1];
	uuid_format(text, uuid);
	buf_add_text(line, text);
}

/* ---- for programs */

static void add_member(struct buf *line, const char *name, struct span text)
{
	buf_printf(line, ",\"%s\":", name);
	if (text.base)
		printable_add_json(line, text);
	else
		buf_add_text(line, "null");
}

static void add_uuid_member(struct buf *line, const char *name, bool has, const struct uuid *uuid)
{
	char text[UUID_TEXT_LEN + 1];
	if (has)
		uuid_format(text, uuid);
	add_member(line, name, has ? span_of(text) : SPAN_NONE);
}

/* Bytes that are no text are told as hexadecimal digits, for nothing to be lost. */
static void add_bytes_member(struct buf *line, const char *name, struct span bytes)
{
	if (!bytes.base || utf8_is_valid(bytes)) {
		add_member(line, name, bytes);
		return;
	}
	buf_printf(line, ",\"%s_hex\":\"", name);
	for (size_t i = 0; i < bytes.len; i++)
		buf_printf(line, "%02x", (unsigned char)bytes.base[i]);
	buf_add_char(line, '"');
}

static void add_json(
	const struct list *list, const struct dead_letter_found *found, struct buf *line)
{
	const struct dead_letter_view *view = found->view;
	const struct record *record = found->record;
	bool ours = view->kind == DEAD_LETTER_OF_OURS;
	buf_add_text(line, "{\"time\":\"");
	add_time(line, record->timestamp_ms);
	buf_add_char(line, '"');
	add_member(line, "state", span_of(state_of(found)));
	add_member(line, "reason", dead_letter_reason(view));
	/* What another has written may be anything. */
	bool tell = ours || list->show_values;
	add_member(line, "sqlstate", tell ? view->sqlstate : SPAN_NONE);
	add_member(line, "message", tell ? view->message : SPAN_NONE);
	buf_printf(line, ",\"attempts\":%lld", (long long)view->attempts);
	add_uuid_member(line, "event_id", view->has_id, &view->id);
	add_uuid_member(line, "business_id", view->has_business_id, &view->business_id);
	buf_printf(line, ",\"dead_letter\":{\"partition\":%d,\"offset\":%lld}", record->partition,
		(long long)record->offset);
	buf_add_text(line, ",\"from\":");
	if (ours) {
		buf_add_text(line, "{\"topic\":");
		printable_add_json(line, view->topic);
		buf_printf(line, ",\"partition\":%lld,\"offset\":%lld}", (long long)view->partition,
			(long long)view->offset);
	} else {
		buf_add_text(line, "null");
	}
	if (list->show_values) {
		add_bytes_member(line, "key", record->key);
		add_bytes_member(line, "value", record->value);
	}
	buf_add_text(line, "}\n");
}

/* ---- for people */

static void add_optional(struct buf *line, const char *before, struct span text)
{
	if (text.len == 0)
		return;
	buf_add_text(line, before);
	printable_add(line, text);
}

static void add_text(
	const struct list *list, const struct dead_letter_found *found, struct buf *line)
{
	const struct dead_letter_view *view = found->view;
	const struct record *record = found->record;
	add_time(line, record->timestamp_ms);
	buf_printf(line, "  %s  ", state_of(found));
	printable_add(line, dead_letter_reason(view));
	if (view->kind == DEAD_LETTER_OF_OURS || list->show_values) {
		add_optional(line, " ", view->sqlstate);
		add_optional(line, ": ", view->message);
	}
	buf_add_text(line, "\n    ");
	if (view->has_id) {
		buf_add_text(line, "event ");
		add_uuid(line, &view->id);
	} else {
		buf_add_text(line, "no event id");
	}
	if (view->has_business_id) {
		buf_add_text(line, ", business ");
		add_uuid(line, &view->business_id);
	}
	if (view->kind == DEAD_LETTER_OF_OURS) {
		add_optional(line, ", from ", view->topic);
		buf_printf(line, " %lld:%lld, attempt %lld", (long long)view->partition,
			(long long)view->offset, (long long)view->attempts);
	}
	buf_printf(line, ", at %d:%lld\n", record->partition, (long long)record->offset);
	if (list->show_values) {
		add_optional(line, "    key ", record->key);
		add_optional(line, "\n    value ", record->value);
		buf_add_char(line, '\n');
	}
}

static enum error list_found(
	void *user, const struct dead_letter_found *found, struct failure *failure)
{
	struct list *list = user;
	int64_t *counts = found->is_redriven ? list->redriven : list->outstanding;
	counts[reason_of(found->view)]++;
	if (list->summary)
		return OK;
	buf_clear(&list->line);
	if (list->json)
		add_json(list, found, &list->line);
	else
		add_text(list, found, &list->line);
	if (fwrite(list->line.base, 1, list->line.len, stdout) != list->line.len)
		return failure_set(failure, E_SYSTEM, "the list cannot be written: %m");
	return OK;
}

static enum error list_tick(void *user, int64_t read, int64_t total, struct failure *failure)
{
	(void)user;
	(void)read;
	(void)total;
	(void)failure;
	return OK;
}

static void print_summary(const struct list *list)
{
	int64_t outstanding = 0;
	int64_t redriven = 0;
	if (!list->json)
		(void)printf("%-14s %12s %12s\n", "reason", "outstanding", "redriven");
	for (unsigned i = 0; i < REASON_COUNT; i++) {
		if (list->outstanding[i] + list->redriven[i] == 0)
			continue;
		(void)printf(list->json ? "{\"reason\":\"%s\",\"outstanding\":%lld,\"redriven\":"
					  "%lld}\n"
					: "%-14s %12lld %12lld\n",
			reason_name(i), (long long)list->outstanding[i],
			(long long)list->redriven[i]);
		outstanding += list->outstanding[i];
		redriven += list->redriven[i];
	}
	if (!list->json)
		(void)printf("%-14s %12lld %12lld\n", "total", (long long)outstanding,
			(long long)redriven);
}

static int run(const struct worker_config *config, void *user)
{
	struct list *list = user;
	struct failure failure = {0};
	const struct dead_letter_visitor visitor = {list, list_found, list_tick};
	enum error error = dead_letter_scan(&config->kafka, &list->select, &visitor, &failure);
	buf_fini(&list->line);
	if (!error && (list->summary || !list->json))
		print_summary(list);
	if (!error && fflush(stdout) != 0)
		error = failure_set(&failure, E_SYSTEM, "the list cannot be written: %m");
	if (!error)
		return EXIT_DONE;
	(void)fprintf(stderr, "%s\n", failure.detail);
	return error == E_CONFIG ? EXIT_USAGE : EXIT_FAILED;
}

static enum error read_options(int argc, char **argv, struct list *list)
{
	struct dead_letter_options options = {.reason = NULL};
	struct failure failure = {0};
	const struct program_option known[] = {
		{.name = "--reason", .value = &options.reason},
		{.name = "--business", .value = &options.business},
		{.name = "--since", .value = &options.since},
		{.name = "--until", .value = &options.until},
		{.name = "--summary", .given = &list->summary},
		{.name = "--show-values", .given = &list->show_values},
		{.name = "--json", .given = &list->json},
		{.name = NULL},
	};
	enum error error = program_options(argc, argv, known);
	if (error)
		return error;
	error = dead_letter_select_read(&options, clock_wall_ms(), &list->select, &failure);
	if (error)
		(void)fprintf(stderr, "%s\n", failure.detail);
	return error;
}

int dead_letter_list_command(int argc, char **argv)
{
	struct list list = {.summary = false};
	if (read_options(argc, argv, &list))
		return EXIT_USAGE;
	return config_run(CONFIG_KAFKA, run, &list);
}
