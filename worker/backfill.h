/* SPDX-License-Identifier: Apache-2.0 */
/* backfill - `intake-worker backfill`: replay a range of a topic, once, by as many processes as wanted. */
#ifndef INTAKE_WORKER_BACKFILL_H
#define INTAKE_WORKER_BACKFILL_H

#define BACKFILL_ARGUMENT                                                                          \
	"[--from T | --from-offsets FILE] [--to T] [--topic T] [--partitions L] "                  \
	"[--business ID]... [--job NAME] [--resume] [--rate N] [--max-live-lag D] "                \
	"[--lanes N] [--accept-gaps] [--undelete-since T] [--dead-letter] [--dry-run] [--verify] " \
	"[--show-values] "                                                                         \
	"[--memory MB] [--json]"

#define BACKFILL_DESCRIPTION                                                                       \
	"Apply a range of the topic again: after an outage, or to a database that lost rows.\n\n"  \
	"What was applied already costs reads only; edits and deletions made since stay. The\n"    \
	"live workers' group is not touched. A job is kept in Postgres: kill it at any point "     \
	"and\n"                                                                                    \
	"run it again, and it goes on where it was; start it on several machines, and they "       \
	"share\n"                                                                                  \
	"it, a partition each. Ctrl-C ends it after the batch under way (exit 1) and says how "    \
	"to\n"                                                                                     \
	"resume. Bad records are counted and listed, and go to the dead letters only where\n"      \
	"--dead-letter says so.\n\n"                                                               \
	"Of what the job is about, told when it is made and not needed to resume it:\n"            \
	"  --from T, --to T     records that Kafka got at T or later, and before T: a date,\n"     \
	"                       2026-01-31T12:00:00Z, how long ago (-2h, 90m, 7d), beginning,\n"   \
	"                       now; the offsets are fixed and printed when the job is made\n"     \
	"  --from-offsets FILE  instead of --from, for each partition: lines as \"3 1200\"\n"      \
	"                       (partition, offset; # begins a comment), or {\"3\": 1200}\n"       \
	"  --topic T            another topic that holds such events: a mirror, the dead\n"        \
	"                       letters (default: CONTACTS_TOPIC)\n"                               \
	"  --partitions L       only these: 0,3-5\n"                                               \
	"  --business ID        only this one's events; may be given up to 100 times\n"            \
	"  --job NAME           how it is called; default: made of topic, range and business\n"    \
	"  --undelete-since T   take back the deletions since then, and before the job was "       \
	"made,\n"                                                                                  \
	"                       of the contacts that the range holds\n"                            \
	"Instead of replaying it, without writing anything:\n"                                     \
	"  --dry-run            count exactly what it would do, by partition and business, and\n"  \
	"                       show some of what would change\n"                                  \
	"  --verify             prove that no contact is older than the log says; exit 1 where "   \
	"one\n"                                                                                    \
	"                       is\n"                                                              \
	"  --show-values        of those: with e-mail, name and phone\n"                           \
	"  --memory MB          of a dry run, for what it would have written (256); where that "   \
	"is\n"                                                                                     \
	"                       too little, it reads the range several times\n"                    \
	"Of this process:\n"                                                                       \
	"  --resume             go on with a job that was cancelled\n"                             \
	"  --rate N             at most N records a second\n"                                      \
	"  --max-live-lag D     make room for the live workers while an event of theirs waits\n"   \
	"                       longer (10s); also while Postgres takes longer for a batch\n"      \
	"                       than WORKER_STATEMENT_MS\n"                                        \
	"  --lanes N            N partitions at once, each with a connection (default:\n"          \
	"                       WORKER_LANES)\n"                                                   \
	"  --dead-letter        write bad records to the dead letters, as the live workers do\n"   \
	"  --accept-gaps        go on where retention has taken part of the range, and count it\n" \
	"  --json               a line of JSON an event\n\n"                                       \
	"See also `backfill list`, `backfill status` and `backfill cancel`."

/* Returns: the exit code. */
int backfill_command(int argc, char **argv);

#endif
