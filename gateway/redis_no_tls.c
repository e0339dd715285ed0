/* SPDX-License-Identifier: Apache-2.0 */
/* redis_no_tls - for a hiredis that was built without TLS. */
#include "gateway/redis_tls.h"

#include <stddef.h>

enum error redis_tls_new(const char *host, struct redis_tls **ret_tls, struct failure *failure)
{
	(void)host;
	(void)ret_tls;
	return failure_set(failure, E_CONFIG,
		"rediss:// needs a hiredis with TLS (Debian 13 has one), which this build lacks");
}

void redis_tls_free(struct redis_tls *tls)
{
	(void)tls;
}

const char *redis_tls_problem(void)
{
	return NULL;
}

enum error redis_tls_begin(struct redis_tls *tls, struct redisContext *context)
{
	(void)tls;
	(void)context;
	return E_SYSTEM;
}
