/* SPDX-License-Identifier: Apache-2.0 */
/* healthcheck - both programs' command that asks the running one how it is: for images without curl. */
#ifndef INTAKE_SHARED_HEALTHCHECK_H
#define INTAKE_SHARED_HEALTHCHECK_H

#define HEALTHCHECK_ARGUMENT "[--ready]"
#define HEALTHCHECK_DESCRIPTION                                                                    \
	"Ask the running process, by the admin listener of the same settings, whether it "         \
	"lives.\n\n"                                                                               \
	"Exit code 0: it does. With --ready: whether it can do its work; what keeps it from it "   \
	"is\n"                                                                                     \
	"printed. A process that is not ready is degraded, not dead: restarting it mends nothing."

/*
 * Takes:   address - of the admin listener, as http_listen takes it.
 * Returns: the exit code.
 */
int healthcheck_command(int argc, char **argv, const char *address);

#endif
