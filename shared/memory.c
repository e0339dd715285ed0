/* SPDX-License-Identifier: Apache-2.0 */
/* memory - allocation that does not fail, and the assert that stays on. */
#include "shared/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/ensure.h"

void ensure_failed(const char *file, int line, const char *condition)
{
	(void)fprintf(stderr, "level=error event=program.bug at=%s:%d expected=\"%s\"\n", file,
		line, condition);
	abort();
}

static void *or_abort(void *pointer)
{
	if (!pointer) {
		(void)fputs("level=error event=memory.exhausted\n", stderr);
		abort();
	}
	return pointer;
}

void *memory_zeroed(size_t count, size_t size_bytes)
{
	return or_abort(calloc(count ? count : 1, size_bytes ? size_bytes : 1));
}

void *memory_alloc(size_t size_bytes)
{
	return or_abort(malloc(size_bytes ? size_bytes : 1));
}

void *memory_resize(void *old, size_t size_bytes)
{
	return or_abort(realloc(old, size_bytes ? size_bytes : 1));
}

char *memory_string(const char *text)
{
	return or_abort(strdup(text));
}
