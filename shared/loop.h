/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop - one thread's event loop: file descriptors, deadlines, and work posted from other threads.
 *
 * Everything but loop_post and loop_stop is for the loop's own thread.
 */
#ifndef INTAKE_SHARED_LOOP_H
#define INTAKE_SHARED_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/error.h"
#include "shared/watchdog.h"

struct loop;

/* A descriptor of interest; embedded in its owner. */
struct loop_watch {
	int fd;
	void (*ready)(struct loop_watch *watch, uint32_t events); /* events: EPOLL* */
};

/* Work handed to the loop, from another thread or for later; embedded in what it is about. */
struct loop_task {
	struct loop_task *next;
	void (*run)(struct loop_task *task);
};

/* A moment by which something must have happened; embedded in its owner; all zero is unarmed. */
struct loop_deadline {
	struct loop_deadline *older;
	struct loop_deadline *newer;
	struct loop_deadlines *list; /* NULL: not armed */
	int64_t at_ms;
};

/* Deadlines that all have the same length, so that arming one is appending to a list. */
struct loop_deadlines {
	struct loop *loop;
	struct loop_deadlines *next;
	int64_t length_ms;
	void (*expired)(struct loop_deadline *deadline); /* already disarmed */
	struct loop_deadline *oldest;
	struct loop_deadline *newest;
};

/* Returned owned, free with loop_free; aborts where the system gives no epoll. */
struct loop *loop_new(void);
void loop_free(struct loop *loop);

/* A loop that does not turn is told by the watchdog's silence. Before it runs. Takes NULL too. */
void loop_guard(struct loop *loop, struct watchdog *watchdog);

/* Run until loop_stop; may be run again then. */
void loop_run(struct loop *loop);

/* Do what can be done now, without waiting. For tests, which own the time. */
void loop_turn(struct loop *loop);

/* Run what was posted, and nothing else. For a loop that does not run any more. */
void loop_run_posted(struct loop *loop);

/* Thread: any. */
void loop_stop(struct loop *loop);

/* Thread: any. The task runs in the loop's thread, once, soon; it is borrowed until then. */
void loop_post(struct loop *loop, struct loop_task *task);

/*
 * Run the task once at the end of this turn, when all that was ready has been served: what a turn has
 * gathered goes out in one system call.
 *
 * Takes: task - borrowed until it runs; not deferred already.
 */
void loop_defer(struct loop *loop, struct loop_task *task);

/* Steady clock in ms and us, read once a turn. */
int64_t loop_now_ms(const struct loop *loop);
int64_t loop_now_us(const struct loop *loop);

/* events: EPOLLIN ... as epoll_ctl takes them. */
MUST_CHECK enum error loop_add(struct loop *loop, struct loop_watch *watch, uint32_t events);
MUST_CHECK enum error loop_change(struct loop *loop, struct loop_watch *watch, uint32_t events);
void loop_remove(struct loop *loop, struct loop_watch *watch);

/* Takes: list - owned by the caller, lives as long as the loop. */
void loop_deadlines_init(struct loop *loop, struct loop_deadlines *list, int64_t length_ms,
	void (*expired)(struct loop_deadline *deadline));

/* Arm it anew, `list->length_ms` from now. */
void loop_arm(struct loop_deadlines *list, struct loop_deadline *deadline);
void loop_disarm(struct loop_deadline *deadline);

#endif
