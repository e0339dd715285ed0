/* SPDX-License-Identifier: Apache-2.0 */
/* run - `intake-worker run`: apply events to Postgres until told to stop. */
#ifndef INTAKE_WORKER_RUN_H
#define INTAKE_WORKER_RUN_H

/* Returns: the exit code. */
int run_command(int argc, char **argv);

#endif
