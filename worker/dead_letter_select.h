/* SPDX-License-Identifier: Apache-2.0 */
/* dead_letter_select - which dead letters a command is about: its options, and who they match. */
#ifndef INTAKE_WORKER_DEAD_LETTER_SELECT_H
#define INTAKE_WORKER_DEAD_LETTER_SELECT_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/error.h"
#include "worker/dead_letter_view.h"
#include "worker/record.h"

/* As they were given; NULL: not. */
struct dead_letter_options {
	const char *reason;
	const char *business;
	const char *since;
	const char *until;
};

/* All zero selects all. */
struct dead_letter_select {
	const char *reason; /* borrowed; NULL: any */
	bool has_business_id;
	struct uuid business_id;
	bool has_since;
	bool has_until;
	int64_t since_ms; /* when it was written to the dead letters: from this moment on */
	int64_t until_ms; /* and before this one */
};

/* For --help, of both commands. */
#define DEAD_LETTER_SELECT_ARGUMENT "[--reason R] [--business ID] [--since T] [--until T]"
#define DEAD_LETTER_SELECT_HELP                                                                    \
	"  --reason R     only dead letters of that reason (README, Dead letters)\n"               \
	"  --business ID  only those of that business\n"                                           \
	"  --since T      only those written at T or later: a date, 2026-01-31T12:00:00Z,\n"       \
	"                 or how long ago: 90m, 24h, 7d\n"                                         \
	"  --until T      only those written before T\n"

/*
 * Understand the options.
 *
 * Takes:   options - borrowed, as long as the selection lives. now_ms - wall clock.
 * Returns: OK; E_USAGE with the sentence.
 */
MUST_CHECK enum error dead_letter_select_read(const struct dead_letter_options *options,
	int64_t now_ms, struct dead_letter_select *ret_select, struct failure *failure);

/* Whether any option was given. */
bool dead_letter_select_is_narrow(const struct dead_letter_select *select);

/* Takes: view - of the record. A note that another was redriven matches nothing. */
bool dead_letter_select_matches(const struct dead_letter_select *select,
	const struct record *record, const struct dead_letter_view *view);

/* The name that lists and filters have for its reason: the header's, or "foreign". Borrowed. */
struct span dead_letter_reason(const struct dead_letter_view *view);

#endif
