/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dead_letter_view - what a record of the dead-letter topic says, whoever wrote it.
 *
 * Anybody with access can write there: every text is a stranger's, every header may be missing.
 */
#ifndef INTAKE_WORKER_DEAD_LETTER_VIEW_H
#define INTAKE_WORKER_DEAD_LETTER_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/arena.h"
#include "shared/error.h"
#include "shared/uuid.h"
#include "worker/record.h"

enum dead_letter_kind {
	DEAD_LETTER_OF_OURS,    /* it has a reason and says where it comes from */
	DEAD_LETTER_OF_OTHERS,  /* some other producer's */
	DEAD_LETTER_IS_REDRIVEN /* no dead letter, but a note that another was redriven */
};

struct dead_letter_view {
	enum dead_letter_kind kind;
	struct span reason; /* texts as they came, base NULL: there is none */
	struct span sqlstate;
	struct span message;
	struct span topic; /* where the record comes from */
	int64_t partition;
	int64_t offset;
	int64_t attempts; /* at least 1 */
	int64_t redriven; /* DEAD_LETTER_IS_REDRIVEN: the dead letter's offset in the same partition */

	bool has_id;
	struct uuid id; /* the event's */
	bool has_business_id;
	struct uuid business_id; /* the value's, or where that cannot be read, the key's */
	enum error error;        /* why the record is no valid event now; OK: it is one */
	struct failure failure;  /* the same in words */
};

/*
 * Read a record of the dead-letter topic.
 *
 * Takes:   record - borrowed; ret_view's texts point into it. arena - for decoding; the view needs
 *          nothing of it.
 */
void dead_letter_view_read(
	const struct record *record, struct arena *arena, struct dead_letter_view *ret_view);

#endif
