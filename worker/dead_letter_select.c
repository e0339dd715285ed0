/* SPDX-License-Identifier: Apache-2.0 */
/* dead_letter_select - which dead letters a command is about: its options, and who they match. */
#include "worker/dead_letter_select.h"

#include <string.h>

#include "shared/buf.h"
#include "shared/program.h"
#include "worker/dead_reason.h"

/* What somebody else has written to the topic. */
#define FOREIGN "foreign"

static enum error read_reason(
	const char *text, struct dead_letter_select *select, struct failure *failure)
{
	struct buf names = {0};
	for (unsigned i = 0; i < DEAD_REASON_COUNT; i++) {
		const char *name = dead_reason_name((enum dead_reason)i);
		if (strcmp(name, text) == 0)
			select->reason = text;
		buf_printf(&names, "%s, ", name);
	}
	if (strcmp(text, FOREIGN) == 0)
		select->reason = text;
	if (!select->reason)
		(void)failure_set(
			failure, E_USAGE, "--reason: there are %s" FOREIGN, buf_text(&names));
	buf_fini(&names);
	return select->reason ? OK : E_USAGE;
}

static enum error read_moment(const char *option, const char *text, int64_t now_ms, bool *ret_has,
	int64_t *ret_ms, struct failure *failure)
{
	*ret_has = text != NULL;
	if (!text || program_moment(text, now_ms, ret_ms))
		return OK;
	return failure_set(failure, E_USAGE,
		"%s: must be a date, a time as 2026-01-31T12:00:00Z, or how long ago, as 90m, 24h "
		"or 7d",
		option);
}

enum error dead_letter_select_read(const struct dead_letter_options *options, int64_t now_ms,
	struct dead_letter_select *ret_select, struct failure *failure)
{
	struct dead_letter_select select = {.reason = NULL};
	enum error error = options->reason ? read_reason(options->reason, &select, failure) : OK;
	if (!error && options->business) {
		select.has_business_id =
			uuid_parse(span_of(options->business), &select.business_id);
		if (!select.has_business_id)
			error = failure_set(failure, E_USAGE, "--business: must be a UUID");
	}
	if (!error)
		error = read_moment("--since", options->since, now_ms, &select.has_since,
			&select.since_ms, failure);
	if (!error)
		error = read_moment("--until", options->until, now_ms, &select.has_until,
			&select.until_ms, failure);
	if (!error && select.has_since && select.has_until && select.since_ms >= select.until_ms)
		error = failure_set(failure, E_USAGE, "--since must be before --until");
	if (!error)
		*ret_select = select;
	return error;
}

bool dead_letter_select_is_narrow(const struct dead_letter_select *select)
{
	return select->reason || select->has_business_id || select->has_since || select->has_until;
}

struct span dead_letter_reason(const struct dead_letter_view *view)
{
	return view->kind == DEAD_LETTER_OF_OURS ? view->reason : SPAN(FOREIGN);
}

bool dead_letter_select_matches(const struct dead_letter_select *select,
	const struct record *record, const struct dead_letter_view *view)
{
	if (view->kind == DEAD_LETTER_IS_REDRIVEN)
		return false;
	if (select->reason && !span_equal(span_of(select->reason), dead_letter_reason(view)))
		return false;
	if (select->has_business_id && (!view->has_business_id || uuid_compare(&select->business_id,
									  &view->business_id) != 0))
		return false;
	return (!select->has_since || record->timestamp_ms >= select->since_ms) &&
	       (!select->has_until || record->timestamp_ms < select->until_ms);
}
