/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_status - `intake-worker backfill list` and `status`: which jobs there are, and how far they are. */
#ifndef INTAKE_WORKER_BACKFILL_STATUS_H
#define INTAKE_WORKER_BACKFILL_STATUS_H

#define BACKFILL_LIST_ARGUMENT "[--json]"
#define BACKFILL_LIST_DESCRIPTION                                                                  \
	"A line for each backfill that was ever made and not pruned, the newest first.\n\n"        \
	"States: finished; at_work; standing (not finished, and nobody works on it: its name "     \
	"after\n"                                                                                  \
	"`backfill --job` resumes it); cancelled."

#define BACKFILL_STATUS_ARGUMENT "[JOB] [--json]"
#define BACKFILL_STATUS_DESCRIPTION                                                                \
	"Say how far a backfill is: without JOB, each that is not finished.\n\n"                   \
	"Where somebody works on it, what is done in two seconds says how fast it is, and how "    \
	"long\n"                                                                                   \
	"it will take at that."

/* Return the exit code. */
int backfill_list_command(int argc, char **argv);
int backfill_status_command(int argc, char **argv);

#endif
