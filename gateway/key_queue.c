/* SPDX-License-Identifier: Apache-2.0 */
/* key_queue - look-ups that wait, shared out fairly among the addresses that they came from. */
#include "gateway/key_queue.h"

#include <sodium.h>

void key_queue_init(struct key_queue *queue, size_t most)
{
	*queue = (struct key_queue){.most = most};
	randombytes_buf(queue->seed, sizeof(queue->seed));
}

static struct key_lane *lane_of(struct key_queue *queue, const struct key_lookup *lookup)
{
	struct key_address address = key_address_of(lookup->peer);
	return &queue->lanes[key_address_hash(&address, queue->seed) % KEY_QUEUE_LANES];
}

static struct key_lane *longest_lane(struct key_queue *queue)
{
	struct key_lane *longest = &queue->lanes[0];
	for (size_t i = 1; i < KEY_QUEUE_LANES; i++) {
		if (queue->lanes[i].count > longest->count)
			longest = &queue->lanes[i];
	}
	return longest;
}

static void lane_add(struct key_lane *lane, struct key_lookup *lookup)
{
	lookup->next = NULL;
	if (lane->last)
		lane->last->next = lookup;
	else
		lane->first = lookup;
	lane->last = lookup;
	lane->count++;
}

static struct key_lookup *lane_take(struct key_lane *lane)
{
	struct key_lookup *lookup = lane->first;
	lane->first = lookup->next;
	if (!lane->first)
		lane->last = NULL;
	lane->count--;
	return lookup;
}

/* The lane's turn comes last. */
static void append_lane(struct key_queue *queue, struct key_lane *lane)
{
	lane->next = NULL;
	if (queue->last)
		queue->last->next = lane;
	else
		queue->first = lane;
	queue->last = lane;
}

struct key_lookup *key_queue_add(struct key_queue *queue, struct key_lookup *lookup)
{
	struct key_lookup *displaced = NULL;
	struct key_lane *lane = lane_of(queue, lookup);
	if (queue->count == queue->most) {
		/* One longer than this lane has two at least: it stays among those that take turns. */
		struct key_lane *longest = longest_lane(queue);
		if (longest->count < lane->count + 2)
			return lookup;
		displaced = lane_take(longest);
		queue->count--;
	}
	if (lane->count == 0)
		append_lane(queue, lane);
	lane_add(lane, lookup);
	queue->count++;
	return displaced;
}

struct key_lookup *key_queue_take(struct key_queue *queue)
{
	struct key_lane *lane = queue->first;
	if (!lane)
		return NULL;
	queue->first = lane->next;
	if (!queue->first)
		queue->last = NULL;
	struct key_lookup *lookup = lane_take(lane);
	if (lane->count > 0)
		append_lane(queue, lane);
	queue->count--;
	return lookup;
}
