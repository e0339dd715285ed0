/* SPDX-License-Identifier: Apache-2.0 */
/* dead_letter_list - `intake-worker dead-letters list`: what could not be applied, and why. */
#ifndef INTAKE_WORKER_DEAD_LETTER_LIST_H
#define INTAKE_WORKER_DEAD_LETTER_LIST_H

#include "worker/dead_letter_select.h"

#define DEAD_LETTER_LIST_ARGUMENT                                                                  \
	DEAD_LETTER_SELECT_ARGUMENT " [--summary] [--show-values] [--json]"
#define DEAD_LETTER_LIST_DESCRIPTION                                                               \
	"Show what could not be applied, and why.\n\n" DEAD_LETTER_SELECT_HELP                     \
	"  --summary      only how many there are, by reason\n"                                    \
	"  --show-values  keys and values too, which hold names, addresses and phone numbers\n"    \
	"  --json         an object a line"

int dead_letter_list_command(int argc, char **argv);

#endif
