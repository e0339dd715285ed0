/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory - allocation that does not fail.
 *
 * Every size that a client can choose is capped before it gets here, so memory that has run out is a
 * machine in trouble, and the supervisor's restart is the one sound answer to it: these abort.
 */
#ifndef INTAKE_SHARED_MEMORY_H
#define INTAKE_SHARED_MEMORY_H

#include <stddef.h>

/* Each returned owned (free with free()), never NULL; aborts when there is no memory. */
void *memory_zeroed(size_t count, size_t size_bytes) __attribute__((malloc, alloc_size(1, 2)));
void *memory_alloc(size_t size_bytes) __attribute__((malloc, alloc_size(1)));
void *memory_resize(void *old, size_t size_bytes) __attribute__((alloc_size(2)));
char *memory_string(const char *text) __attribute__((malloc));

#endif
