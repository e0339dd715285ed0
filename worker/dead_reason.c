/* SPDX-License-Identifier: Apache-2.0 */
/* dead_reason - why a record can never be applied. */
#include "worker/dead_reason.h"

#include "shared/ensure.h"

static const struct {
	const char *name;
	enum error error;
} reasons[DEAD_REASON_COUNT] = {
#define X(id, name, code, sentence) [id] = {name, code},
	DEAD_REASONS(X)
#undef X
};

const char *dead_reason_name(enum dead_reason reason)
{
	ensure(reason < DEAD_REASON_COUNT);
	return reasons[reason].name;
}

enum dead_reason dead_reason_of(enum error error)
{
	unsigned reason = 0;
	while (reason < DEAD_REASON_COUNT && reasons[reason].error != error)
		reason++;
	ensure(reason < DEAD_REASON_COUNT);
	return (enum dead_reason)reason;
}
