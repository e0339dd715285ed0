/* SPDX-License-Identifier: Apache-2.0 */
/* jobs - the settings page's work that blocks: a few threads, each with a store, and a queue. */
#include "gateway/settings/jobs.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "gateway/metrics.h"
#include "gateway/settings/store.h"
#include "shared/clock.h"
#include "shared/ensure.h"
#include "shared/log.h"
#include "shared/memory.h"

enum { LOG_EVERY_MS = 10 * 1000 };

struct jobs_thread {
	struct jobs *jobs;
	pthread_t thread;
	struct store *store;
	struct log_limit log_limit;
};

struct jobs {
	pthread_mutex_t lock;
	pthread_cond_t work; /* something waits, or stopping */
	struct job *first;
	struct job *last;
	size_t count;
	bool stopping;
	int64_t audit_days;
	int64_t sweep_at_ms; /* steady clock */
	struct jobs_thread threads[JOBS_THREADS];
};

static void run_done(struct loop_task *task)
{
	struct job *job = (struct job *)((char *)task - offsetof(struct job, task));
	job->done(job);
}

static void give_back(struct job *job, enum error error)
{
	job->error = error;
	job->task.run = run_done;
	loop_post(job->loop, &job->task);
}

/* Takes: lock held. */
static struct job *take(struct jobs *jobs)
{
	struct job *job = jobs->first;
	if (!job)
		return NULL;
	jobs->first = job->next;
	if (!jobs->first)
		jobs->last = NULL;
	jobs->count--;
	return job;
}

/* What is to be done next; false: stopping. Takes: ret_job - NULL: sweep. */
static bool wait_for_work(struct jobs *jobs, struct job **ret_job)
{
	int64_t left_ms;
	(void)pthread_mutex_lock(&jobs->lock);
	while ((left_ms = jobs->sweep_at_ms - clock_steady_ms()) > 0 && !jobs->stopping &&
		!jobs->first) {
		struct timespec until = clock_steady_after(left_ms);
		(void)pthread_cond_clockwait(&jobs->work, &jobs->lock, CLOCK_MONOTONIC, &until);
	}
	bool stopping = jobs->stopping;
	*ret_job = stopping || left_ms <= 0 ? NULL : take(jobs);
	if (left_ms <= 0)
		jobs->sweep_at_ms = clock_steady_ms() + JOBS_SWEEP_MS;
	(void)pthread_mutex_unlock(&jobs->lock);
	return !stopping;
}

static void log_failure(struct jobs_thread *self, const struct failure *failure)
{
	int64_t suppressed = log_limit_take(&self->log_limit, clock_steady_ms());
	if (suppressed >= 0)
		log_warn("settings.postgres_failed", log_text("error", error_name(failure->error)),
			log_text("detail", failure->detail), log_int("suppressed", suppressed));
}

static enum error sweep(struct jobs_thread *self, struct failure *failure)
{
	int64_t dropped = 0;
	enum error error = store_sweep(self->store, self->jobs->audit_days, &dropped, failure);
	metric_add(METRIC_SETTINGS_AUDIT_DROPPED, (uint64_t)dropped);
	return error;
}

/* Takes: job - NULL: sweep. Nobody else has it meanwhile. */
static enum error work(struct jobs_thread *self, struct job *job)
{
	struct failure failure = {.error = OK};
	enum error error = store_open(self->store, &failure);
	if (!error)
		error = job ? job->work(job, self->store, &failure) : sweep(self, &failure);
	if (failure.error)
		log_failure(self, &failure);
	return error;
}

static void *thread_main(void *user)
{
	struct jobs_thread *self = user;
	struct job *job;
	while (wait_for_work(self->jobs, &job)) {
		enum error error = work(self, job);
		if (job)
			give_back(job, error);
	}
	return NULL;
}

struct jobs *jobs_start(const char *database_url, int64_t audit_days)
{
	struct jobs *jobs = memory_zeroed(1, sizeof(*jobs));
	ensure(pthread_mutex_init(&jobs->lock, NULL) == 0);
	ensure(pthread_cond_init(&jobs->work, NULL) == 0);
	jobs->audit_days = audit_days;
	jobs->sweep_at_ms = clock_steady_ms() + JOBS_FIRST_SWEEP_MS;
	for (size_t i = 0; i < JOBS_THREADS; i++) {
		struct jobs_thread *self = &jobs->threads[i];
		self->jobs = jobs;
		self->log_limit.every_ms = LOG_EVERY_MS;
		self->store = store_new(database_url);
		ensure(pthread_create(&self->thread, NULL, thread_main, self) == 0);
	}
	return jobs;
}

void jobs_stop(struct jobs *jobs)
{
	struct job *job;
	(void)pthread_mutex_lock(&jobs->lock);
	jobs->stopping = true;
	(void)pthread_cond_broadcast(&jobs->work);
	(void)pthread_mutex_unlock(&jobs->lock);
	for (size_t i = 0; i < JOBS_THREADS; i++) {
		(void)pthread_join(jobs->threads[i].thread, NULL);
		store_free(jobs->threads[i].store);
	}
	while ((job = take(jobs)))
		give_back(job, E_OVERLOADED);
}

void jobs_free(struct jobs *jobs)
{
	if (!jobs)
		return;
	(void)pthread_cond_destroy(&jobs->work);
	(void)pthread_mutex_destroy(&jobs->lock);
	free(jobs);
}

enum error jobs_submit(struct jobs *jobs, struct job *job)
{
	enum error error = E_OVERLOADED;
	(void)pthread_mutex_lock(&jobs->lock);
	if (!jobs->stopping && jobs->count < JOBS_QUEUE_MOST) {
		job->next = NULL;
		if (jobs->last)
			jobs->last->next = job;
		else
			jobs->first = job;
		jobs->last = job;
		jobs->count++;
		(void)pthread_cond_signal(&jobs->work);
		error = E_PENDING;
	}
	(void)pthread_mutex_unlock(&jobs->lock);
	return error;
}

size_t jobs_count(struct jobs *jobs)
{
	(void)pthread_mutex_lock(&jobs->lock);
	size_t count = jobs->count;
	(void)pthread_mutex_unlock(&jobs->lock);
	return count;
}
