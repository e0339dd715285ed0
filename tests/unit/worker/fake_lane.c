/* SPDX-License-Identifier: Apache-2.0 */
/* fake_lane - lanes without a thread or a database, linked in place of worker/lane. */
#include "tests/unit/worker/fake_lane.h"

#include <stdlib.h>

#include "shared/ensure.h"
#include "shared/memory.h"

struct lane {
	struct batch *waiting;
	struct batch *current;
	struct batch *finished;
};

struct lane *fake_lane_new(void)
{
	return memory_zeroed(1, sizeof(struct lane));
}

void fake_lane_free(struct lane *lane)
{
	batch_free(lane->waiting);
	batch_free(lane->current);
	batch_free(lane->finished);
	free(lane);
}

void fake_lane_begin(struct lane *lane)
{
	ensure(lane->waiting && !lane->current);
	lane->current = lane->waiting;
	lane->waiting = NULL;
}

void fake_lane_finish(struct lane *lane)
{
	ensure(lane->current && !lane->finished);
	lane->finished = lane->current;
	lane->current = NULL;
	lane->finished->outcome.inserted = lane->finished->row_count;
}

void fake_lane_finish_after(struct lane *lane, int64_t statement_us)
{
	fake_lane_finish(lane);
	lane->finished->outcome.slowest_us = statement_us;
}

const struct batch *fake_lane_waiting(const struct lane *lane)
{
	return lane->waiting;
}

enum lane_state lane_state(struct lane *lane)
{
	if (lane->waiting)
		return LANE_FULL;
	return lane->current ? LANE_BUSY : LANE_IDLE;
}

bool lane_is_working(const struct lane *lane)
{
	(void)lane;
	return true;
}

void lane_forget(struct lane *lane, int32_t partition)
{
	(void)lane;
	(void)partition;
}

size_t lane_parked(const struct lane *lane)
{
	(void)lane;
	return 0;
}

bool lane_has_parked(struct lane *lane, int32_t partition)
{
	(void)lane;
	(void)partition;
	return false;
}

void lane_hand(struct lane *lane, struct batch *batch)
{
	ensure(!lane->waiting);
	lane->waiting = batch;
}

struct batch *lane_withdraw(struct lane *lane)
{
	struct batch *batch = lane->waiting;
	lane->waiting = NULL;
	return batch;
}

struct batch *lane_collect(struct lane *lane)
{
	struct batch *batch = lane->finished;
	lane->finished = NULL;
	return batch;
}
