/* SPDX-License-Identifier: Apache-2.0 */
/*
 * redis_link - one event loop's connection to Redis (or Valkey), kept up.
 *
 * Design notes. hiredis speaks the protocol here (and TLS, where it can); connecting, waiting and
 * giving up are ours, on a plain non-blocking redisContext in our own epoll. Its asynchronous context
 * would resolve names in the loop's thread, has no time-outs in 0.14, ends the process by an assert
 * when a server says something unasked, and costs an allocation a command.
 *
 * The socket is watched for input once; what a turn of the loop gathers goes out in one write at the
 * turn's end. An attempt to connect has OPEN_MS, from the look-up of the name to redis_link_ready;
 * after a failure the next one comes by itself, 50 ms to 1 s later.
 */
#ifndef INTAKE_GATEWAY_REDIS_LINK_H
#define INTAKE_GATEWAY_REDIS_LINK_H

#include <stdbool.h>

#include "gateway/redis_url.h"
#include "shared/loop.h"
#include "shared/span.h"

struct redis_link;

/* Redis's answer to one command. */
struct redis_answer {
	bool is_error;
	struct span
		text; /* of a string, a status or an error; borrowed; base NULL: something else */
};

/* An error's first word, as "OOM". Behind it some servers repeat what was sent to them: not for logs. */
struct span redis_answer_code(const struct redis_answer *answer);

/* Whom a link tells. All called in the loop's thread; by a function below only where it says so. */
struct redis_link_owner {
	/* Connected and logged in: commands are taken. The owner finds out whether Redis is of use. */
	void (*opened)(void *user);
	/* Of the oldest command without one. */
	void (*answered)(void *user, const struct redis_answer *answer);
	/* Not connected any more, or not even now: what has no answer gets none. reason: for people. */
	void (*closed)(void *user, const char *reason);
	void *user;
};

/* Whether this build can do rediss://: E_CONFIG with a sentence where it cannot. */
MUST_CHECK enum error redis_link_check(const struct redis_url *url, struct failure *failure);

/*
 * Begin to connect.
 *
 * Takes:   url - borrowed, checked; owner - copied.
 * Returns: owned, free with redis_link_free.
 */
struct redis_link *redis_link_new(
	struct loop *loop, const struct redis_url *url, const struct redis_link_owner *owner);

/* Tells nobody. Takes NULL too. Thread: the loop's once it runs no more. */
void redis_link_free(struct redis_link *link);

/*
 * Send a command at the end of this turn.
 *
 * Takes: command - in Redis' protocol, copied; only between `opened` and `closed`.
 */
void redis_link_send(struct redis_link *link, struct span command);

/* The owner found it to be of use; without this word it is closed OPEN_MS after the attempt began. */
void redis_link_ready(struct redis_link *link);

/* The owner found it to be of no use: close it, and try again later. Calls `closed`. */
void redis_link_fail(struct redis_link *link, const char *reason);

#endif
