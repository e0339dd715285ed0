/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_status - `intake-worker backfill status`: how far the jobs are. */
#ifndef INTAKE_WORKER_BACKFILL_STATUS_H
#define INTAKE_WORKER_BACKFILL_STATUS_H

#define BACKFILL_STATUS_ARGUMENT "[--job NAME] [--json]"
#define BACKFILL_STATUS_DESCRIPTION "Say how far each backfill is, or one."

/* Returns: the exit code. */
int backfill_status_command(int argc, char **argv);

#endif
