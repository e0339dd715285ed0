/* SPDX-License-Identifier: Apache-2.0 */
/* arena - memory of one request or one batch: taken piece by piece, given back at once. */
#ifndef INTAKE_SHARED_ARENA_H
#define INTAKE_SHARED_ARENA_H

#include <stddef.h>

#include "shared/span.h"

struct arena_block;

/* All zero is an empty one that takes its blocks from the heap. */
struct arena {
	struct arena_block *blocks; /* owned, newest first */
	char *at;                   /* free bytes of the newest block */
	char *end;
	size_t block_bytes; /* 0: a default */
	size_t total_bytes; /* what the blocks take */
};

/* Frees all; leaves an empty one. */
void arena_fini(struct arena *arena);

/* Forgets what was handed out; keeps a block of the usual size for what comes. */
void arena_clear(struct arena *arena);

/* Aligned for any type, not zeroed; lives until the arena is cleared. Never NULL. */
void *arena_alloc(struct arena *arena, size_t size_bytes) __attribute__((alloc_size(2)));

/* A copy with a NUL behind it. */
struct span arena_copy(struct arena *arena, struct span bytes);

#endif
