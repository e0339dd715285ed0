/* SPDX-License-Identifier: Apache-2.0 */
/* backfill - `intake-worker backfill`: replay a range of a topic, once, by as many processes as wanted. */
#ifndef INTAKE_WORKER_BACKFILL_H
#define INTAKE_WORKER_BACKFILL_H

#define BACKFILL_ARGUMENT                                                                          \
	"[--from T --to T] [--topic T] [--business ID] [--job NAME] [--rate N] [--accept-gaps] "   \
	"[--json]"

#define BACKFILL_DESCRIPTION                                                                       \
	"Apply a range of the topic again: after an outage, or to a database that lost rows.\n\n"  \
	"What was applied already costs reads only; edits and deletions made since stay. The\n"    \
	"live workers' group is not touched. A job is kept in Postgres: kill it at any point "     \
	"and\n"                                                                                    \
	"run it again, and it goes on where it was; start it on several machines, and they "       \
	"share\n"                                                                                  \
	"it, a partition each. Ctrl-C ends it after the batch under way (exit 1) and says how "    \
	"to\n"                                                                                     \
	"resume. Bad records are counted; they go to no dead letters.\n\n"                         \
	"  --from T, --to T  records that Kafka got at T or later, and before T: a date,\n"        \
	"                    2026-01-31T12:00:00Z, how long ago (-2h, 90m, 7d), beginning, now;\n" \
	"                    fixed when the job is made, and not needed to resume it\n"            \
	"  --topic T         another topic that holds such events (default: CONTACTS_TOPIC)\n"     \
	"  --business ID     only this one's events\n"                                             \
	"  --job NAME        how it is called; default: made of topic, range and business\n"       \
	"  --rate N          at most N records a second, in this process\n"                        \
	"  --accept-gaps     go on where retention has taken part of the range, and count it\n"    \
	"  --json            a line of JSON an event"

/* Returns: the exit code. */
int backfill_command(int argc, char **argv);

#endif
