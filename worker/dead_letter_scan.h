/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dead_letter_scan - walk through the dead letters that a command is about.
 *
 * Design notes. Which of them were redriven is written behind them, in the same partition. So the topic is
 * read twice: for those notes (a bit an offset is kept), then for the dead letters.
 */
#ifndef INTAKE_WORKER_DEAD_LETTER_SCAN_H
#define INTAKE_WORKER_DEAD_LETTER_SCAN_H

#include "shared/error.h"
#include "shared/kafka.h"
#include "worker/dead_letter_select.h"

/* One that is selected. Borrowed until the visit ends. */
struct dead_letter_found {
	const struct record *record;
	const struct dead_letter_view *view;
	bool is_redriven;
};

struct dead_letter_visitor {
	void *user;
	/* Called for each, partition by partition in any order. Other than OK ends the scan. */
	enum error (*found)(
		void *user, const struct dead_letter_found *found, struct failure *failure);
	/* Called now and then, records to come or not; `read` of at most `total` have been read. */
	enum error (*tick)(void *user, int64_t read, int64_t total, struct failure *failure);
};

/*
 * Visit what is selected of what the topic holds now.
 *
 * Returns: OK; as dead_letter_reader_open, dead_letter_reader_next and the visitor say.
 */
MUST_CHECK enum error dead_letter_scan(const struct kafka_settings *kafka,
	const struct dead_letter_select *select, const struct dead_letter_visitor *visitor,
	struct failure *failure);

#endif
