/* SPDX-License-Identifier: Apache-2.0 */
/* arena - memory of one request or one batch: taken piece by piece, given back at once. */
#include "shared/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>

#include "shared/ensure.h"
#include "shared/memory.h"

enum { ARENA_BLOCK_BYTES = 4096 };

struct arena_block {
	struct arena_block *older;
	size_t size_bytes;
	alignas(max_align_t) char bytes[];
};

static void arena_grow(struct arena *arena, size_t size_bytes)
{
	size_t room = arena->block_bytes ? arena->block_bytes : ARENA_BLOCK_BYTES;
	if (room < size_bytes)
		room = size_bytes;
	struct arena_block *block = memory_alloc(sizeof(*block) + room);
	block->older = arena->blocks;
	block->size_bytes = room;
	arena->blocks = block;
	arena->at = block->bytes;
	arena->end = block->bytes + room;
	arena->total_bytes += room;
}

static void free_from(struct arena_block *block)
{
	while (block) {
		struct arena_block *older = block->older;
		free(block);
		block = older;
	}
}

void arena_fini(struct arena *arena)
{
	free_from(arena->blocks);
	*arena = (struct arena){.block_bytes = arena->block_bytes};
}

void arena_clear(struct arena *arena)
{
	struct arena_block *newest = arena->blocks;
	size_t usual = arena->block_bytes ? arena->block_bytes : ARENA_BLOCK_BYTES;
	if (!newest)
		return;
	if (newest->size_bytes > usual) {
		arena_fini(arena); /* a piece larger than usual was asked for: not to be kept */
		return;
	}
	free_from(newest->older);
	newest->older = NULL;
	arena->at = newest->bytes;
	arena->end = newest->bytes + newest->size_bytes;
	arena->total_bytes = newest->size_bytes;
}

void *arena_alloc(struct arena *arena, size_t size_bytes)
{
	size_t rounded = (size_bytes + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	ensure(rounded >= size_bytes);
	if ((size_t)(arena->end - arena->at) < rounded || !arena->at)
		arena_grow(arena, rounded ? rounded : alignof(max_align_t));
	void *taken = arena->at;
	arena->at += rounded;
	return taken;
}

struct span arena_copy(struct arena *arena, struct span bytes)
{
	char *copy = arena_alloc(arena, bytes.len + 1);
	if (bytes.len)
		memcpy(copy, bytes.base, bytes.len);
	copy[bytes.len] = '\0';
	return span_from(copy, bytes.len);
}
