/* SPDX-License-Identifier: Apache-2.0 */
/* business_set - the businesses that a backfill is about. */
#ifndef INTAKE_WORKER_BUSINESS_SET_H
#define INTAKE_WORKER_BUSINESS_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/buf.h"
#include "shared/program.h"
#include "shared/span.h"
#include "shared/uuid.h"

/* All zero is an empty one: all businesses. */
struct business_set {
	struct uuid ids[PROGRAM_LIST_MOST]; /* in order */
	size_t count;
};

/* Add one; what is there already stays. False: it is not a UUID, or they are too many. */
bool business_set_add(struct business_set *set, struct span text);

/* Read what business_set_write has written. False: something else has. */
bool business_set_read(struct span text, struct business_set *ret_set);

/* Add them in order, with commas between. */
void business_set_write(const struct business_set *set, struct buf *out);

/* Whether its events are meant. */
bool business_set_has(const struct business_set *set, const struct uuid *id);

#endif
