/* SPDX-License-Identifier: Apache-2.0 */
/* test_jobs - work that blocks, handed to threads and back. */
#include "gateway/settings/jobs.h"

#include <semaphore.h>

#include "gateway/metrics.h"
#include "gateway/settings/store.h"
#include "shared/clock.h"
#include "tests/unit/test.h"

enum { AUDIT_DAYS = 365 };

static sem_t let_go;
static int done_count;
static int refused_count;

static enum error work(struct job *job, struct store *store, struct failure *failure)
{
	(void)job;
	(void)failure;
	ck_assert_ptr_nonnull(store);
	return E_NOT_FOUND;
}

static enum error work_that_waits(struct job *job, struct store *store, struct failure *failure)
{
	(void)job;
	(void)store;
	(void)failure;
	(void)sem_wait(&let_go);
	return OK;
}

static void done(struct job *job)
{
	done_count++;
	refused_count += job->error == E_OVERLOADED;
}

static struct jobs *start(void)
{
	gateway_metrics_init();
	return jobs_start("", AUDIT_DAYS);
}

static void end(struct jobs *jobs)
{
	jobs_free(jobs);
	metrics_fini();
}

static void turn_until(struct loop *loop, int count)
{
	while (done_count < count)
		loop_turn(loop);
}

START_TEST(a_job_comes_back_to_its_loop_with_what_it_returned)
{
	struct loop *loop = loop_new();
	struct jobs *jobs = start();
	struct job job = {.loop = loop, .work = work, .done = done};
	ck_assert_int_eq(jobs_submit(jobs, &job), E_PENDING);
	turn_until(loop, 1);
	ck_assert_int_eq(job.error, E_NOT_FOUND);
	jobs_stop(jobs);
	end(jobs);
	loop_free(loop);
}
END_TEST

START_TEST(a_full_queue_takes_no_more_and_a_stop_gives_all_back)
{
	enum { COUNT = JOBS_QUEUE_MOST + JOBS_THREADS };
	static struct job list[COUNT + 1];
	struct loop *loop = loop_new();
	struct jobs *jobs = start();
	(void)sem_init(&let_go, 0, 0);
	for (int i = 0; i <= COUNT; i++)
		list[i] = (struct job){.loop = loop, .work = work_that_waits, .done = done};
	for (int i = 0; i < JOBS_THREADS; i++)
		ck_assert_int_eq(jobs_submit(jobs, &list[i]), E_PENDING);
	while (jobs_count(jobs) > 0) /* until each thread has one */
		;
	for (int i = JOBS_THREADS; i < COUNT; i++)
		ck_assert_int_eq(jobs_submit(jobs, &list[i]), E_PENDING);
	ck_assert_uint_eq(jobs_count(jobs), JOBS_QUEUE_MOST);
	ck_assert_int_eq(jobs_submit(jobs, &list[COUNT]), E_OVERLOADED);
	for (int i = 0; i < COUNT; i++)
		(void)sem_post(&let_go);
	jobs_stop(jobs);
	loop_run_posted(loop);
	ck_assert_int_eq(done_count, COUNT);
	ck_assert_int_eq(jobs_submit(jobs, &list[COUNT]), E_OVERLOADED);
	end(jobs);
	loop_free(loop);
}
END_TEST

static struct jobs *busy_jobs;

static void submit_again(struct job *job)
{
	ck_assert_int_eq(jobs_submit(busy_jobs, job), E_PENDING);
}

START_TEST(threads_that_are_never_idle_sweep_too)
{
	enum { COUNT = JOBS_QUEUE_MOST / 2, SPARE_MS = 5000 };
	static struct job list[COUNT];
	struct loop *loop = loop_new();
	int64_t give_up_ms = clock_steady_ms() + JOBS_FIRST_SWEEP_MS + SPARE_MS;
	busy_jobs = start();
	for (int i = 0; i < COUNT; i++) {
		list[i] = (struct job){.loop = loop, .work = work, .done = submit_again};
		submit_again(&list[i]);
	}
	while (!metric_count(METRIC_SETTINGS_AUDIT_DROPPED) && clock_steady_ms() < give_up_ms)
		loop_turn(loop);
	for (int i = 0; i < COUNT; i++)
		list[i].done = done;
	jobs_stop(busy_jobs);
	loop_run_posted(loop);
	/* What the fake says that it dropped; one thread swept, and once. */
	ck_assert_uint_eq(metric_count(METRIC_SETTINGS_AUDIT_DROPPED), AUDIT_DAYS);
	end(busy_jobs);
	loop_free(loop);
}
END_TEST

TESTS("jobs", a_job_comes_back_to_its_loop_with_what_it_returned,
	a_full_queue_takes_no_more_and_a_stop_gives_all_back, threads_that_are_never_idle_sweep_too)
