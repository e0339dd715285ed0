/* SPDX-License-Identifier: Apache-2.0 */
/* describe - both programs' command that prints their tables, for documents made from them. */
#ifndef INTAKE_SHARED_DESCRIBE_H
#define INTAKE_SHARED_DESCRIBE_H

#include "shared/settings.h"

/* Where a program's tables come from. */
struct describe_source {
	void (*write_settings)(settings_writer *write, struct buf *out);
	void (*metrics_init)(void);
};

#define DESCRIBE_ARGUMENT "--settings|--environment|--metrics"

/* Returns: the exit code. */
int describe_command(int argc, char **argv, const struct describe_source *source);

#endif
