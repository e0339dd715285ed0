/* SPDX-License-Identifier: Apache-2.0 */
/* manual - a program's man page, from the tables that --help shows. */
#ifndef INTAKE_SHARED_MANUAL_H
#define INTAKE_SHARED_MANUAL_H

#include "shared/buf.h"
#include "shared/program.h"

/* Add the page, section 8, in the macros of man(7). */
void manual_write(const struct program *program, struct buf *out);

#endif
