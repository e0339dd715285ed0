/* SPDX-License-Identifier: Apache-2.0 */
/*
 * redis_url - where Redis is and how to log in.
 *
 *	redis://[[user]:password@]host[:port][/db]      rediss:// the same over TLS
 *	unix:[//[[user]:password@]]/path[?db=N]
 *
 * User, password and path may have %XX in them.
 */
#ifndef INTAKE_GATEWAY_REDIS_URL_H
#define INTAKE_GATEWAY_REDIS_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/error.h"

enum { REDIS_URL_PATH_MOST = 107, REDIS_URL_DATABASE_MOST = 65535 };

/* Free with redis_url_fini. */
struct redis_url {
	bool tls;
	char *host; /* a name or an address, without brackets; NULL: a socket at `path` */
	uint16_t port;
	char *path;
	char *user;     /* NULL: the default one */
	char *password; /* secret; NULL: none */
	int database;
};

/*
 * Returns: OK with ret_url filled; E_CONFIG with a sentence that repeats nothing of the text, which
 *          may hold a password.
 */
MUST_CHECK enum error redis_url_parse(
	const char *text, struct redis_url *ret_url, struct failure *failure);

/* Wipes the password. Takes an all-zero one too. */
void redis_url_fini(struct redis_url *url);

#endif
