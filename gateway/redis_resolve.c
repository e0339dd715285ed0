/* SPDX-License-Identifier: Apache-2.0 */
/* redis_resolve - a name's addresses, without making the event loop wait for the resolver. */
#include "gateway/redis_resolve.h"

#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/ensure.h"
#include "shared/memory.h"

enum { PORT_BYTES = 6 };

struct redis_resolve {
	struct loop *loop;
	struct loop_task task;
	redis_resolved *done;
	void *user;
	char *host;
	uint16_t port;
	pthread_mutex_t mutex; /* of the two below */
	bool finished;         /* the task was posted */
	bool abandoned;
	int code; /* getaddrinfo's */
	struct redis_addresses addresses;
};

static void copy_addresses(const struct addrinfo *found, struct redis_addresses *addresses)
{
	addresses->count = 0;
	for (; found && addresses->count < REDIS_ADDRESSES_MOST; found = found->ai_next) {
		struct redis_address *address = &addresses->list[addresses->count++];
		memcpy(&address->storage, found->ai_addr, found->ai_addrlen);
		address->len = found->ai_addrlen;
	}
}

/* Returns getaddrinfo's code. */
static int look_up(const char *host, uint16_t port, int flags, struct redis_addresses *addresses)
{
	char port_text[PORT_BYTES];
	struct addrinfo *found = NULL;
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICSERV | flags,
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
	};
	(void)snprintf(port_text, sizeof(port_text), "%u", (unsigned)port);
	int code = getaddrinfo(host, port_text, &hints, &found);
	if (code)
		return code;
	copy_addresses(found, addresses);
	freeaddrinfo(found);
	return 0;
}

enum error redis_resolve_numeric(
	const char *host, uint16_t port, struct redis_addresses *ret_addresses)
{
	return look_up(host, port, AI_NUMERICHOST, ret_addresses) ? E_NOT_FOUND : OK;
}

static void resolve_free(struct redis_resolve *resolve)
{
	(void)pthread_mutex_destroy(&resolve->mutex);
	free(resolve->host);
	free(resolve);
}

/* In the loop. */
static void deliver(struct loop_task *task)
{
	struct redis_resolve *resolve =
		(struct redis_resolve *)((char *)task - offsetof(struct redis_resolve, task));
	/* The thread posts under the lock: behind it, it is done with all of this. */
	(void)pthread_mutex_lock(&resolve->mutex);
	bool abandoned = resolve->abandoned;
	(void)pthread_mutex_unlock(&resolve->mutex);
	if (!abandoned)
		resolve->done(resolve->user, &resolve->addresses,
			resolve->code ? gai_strerror(resolve->code) : NULL);
	resolve_free(resolve);
}

static void *run(void *user)
{
	struct redis_resolve *resolve = user;
	int code = look_up(resolve->host, resolve->port, 0, &resolve->addresses);
	(void)pthread_mutex_lock(&resolve->mutex);
	resolve->code = code;
	resolve->finished = true;
	bool abandoned = resolve->abandoned;
	if (!abandoned)
		loop_post(resolve->loop, &resolve->task);
	(void)pthread_mutex_unlock(&resolve->mutex);
	if (abandoned)
		resolve_free(resolve);
	return NULL;
}

struct redis_resolve *redis_resolve_start(
	struct loop *loop, const char *host, uint16_t port, redis_resolved *done, void *user)
{
	pthread_t thread;
	struct redis_resolve *resolve = memory_zeroed(1, sizeof(*resolve));
	resolve->loop = loop;
	resolve->task.run = deliver;
	resolve->done = done;
	resolve->user = user;
	resolve->host = memory_string(host);
	resolve->port = port;
	ensure(pthread_mutex_init(&resolve->mutex, NULL) == 0);
	if (pthread_create(&thread, NULL, run, resolve)) {
		resolve_free(resolve);
		return NULL;
	}
	(void)pthread_detach(thread);
	return resolve;
}

void redis_resolve_abandon(struct redis_resolve *resolve)
{
	if (!resolve)
		return;
	struct loop *loop = resolve->loop;
	(void)pthread_mutex_lock(&resolve->mutex);
	bool finished = resolve->finished;
	resolve->abandoned = true;
	(void)pthread_mutex_unlock(&resolve->mutex);
	if (finished)
		loop_run_posted(loop); /* frees it */
}
