/* SPDX-License-Identifier: Apache-2.0 */
/* dead_letter_redrive - `intake-worker dead-letters redrive`: give dead letters another chance. */
#ifndef INTAKE_WORKER_DEAD_LETTER_REDRIVE_H
#define INTAKE_WORKER_DEAD_LETTER_REDRIVE_H

#include "worker/dead_letter_select.h"

#define DEAD_LETTER_REDRIVE_ARGUMENT                                                               \
	"--all | " DEAD_LETTER_SELECT_ARGUMENT " [--again] [--dry-run] [--json]"
#define DEAD_LETTER_REDRIVE_DESCRIPTION                                                            \
	"Send dead letters to the topic again, once what made them dead letters is mended.\n\n"    \
	"  --all          all dead letters\n" DEAD_LETTER_SELECT_HELP                              \
	"  --again        also those that were redriven before and came back\n"                    \
	"  --dry-run      only tell what would be done\n"                                          \
	"  --json         an object a line\n\n"                                                    \
	"Each keeps its event id, which is its version: an old one overwrites nothing newer.\n"    \
	"What has been redriven is noted, and not sent again: stopped at any moment, run it\n"     \
	"again."

int dead_letter_redrive_command(int argc, char **argv);

/* What becomes of one. */
enum redrive_verdict {
	REDRIVE_SEND,
	REDRIVE_DONE,          /* it was redriven before */
	REDRIVE_CAME_BACK,     /* so was its event, which became a dead letter once more */
	REDRIVE_INVALID,       /* no worker of this version would take it */
	REDRIVE_ANOTHER_TOPIC, /* it comes from a topic that is not ours */
	REDRIVE_FOREIGN,       /* some other producer's, which never was in the topic */
	REDRIVE_VERDICT_COUNT
};

/* Takes: again - also what came back. topic - CONTACTS_TOPIC. */
enum redrive_verdict dead_letter_redrive_verdict(
	const struct dead_letter_view *view, bool is_redriven, bool again, const char *topic);

#endif
