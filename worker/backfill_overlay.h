/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backfill_overlay - what a dry run would have written so far, contact by contact.
 *
 * Design notes. A contact is known by 128 bits of a keyed hash of its business and address, its values by
 * 64 bits each: a cell has one size, whatever senders send. One that is full takes no more, and the dry
 * run takes the contacts in several passes then, a share of them in each.
 */
#ifndef INTAKE_WORKER_BACKFILL_OVERLAY_H
#define INTAKE_WORKER_BACKFILL_OVERLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/event.h"
#include "worker/backfill_state.h"

struct backfill_overlay;

/* Takes: most_bytes - of memory, also while it grows. Returned owned, free with backfill_overlay_free. */
struct backfill_overlay *backfill_overlay_new(size_t most_bytes);

/* Takes NULL too. */
void backfill_overlay_free(struct backfill_overlay *overlay);

void backfill_overlay_clear(struct backfill_overlay *overlay);

/* Which of so many equal shares the event's contact is in, from 0. */
uint64_t backfill_overlay_share(
	const struct backfill_overlay *overlay, const struct event *event, uint64_t shares);

/* Takes: ret_state - all but `deleted` is set. Returns: false: nothing is known of the contact. */
bool backfill_overlay_get(const struct backfill_overlay *overlay, const struct event *event,
	struct backfill_state *ret_state);

/* Returns: false: it is full; the contact keeps what it had. */
MUST_CHECK bool backfill_overlay_put(struct backfill_overlay *overlay, const struct event *event,
	const struct backfill_state *state);

#endif
