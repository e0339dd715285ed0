/* SPDX-License-Identifier: Apache-2.0 */
/* loop - one thread's event loop: file descriptors, deadlines, and work posted from other threads. */
#include "shared/loop.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "shared/clock.h"
#include "shared/ensure.h"
#include "shared/memory.h"

enum { LOOP_EVENTS = 256, LOOP_TURN_MS = 1000 };

struct loop {
	int epoll_fd;
	int64_t now_us;
	struct loop_deadlines *deadlines;
	struct epoll_event events[LOOP_EVENTS];
	int event_count;
	struct loop_task *deferred_first;
	struct loop_task *deferred_last;
	atomic_bool stopped;
	struct watchdog_member turns;
	struct loop_watch wake; /* an eventfd: something was posted */
	pthread_mutex_t mutex;  /* of the posted tasks */
	struct loop_task *posted_first;
	struct loop_task *posted_last;
};

static void read_clock(struct loop *loop)
{
	loop->now_us = clock_steady_us();
}

static void run_tasks(struct loop_task *task)
{
	while (task) {
		struct loop_task *next = task->next;
		task->run(task);
		task = next;
	}
}

static void on_posted(struct loop_watch *watch, uint32_t events)
{
	struct loop *loop = (struct loop *)((char *)watch - offsetof(struct loop, wake));
	uint64_t count;
	(void)events;
	ssize_t got = read(watch->fd, &count, sizeof(count));
	(void)got;
	pthread_mutex_lock(&loop->mutex);
	struct loop_task *task = loop->posted_first;
	loop->posted_first = loop->posted_last = NULL;
	pthread_mutex_unlock(&loop->mutex);
	run_tasks(task);
}

struct loop *loop_new(void)
{
	struct loop *loop = memory_zeroed(1, sizeof(*loop));
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	loop->wake = (struct loop_watch){
		.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
		.ready = on_posted,
	};
	ensure(loop->epoll_fd >= 0 && loop->wake.fd >= 0);
	ensure(pthread_mutex_init(&loop->mutex, NULL) == 0);
	ensure(loop_add(loop, &loop->wake, EPOLLIN) == OK);
	read_clock(loop);
	return loop;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	(void)close(loop->wake.fd);
	(void)close(loop->epoll_fd);
	(void)pthread_mutex_destroy(&loop->mutex);
	free(loop);
}

void loop_guard(struct loop *loop, struct watchdog *watchdog)
{
	watchdog_join(watchdog, &loop->turns);
}

static void wake(struct loop *loop)
{
	uint64_t one = 1;
	ssize_t written = write(loop->wake.fd, &one, sizeof(one));
	(void)written; /* full means that it is awake already */
}

void loop_stop(struct loop *loop)
{
	atomic_store(&loop->stopped, true);
	wake(loop);
}

void loop_post(struct loop *loop, struct loop_task *task)
{
	task->next = NULL;
	pthread_mutex_lock(&loop->mutex);
	bool first = !loop->posted_first;
	if (first)
		loop->posted_first = task;
	else
		loop->posted_last->next = task;
	loop->posted_last = task;
	pthread_mutex_unlock(&loop->mutex);
	if (first)
		wake(loop);
}

void loop_defer(struct loop *loop, struct loop_task *task)
{
	task->next = NULL;
	if (loop->deferred_first)
		loop->deferred_last->next = task;
	else
		loop->deferred_first = task;
	loop->deferred_last = task;
}

/* What these defer runs at the end of the next turn, which does not wait. */
static void run_deferred(struct loop *loop)
{
	struct loop_task *task = loop->deferred_first;
	loop->deferred_first = loop->deferred_last = NULL;
	run_tasks(task);
}

static void expire(struct loop *loop)
{
	for (struct loop_deadlines *list = loop->deadlines; list; list = list->next) {
		while (list->oldest && list->oldest->at_ms <= loop_now_ms(loop)) {
			struct loop_deadline *deadline = list->oldest;
			loop_disarm(deadline);
			list->expired(deadline);
		}
	}
}

static int wait_ms(const struct loop *loop)
{
	int64_t wait = loop->deferred_first ? 0 : LOOP_TURN_MS;
	for (struct loop_deadlines *list = loop->deadlines; list; list = list->next) {
		if (list->oldest && list->oldest->at_ms - loop_now_ms(loop) < wait)
			wait = list->oldest->at_ms - loop_now_ms(loop);
	}
	return wait < 0 ? 0 : (int)wait;
}

static void turn(struct loop *loop, int most_ms)
{
	int count = epoll_wait(loop->epoll_fd, loop->events, LOOP_EVENTS, most_ms);
	ensure(count >= 0 || errno == EINTR);
	read_clock(loop);
	watchdog_turned(&loop->turns, loop->now_us);
	loop->event_count = count < 0 ? 0 : count;
	for (int i = 0; i < loop->event_count; i++) {
		struct loop_watch *watch = loop->events[i].data.ptr;
		if (watch)
			watch->ready(watch, loop->events[i].events);
	}
	loop->event_count = 0;
	expire(loop);
	run_deferred(loop);
}

void loop_run(struct loop *loop)
{
	while (!atomic_load_explicit(&loop->stopped, memory_order_relaxed))
		turn(loop, wait_ms(loop));
	atomic_store(&loop->stopped, false);
}

void loop_turn(struct loop *loop)
{
	turn(loop, 0);
}

void loop_run_posted(struct loop *loop)
{
	on_posted(&loop->wake, EPOLLIN);
}

int64_t loop_now_ms(const struct loop *loop)
{
	return loop->now_us / CLOCK_US_PER_MS;
}

int64_t loop_now_us(const struct loop *loop)
{
	return loop->now_us;
}

enum error loop_add(struct loop *loop, struct loop_watch *watch, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = watch};
	return epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, watch->fd, &event) == 0 ? OK : E_SYSTEM;
}

enum error loop_change(struct loop *loop, struct loop_watch *watch, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = watch};
	return epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event) == 0 ? OK : E_SYSTEM;
}

void loop_remove(struct loop *loop, struct loop_watch *watch)
{
	(void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
	/* Its owner may be freed in this turn, with events of it still to come. */
	for (int i = 0; i < loop->event_count; i++) {
		if (loop->events[i].data.ptr == watch)
			loop->events[i].data.ptr = NULL;
	}
}

void loop_deadlines_init(struct loop *loop, struct loop_deadlines *list, int64_t length_ms,
	void (*expired)(struct loop_deadline *deadline))
{
	*list = (struct loop_deadlines){
		.loop = loop,
		.next = loop->deadlines,
		.length_ms = length_ms,
		.expired = expired,
	};
	loop->deadlines = list;
}

void loop_arm(struct loop_deadlines *list, struct loop_deadline *deadline)
{
	loop_disarm(deadline);
	deadline->list = list;
	deadline->at_ms = loop_now_ms(list->loop) + list->length_ms;
	deadline->older = list->newest;
	deadline->newer = NULL;
	if (list->newest)
		list->newest->newer = deadline;
	else
		list->oldest = deadline;
	list->newest = deadline;
}

void loop_disarm(struct loop_deadline *deadline)
{
	struct loop_deadlines *list = deadline->list;
	if (!list)
		return;
	if (deadline->older)
		deadline->older->newer = deadline->newer;
	else
		list->oldest = deadline->newer;
	if (deadline->newer)
		deadline->newer->older = deadline->older;
	else
		list->newest = deadline->older;
	*deadline = (struct loop_deadline){.list = NULL};
}
