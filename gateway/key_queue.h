/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_queue - look-ups that wait, shared out fairly among the addresses that they came from.
 *
 * Design notes. Each address has a lane (a few share one, which ones is chance), and lanes take turns:
 * whoever fills a lane waits behind itself, everybody else behind one look-up of each lane. A full
 * queue makes room at the cost of its longest lane.
 */
#ifndef INTAKE_GATEWAY_KEY_QUEUE_H
#define INTAKE_GATEWAY_KEY_QUEUE_H

#include <stddef.h>

#include "gateway/key_address.h"
#include "gateway/key_lookup.h"

enum { KEY_QUEUE_LANES = 256 };

struct key_lane {
	struct key_lookup *first;
	struct key_lookup *last;
	size_t count;
	struct key_lane *next; /* whose turn is after this one's */
};

/* Thread: the owner's lock. */
struct key_queue {
	struct key_lane lanes[KEY_QUEUE_LANES];
	struct key_lane *first; /* of those that are not empty, in turn */
	struct key_lane *last;
	size_t count;
	size_t most;
	uint8_t seed[KEY_ADDRESS_SEED_BYTES];
};

void key_queue_init(struct key_queue *queue, size_t most);

/*
 * Returns: NULL: it waits; else a look-up that waits no more, for the caller to refuse: this one, or
 *          the oldest of an address that has more in the full queue.
 */
MUST_CHECK struct key_lookup *key_queue_add(struct key_queue *queue, struct key_lookup *lookup);

/* The next in turn; NULL: none waits. */
struct key_lookup *key_queue_take(struct key_queue *queue);

#endif
