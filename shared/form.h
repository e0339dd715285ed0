/* SPDX-License-Identifier: Apache-2.0 */
/* form - the texts of an application/x-www-form-urlencoded body. */
#ifndef INTAKE_SHARED_FORM_H
#define INTAKE_SHARED_FORM_H

#include "shared/arena.h"
#include "shared/span.h"

/*
 * Decode a name or a value as the WHATWG URL standard's parser does: "+" is a space, "%41" is "A"; a "%"
 * that begins no such triple stays.
 *
 * Returns: any bytes, in the arena, with room for a NUL behind them.
 */
struct span form_decode(struct span text, struct arena *arena);

#endif
