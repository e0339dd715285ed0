/* SPDX-License-Identifier: Apache-2.0 */
/* describe - both programs' command that prints their tables, for documents made from them. */
#ifndef INTAKE_SHARED_DESCRIBE_H
#define INTAKE_SHARED_DESCRIBE_H

#include "shared/program.h"

/* Where a program's tables come from. */
struct describe_source {
	const struct program *program;
	void (*metrics_init)(void);
};

#define DESCRIBE_ARGUMENT "--settings|--environment|--metrics|--manual"

#define DESCRIBE_DESCRIPTION                                                                       \
	"Print settings or metrics as a table, settings as an environment file, or all as a man "  \
	"page."

/* Returns: the exit code. */
int describe_command(int argc, char **argv, const struct describe_source *source);

#endif
