/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_cancel - `intake-worker backfill cancel`: end a job on all machines. */
#ifndef INTAKE_WORKER_BACKFILL_CANCEL_H
#define INTAKE_WORKER_BACKFILL_CANCEL_H

#define BACKFILL_CANCEL_ARGUMENT "JOB"
#define BACKFILL_CANCEL_DESCRIPTION                                                                \
	"Let nobody work on a backfill any more: processes that do stop behind their batch.\n\n"   \
	"What was applied stays. `backfill --job JOB --resume` goes on with it where it was."

/* Returns: the exit code. */
int backfill_cancel_command(int argc, char **argv);

#endif
