/* SPDX-License-Identifier: Apache-2.0 */
/* ticker - a thread that does one thing, waits, and does it again. For questions that block. */
#ifndef INTAKE_WORKER_TICKER_H
#define INTAKE_WORKER_TICKER_H

#include <stdint.h>

struct ticker;

/*
 * Begin. The first time is at once.
 *
 * Takes:   wait_ms - between the end of one time and the next. tick - on the ticker's thread, and to end within
 *          a bounded time. user - what tick gets, borrowed until ticker_stop has returned.
 * Returns: owned, end with ticker_stop.
 */
struct ticker *ticker_start(int64_t wait_ms, void (*tick)(void *user), void *user);

/* Waits for a tick that is under way. Takes NULL too. */
void ticker_stop(struct ticker *ticker);

#endif
