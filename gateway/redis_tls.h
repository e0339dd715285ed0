/* SPDX-License-Identifier: Apache-2.0 */
/*
 * redis_tls - what turns a connection to Redis into one over TLS.
 *
 * Two files have these functions: redis_tls.c where hiredis was built with TLS (Debian 13), and
 * redis_no_tls.c, which refuses. Certificates are checked against the system's, or SSL_CERT_FILE's,
 * and against the host's name or address.
 */
#ifndef INTAKE_GATEWAY_REDIS_TLS_H
#define INTAKE_GATEWAY_REDIS_TLS_H

#include "shared/error.h"

struct redisContext;
struct redis_tls;

/* Returns: OK, ret_tls owned, free with redis_tls_free; E_CONFIG with a sentence. */
MUST_CHECK enum error redis_tls_new(
	const char *host, struct redis_tls **ret_tls, struct failure *failure);

/* Takes NULL too. */
void redis_tls_free(struct redis_tls *tls);

/* Begin the handshake; reading and writing go on with it. E_SYSTEM: it cannot even begin. */
MUST_CHECK enum error redis_tls_begin(struct redis_tls *tls, struct redisContext *context);

/* Why this thread's last call failed, which hiredis does not say; static. NULL: not because of TLS. */
const char *redis_tls_problem(void);

#endif
