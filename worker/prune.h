/* SPDX-License-Identifier: Apache-2.0 */
/* prune - `intake-worker prune`: forget deletions and backfills that are older than anything replayed. */
#ifndef INTAKE_WORKER_PRUNE_H
#define INTAKE_WORKER_PRUNE_H

#define PRUNE_ARGUMENT "--older-than D [--dry-run] [--force] [--json]"

#define PRUNE_DESCRIPTION                                                                          \
	"Forget deletions, and backfills, that are older than so long (90d).\n\n"                  \
	"A deleted contact leaves its time of deletion, so that no older event brings it back.\n"  \
	"Once no log has such an event any more, it serves nobody. The danger: an event that is\n" \
	"older than a deletion that was pruned, and is replayed from anywhere (a mirror with a\n"  \
	"longer retention, a backup, the dead letters), brings the deleted contact back. So D "    \
	"is\n"                                                                                     \
	"refused where it is shorter than the contacts' topic or the dead letters' keeps a "       \
	"record\n"                                                                                 \
	"(retention.ms + segment.ms). Of other copies you have to think yourself.\n"               \
	"Backfills that nobody has worked on for so long go too, finished or not.\n\n"             \
	"  --older-than D  90d, 2160h\n"                                                           \
	"  --dry-run       say how many there are\n"                                               \
	"  --force         though the topics keep records for longer, or do not say\n"             \
	"  --json          a line of JSON"

/* Returns: the exit code. */
int prune_command(int argc, char **argv);

#endif
