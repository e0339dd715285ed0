/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_redis_url - any text as GATEWAY_REDIS_URL. */
#include <stdlib.h>

#include "gateway/redis_url.h"
#include "shared/ensure.h"
#include "shared/memory.h"
#include "shared/span.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct redis_url url;
	struct failure failure = {.detail = ""};
	char *text = memory_zeroed(1, size + 1);
	if (size)
		memcpy(text, data, size);
	if (redis_url_parse(text, &url, &failure) == OK) {
		ensure((url.host != NULL) != (url.path != NULL));
		ensure(!url.host || (url.host[0] && url.port > 0));
		ensure(!url.path || url.path[0] == '/');
		ensure(!url.user || url.password);
		ensure(url.database >= 0 && url.database <= REDIS_URL_DATABASE_MOST);
		redis_url_fini(&url);
	} else {
		ensure(failure.detail[0]);
	}
	free(text);
	return 0;
}
