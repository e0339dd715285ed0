/* SPDX-License-Identifier: Apache-2.0 */
/*
 * redis_resolve - a name's addresses, without making the event loop wait for the resolver.
 *
 * Design notes. getaddrinfo blocks for as long as the resolver pleases, so it runs in a thread of its
 * own, one a question. The thread is detached: whoever asked may end before it does, and then the
 * thread frees the question.
 */
#ifndef INTAKE_GATEWAY_REDIS_RESOLVE_H
#define INTAKE_GATEWAY_REDIS_RESOLVE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "shared/loop.h"

enum { REDIS_ADDRESSES_MOST = 8 };

struct redis_address {
	struct sockaddr_storage storage;
	socklen_t len;
};

struct redis_addresses {
	struct redis_address list[REDIS_ADDRESSES_MOST];
	size_t count;
};

struct redis_resolve;

/* Called in the loop's thread. Takes: addresses - borrowed; none: `problem` says why. */
typedef void redis_resolved(
	void *user, const struct redis_addresses *addresses, const char *problem);

/*
 * Takes:   host - copied.
 * Returns: owned until `done` was called or redis_resolve_abandon; NULL: no thread can be had.
 */
struct redis_resolve *redis_resolve_start(
	struct loop *loop, const char *host, uint16_t port, redis_resolved *done, void *user);

/*
 * `done` is not called any more. Takes NULL too.
 *
 * Thread: the loop's once it runs no more.
 */
void redis_resolve_abandon(struct redis_resolve *resolve);

/*
 * The address where `host` is one, as "10.0.0.7" or "::1".
 *
 * Returns: OK; E_NOT_FOUND: it is a name.
 */
MUST_CHECK enum error redis_resolve_numeric(
	const char *host, uint16_t port, struct redis_addresses *ret_addresses);

#endif
