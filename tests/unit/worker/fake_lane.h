/* SPDX-License-Identifier: Apache-2.0 */
/* fake_lane - lanes without a thread or a database, linked in place of worker/lane. */
#ifndef INTAKE_TESTS_FAKE_LANE_H
#define INTAKE_TESTS_FAKE_LANE_H

#include "worker/lane.h"

/* Returned owned, free with fake_lane_free. */
struct lane *fake_lane_new(void);
void fake_lane_free(struct lane *lane);

/* What waits is begun with. */
void fake_lane_begin(struct lane *lane);

/* What is in flight is finished. */
void fake_lane_finish(struct lane *lane);

/* The same, well, after a statement of statement_us. */
void fake_lane_finish_after(struct lane *lane, int64_t statement_us);

/* Borrowed; NULL: none. */
const struct batch *fake_lane_waiting(const struct lane *lane);

#endif
