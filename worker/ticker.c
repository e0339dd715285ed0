/* SPDX-License-Identifier: Apache-2.0 */
/* ticker - a thread that does one thing, waits, and does it again. */
#include "worker/ticker.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "shared/clock.h"
#include "shared/ensure.h"
#include "shared/memory.h"

struct ticker {
	int64_t wait_ms;
	void (*tick)(void *user);
	void *user;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	bool stopping; /* under mutex */
};

static bool wait_for_next(struct ticker *ticker)
{
	const struct timespec until = clock_steady_after(ticker->wait_ms);
	int timed_out = 0;
	(void)pthread_mutex_lock(&ticker->mutex);
	while (!ticker->stopping && !timed_out)
		timed_out = pthread_cond_clockwait(
			&ticker->wake, &ticker->mutex, CLOCK_MONOTONIC, &until);
	bool goes_on = !ticker->stopping;
	(void)pthread_mutex_unlock(&ticker->mutex);
	return goes_on;
}

static void *run(void *user)
{
	struct ticker *ticker = user;
	do
		ticker->tick(ticker->user);
	while (wait_for_next(ticker));
	return NULL;
}

struct ticker *ticker_start(int64_t wait_ms, void (*tick)(void *user), void *user)
{
	struct ticker *ticker = memory_zeroed(1, sizeof(*ticker));
	ticker->wait_ms = wait_ms;
	ticker->tick = tick;
	ticker->user = user;
	ensure(pthread_mutex_init(&ticker->mutex, NULL) == 0);
	ensure(pthread_cond_init(&ticker->wake, NULL) == 0);
	ensure(pthread_create(&ticker->thread, NULL, run, ticker) == 0);
	return ticker;
}

void ticker_stop(struct ticker *ticker)
{
	if (!ticker)
		return;
	(void)pthread_mutex_lock(&ticker->mutex);
	ticker->stopping = true;
	(void)pthread_cond_signal(&ticker->wake);
	(void)pthread_mutex_unlock(&ticker->mutex);
	(void)pthread_join(ticker->thread, NULL);
	(void)pthread_cond_destroy(&ticker->wake);
	(void)pthread_mutex_destroy(&ticker->mutex);
	free(ticker);
}
