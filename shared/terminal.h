/* SPDX-License-Identifier: Apache-2.0 */
/* terminal - whether somebody looks on, and how large the window is. */
#ifndef INTAKE_SHARED_TERMINAL_H
#define INTAKE_SHARED_TERMINAL_H

#include <stdbool.h>

struct terminal_size {
	int columns;
	int rows;
};

/* Whether what is written there can be drawn over: a terminal, and not a dumb one. */
bool terminal_is_drawable(int fd);

/* Whether colours are wanted (no-color.org: NO_COLOR is not set, or empty). */
bool terminal_has_colour(void);

/* As it is now; 80x24 where it does not say. */
struct terminal_size terminal_size_of(int fd);

#endif
