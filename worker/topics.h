/* SPDX-License-Identifier: Apache-2.0 */
/* topics - `intake-worker topics create`: the topics as the promise needs them. */
#ifndef INTAKE_WORKER_TOPICS_H
#define INTAKE_WORKER_TOPICS_H

/* Returns: the exit code. */
int topics_create_command(int argc, char **argv);

#endif
