/* SPDX-License-Identifier: Apache-2.0 */
/* fake_store - in the place of gateway/settings/store: no Postgres, always well. */
#include <stdlib.h>

#include "gateway/settings/store.h"
#include "shared/memory.h"

struct store {
	char unused;
};

struct store *store_new(const char *url)
{
	(void)url;
	return memory_zeroed(1, sizeof(struct store));
}

void store_free(struct store *store)
{
	free(store);
}

enum error store_open(struct store *store, struct failure *failure)
{
	(void)store;
	(void)failure;
	return OK;
}

enum error store_sweep(
	struct store *store, int64_t audit_days, int64_t *ret_dropped, struct failure *failure)
{
	(void)store;
	(void)failure;
	*ret_dropped = audit_days;
	return OK;
}
