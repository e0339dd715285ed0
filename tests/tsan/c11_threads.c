/* SPDX-License-Identifier: Apache-2.0 */
/*
 * c11_threads - C11 threads as POSIX threads, which the thread sanitizer knows.
 *
 * librdkafka starts its threads by thrd_create and locks by mtx_lock; gcc's sanitizer intercepts
 * neither, and crashes in the first thread it has not seen start. Linked into the programs in the tsan
 * preset; glibc's thrd_t, mtx_t and cnd_t are the POSIX types.
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

struct start {
	thrd_start_t function;
	void *argument;
};

static void *run(void *user)
{
	struct start start = *(struct start *)user;
	free(user);
	return (void *)(intptr_t)start.function(start.argument);
}

static int result_of(int error)
{
	if (error == ETIMEDOUT)
		return thrd_timedout;
	return error ? thrd_error : thrd_success;
}

int thrd_create(thrd_t *thread, thrd_start_t function, void *argument)
{
	struct start *start = malloc(sizeof(*start));
	if (!start)
		return thrd_nomem;
	*start = (struct start){function, argument};
	return result_of(pthread_create((pthread_t *)thread, NULL, run, start));
}

int thrd_join(thrd_t thread, int *result)
{
	void *returned = NULL;
	int error = pthread_join((pthread_t)thread, &returned);
	if (!error && result)
		*result = (int)(intptr_t)returned;
	return result_of(error);
}

int mtx_lock(mtx_t *mutex)
{
	return result_of(pthread_mutex_lock((pthread_mutex_t *)mutex));
}

int mtx_unlock(mtx_t *mutex)
{
	return result_of(pthread_mutex_unlock((pthread_mutex_t *)mutex));
}

int cnd_wait(cnd_t *condition, mtx_t *mutex)
{
	return result_of(pthread_cond_wait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex));
}

int cnd_timedwait(cnd_t *condition, mtx_t *mutex, const struct timespec *until)
{
	return result_of(pthread_cond_timedwait(
		(pthread_cond_t *)condition, (pthread_mutex_t *)mutex, until));
}

int cnd_signal(cnd_t *condition)
{
	return result_of(pthread_cond_signal((pthread_cond_t *)condition));
}

int cnd_broadcast(cnd_t *condition)
{
	return result_of(pthread_cond_broadcast((pthread_cond_t *)condition));
}
