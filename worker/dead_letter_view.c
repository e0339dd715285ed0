/* SPDX-License-Identifier: Apache-2.0 */
/* dead_letter_view - what a record of the dead-letter topic says, whoever wrote it. */
#include "worker/dead_letter_view.h"

#include <string.h>

#include "shared/event.h"
#include "worker/dead_letter.h"

enum { NUMBER_DIGITS = 18 }; /* whatever has more is no offset, and would not fit */

#define NO_NUMBER INT64_C(-1)

/* The last of that name. */
static struct span header(const struct record *record, const char *name)
{
	for (size_t i = record->header_count; i > 0; i--) {
		if (strcmp(record->headers[i - 1].name, name) == 0)
			return record->headers[i - 1].value;
	}
	return SPAN_NONE;
}

static int64_t number(struct span text)
{
	int64_t value = 0;
	if (text.len == 0 || text.len > NUMBER_DIGITS)
		return NO_NUMBER;
	for (size_t i = 0; i < text.len; i++) {
		if (text.base[i] < '0' || text.base[i] > '9')
			return NO_NUMBER;
		value = value * 10 + (text.base[i] - '0');
	}
	return value;
}

static void read_headers(const struct record *record, struct dead_letter_view *view)
{
	view->reason = header(record, DEAD_LETTER_REASON);
	view->sqlstate = header(record, DEAD_LETTER_SQLSTATE);
	view->message = header(record, DEAD_LETTER_MESSAGE);
	view->topic = header(record, DEAD_LETTER_TOPIC);
	view->partition = number(header(record, DEAD_LETTER_PARTITION));
	view->offset = number(header(record, DEAD_LETTER_OFFSET));
	view->redriven = number(header(record, DEAD_LETTER_REDRIVEN));
	view->attempts = number(header(record, DEAD_LETTER_ATTEMPTS));
	if (view->attempts < 1)
		view->attempts = 1;
	view->kind = DEAD_LETTER_OF_OTHERS;
	if (view->redriven >= 0 && view->redriven < record->offset)
		view->kind = DEAD_LETTER_IS_REDRIVEN;
	else if (view->reason.len > 0 && view->topic.len > 0 && view->offset >= 0)
		view->kind = DEAD_LETTER_OF_OURS;
}

static bool is_header_of_event(const char *name)
{
	return strncmp(name, "ce_", 3) == 0 || strcmp(name, "traceparent") == 0;
}

/* Whether the worker would take it: as consume reads a record. */
static void check_event(
	const struct record *record, struct arena *arena, struct dead_letter_view *view)
{
	struct event event;
	struct event_record read = {.key = record->key, .value = record->value};
	for (size_t i = 0; i < record->header_count && read.header_count < EVENT_HEADER_COUNT;
		i++) {
		if (is_header_of_event(record->headers[i].name))
			read.headers[read.header_count++] = (struct event_header){
				record->headers[i].name, record->headers[i].value};
	}
	view->error = event_decode(&read, arena, &event, &view->failure);
	if (!view->error) {
		view->has_business_id = true;
		view->business_id = event.business_id;
	}
}

/* The key is "<business_id>:<email>". */
static void read_key(struct span key, struct dead_letter_view *view)
{
	if (!view->has_business_id && key.len > UUID_TEXT_LEN && key.base[UUID_TEXT_LEN] == ':')
		view->has_business_id =
			uuid_parse(span_from(key.base, UUID_TEXT_LEN), &view->business_id);
}

void dead_letter_view_read(
	const struct record *record, struct arena *arena, struct dead_letter_view *ret_view)
{
	*ret_view = (struct dead_letter_view){.error = OK};
	read_headers(record, ret_view);
	ret_view->has_id = uuid_parse(header(record, "ce_id"), &ret_view->id);
	check_event(record, arena, ret_view);
	read_key(record->key, ret_view);
}
