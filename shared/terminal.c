/* SPDX-License-Identifier: Apache-2.0 */
/* terminal - whether somebody looks on, and how large the window is. */
#include "shared/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { COLUMNS_USUAL = 80, ROWS_USUAL = 24 };

bool terminal_is_drawable(int fd)
{
	const char *kind = getenv("TERM");
	return isatty(fd) && kind && *kind && strcmp(kind, "dumb") != 0;
}

bool terminal_has_colour(void)
{
	const char *refused = getenv("NO_COLOR");
	return !refused || !*refused;
}

struct terminal_size terminal_size_of(int fd)
{
	struct winsize size = {0};
	if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0)
		return (struct terminal_size){COLUMNS_USUAL, ROWS_USUAL};
	return (struct terminal_size){size.ws_col, size.ws_row};
}
