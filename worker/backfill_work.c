/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_work - what a process does for a job: its lanes lease partitions and replay them. */
#include "worker/backfill_work.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "shared/clock.h"
#include "shared/ensure.h"
#include "shared/memory.h"

enum {
	OTHERS_MS = 500, /* between looks whether others have left something */
	TICK_MS = 250,
	NAME_BYTES = 48,
};

/* What the lanes share. */
struct crew {
	const struct backfill_work *work;
	struct backfill_plan plan; /* the work's, with stop_fd */
	int stop_fd;               /* readable from stop_all on */
	struct uuid owner;         /* of leases: no other process's */

	pthread_mutex_t mutex;
	struct backfill_store *store;
	atomic_bool finished;
	atomic_bool cancelled;
	struct failure failure; /* the first */

	size_t started; /* lanes */
	atomic_size_t at_work;
};

struct member {
	pthread_t thread;
	struct crew *crew;
	char name[NAME_BYTES];
	struct backfill_lane lane;
	struct backfill_tally tally;
	struct backfill_notes bad;
};

static void stop_all(const struct crew *crew)
{
	const uint64_t one = 1;
	ensure(write(crew->stop_fd, &one, sizeof(one)) == (ssize_t)sizeof(one));
}

/* ---- a lane's thread */

static void note_slice(void *user, int32_t partition, const struct backfill_slice *slice)
{
	struct member *member = user;
	const struct backfill_work *work = member->crew->work;
	(void)partition;
	backfill_tally_add(&member->tally, slice);
	backfill_notes_bad(&member->bad, slice->batch, work->job, work->json);
}

static enum error lease(
	struct member *member, struct backfill_lease *ret_lease, struct failure *failure)
{
	struct crew *crew = member->crew;
	pthread_mutex_lock(&crew->mutex);
	enum error error =
		backfill_job_lease(crew->store, crew->work->job, &crew->owner, ret_lease, failure);
	pthread_mutex_unlock(&crew->mutex);
	return error;
}

static void give_back(struct member *member, const struct backfill_lease *lease)
{
	struct crew *crew = member->crew;
	if (lease->next >= lease->to)
		return;
	pthread_mutex_lock(&crew->mutex);
	backfill_job_release(crew->store, lease);
	pthread_mutex_unlock(&crew->mutex);
}

/* Why a lane ends; the first failure ends the others. */
static void end(struct crew *crew, enum error error, const struct failure *failure)
{
	pthread_mutex_lock(&crew->mutex);
	if (error == E_CANCELLED) {
		crew->cancelled = true;
	} else if (!crew->failure.error) {
		crew->failure = *failure;
		stop_all(crew);
	}
	pthread_mutex_unlock(&crew->mutex);
}

/* Returns: whether there may be more to do. */
static bool work_partition(struct member *member, struct failure *failure)
{
	struct crew *crew = member->crew;
	struct backfill_lease leased;
	enum error error = lease(member, &leased, failure);
	if (error == E_NOT_FOUND) {
		crew->finished = true;
		return false;
	}
	if (error == E_PENDING) {
		(void)backfill_plan_is_stopped(&crew->plan, OTHERS_MS);
		return true;
	}
	if (!error) {
		error = backfill_lane_run(&member->lane, &leased, failure);
		give_back(member, &leased);
	}
	/* Another process has it now, or the job was cancelled: the next lease tells. */
	if (!error || error == E_PENDING)
		return true;
	end(crew, error, failure);
	return false;
}

static void *member_main(void *user)
{
	struct member *member = user;
	struct crew *crew = member->crew;
	const struct backfill_lane_hooks hooks = {.on_slice = note_slice, .user = member};
	struct failure failure = {.error = OK};
	enum error error =
		backfill_lane_open(&member->lane, &crew->plan, &hooks, member->name, &failure);
	if (error)
		end(crew, error, &failure);
	while (!error && !backfill_plan_is_stopped(&crew->plan, 0) &&
		work_partition(member, &failure))
		;
	backfill_lane_close(&member->lane);
	atomic_fetch_sub(&crew->at_work, 1);
	return NULL;
}

/* ---- all lanes */

static enum error start(struct crew *crew, struct member *members, struct failure *failure)
{
	for (size_t i = 0; i < crew->work->lanes; i++) {
		struct member *member = &members[i];
		member->crew = crew;
		(void)snprintf(
			member->name, sizeof(member->name), "intake-worker backfill %zu", i + 1);
		atomic_fetch_add(&crew->at_work, 1);
		if (pthread_create(&member->thread, NULL, member_main, member) != 0) {
			atomic_fetch_sub(&crew->at_work, 1);
			return failure_set(failure, E_SYSTEM, "no thread: %m");
		}
		crew->started++;
	}
	return OK;
}

static void watch(struct crew *crew)
{
	struct pollfd signals = {.fd = crew->work->plan.signal_fd, .events = POLLIN};
	while (atomic_load(&crew->at_work) > 0) {
		if (poll(&signals, 1, TICK_MS) > 0) {
			stop_all(crew);
			signals.fd = -1;
		}
		crew->work->tick(crew->work->user);
	}
}

static void collect(struct backfill_work *work, struct crew *crew, struct member *members)
{
	for (size_t i = 0; i < crew->started; i++) {
		ensure(pthread_join(members[i].thread, NULL) == 0);
		backfill_tally_merge(&work->tally, &members[i].tally);
		backfill_notes_merge(&work->bad, &members[i].bad);
		backfill_tally_fini(&members[i].tally);
		backfill_notes_fini(&members[i].bad);
	}
	work->finished = crew->finished;
	work->cancelled = crew->cancelled;
}

static enum error run(struct backfill_work *work, struct crew *crew, struct failure *failure)
{
	struct member *members = memory_zeroed(work->lanes, sizeof(*members));
	enum error error = start(crew, members, failure);
	if (error)
		stop_all(crew);
	watch(crew);
	collect(work, crew, members);
	free(members);
	if (!error && crew->failure.error) {
		*failure = crew->failure;
		error = failure->error;
	}
	return error;
}

enum error backfill_work_run(struct backfill_work *work, struct failure *failure)
{
	struct crew crew = {.work = work, .plan = work->plan, .owner = uuid7_new(clock_wall_ns())};
	const struct worker_config *config = work->plan.config;
	crew.stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (crew.stop_fd < 0)
		return failure_set(failure, E_SYSTEM, "no eventfd: %m");
	crew.plan.signal_fd = crew.stop_fd;
	ensure(pthread_mutex_init(&crew.mutex, NULL) == 0);
	enum error error = backfill_store_open(config->postgres.url,
		(int)config->worker.statement_timeout_ms, &crew.store, failure);
	if (!error)
		error = run(work, &crew, failure);
	backfill_store_close(crew.store);
	(void)pthread_mutex_destroy(&crew.mutex);
	(void)close(crew.stop_fd);
	return error;
}

void backfill_work_fini(struct backfill_work *work)
{
	backfill_tally_fini(&work->tally);
	backfill_notes_fini(&work->bad);
}
