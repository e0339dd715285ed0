/* SPDX-License-Identifier: Apache-2.0 */
/* prune - `intake-worker prune`: forget deletions and backfills that are older than anything replayed. */
#include "worker/prune.h"

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "shared/clock.h"
#include "shared/program.h"
#include "shared/uuid.h"
#include "worker/backfill_store.h"
#include "worker/backfill_words.h"
#include "worker/config.h"
#include "worker/topic_keep.h"

enum { BATCH_ROWS = 5000, MS_PER_S = 1000, SHIFT_BYTE = 8, TIME_BYTES = 6 };

/* $1 is a version of the cutoff, $2 the same as a time, $3 how many at most. */
#define OLD_JOBS                                                                                   \
	" from intake.backfill_jobs j where j.created_at < $2::timestamptz and not exists ("       \
	"select from intake.backfill_partitions p where p.job = j.name"                            \
	" and (p.moved_at >= $2::timestamptz or p.leased_until >= now()))"

/* What is pruned: how it is counted, and how a batch of it goes. */
static const struct {
	const char *name; /* for programs */
	const char *text; /* for people */
	const char *count_text;
	const char *delete_text;
} kinds[] = {
	{"deletions", "deletions",
		"select count(*) from intake.deletions where event_id < $1::uuid"
		" and $2::text is not null and $3::int > 0",
		/* Who was deleted anew meanwhile has a newer version, and stays. */
		"delete from intake.deletions where event_id < $1::uuid and $2::text is not null"
		" and ctid = any (array(select d.ctid from intake.deletions d"
		" where d.event_id < $1::uuid order by d.event_id limit $3::int))"},
	{"jobs", "backfills",
		"select count(*)" OLD_JOBS " and $1::uuid is not null and $3::int > 0",
		"delete from intake.backfill_jobs where name = any (array(select j.name" OLD_JOBS
		" limit $3::int)) and $1::uuid is not null"},
};
enum { KIND_COUNT = sizeof(kinds) / sizeof(*kinds), VALUE_COUNT = 3 };

struct prune {
	const char *older_than;
	bool dry_run;
	bool force;
	bool json;
	int64_t age_s;
	int stop_fd;
	struct backfill_store *store;
	char version[UUID_TEXT_LEN + 1];
	char time[CLOCK_RFC3339_BYTES];
	int64_t counts[KIND_COUNT];
};

/* The smallest version that a moment has (RFC 9562 section 5.7). */
static void write_version(int64_t wall_ms, char out[static UUID_TEXT_LEN + 1])
{
	struct uuid uuid = {.bytes = {[6] = 0x70, [8] = 0x80}};
	for (int i = TIME_BYTES - 1; i >= 0; i--) {
		uuid.bytes[i] = (uint8_t)wall_ms;
		wall_ms >>= SHIFT_BYTE;
	}
	uuid_format(out, &uuid);
}

static enum error check_age(
	const struct prune *prune, const struct kafka_settings *kafka, struct failure *failure)
{
	int64_t keep_ms = 0;
	const char *topic = NULL;
	struct buf keep = {0};
	enum error error = topic_keep_longest(kafka, &keep_ms, &topic, failure);
	if (error || (keep_ms >= 0 && prune->age_s * MS_PER_S >= keep_ms))
		return error;
	buf_add_text(&keep, keep_ms < 0 ? "ever" : "up to ");
	if (keep_ms >= 0)
		backfill_words_duration(keep_ms / MS_PER_S, &keep);
	error = failure_set(failure, E_USAGE,
		"topic %s keeps records for %s: an event older than a deletion could still be "
		"replayed, and bring a deleted contact back; --force prunes all the same",
		topic, buf_text(&keep));
	buf_fini(&keep);
	return error;
}

static bool is_stopped(const struct prune *prune)
{
	struct pollfd signals = {.fd = prune->stop_fd, .events = POLLIN};
	return poll(&signals, 1, 0) > 0;
}

static enum error count_kind(
	struct prune *prune, size_t kind, const char *const *values, struct failure *failure)
{
	POSTGRES_RESULT PGresult *result = backfill_store_ask(
		prune->store, kinds[kind].count_text, VALUE_COUNT, values, failure);
	if (!result)
		return failure->error;
	prune->counts[kind] = number_get(result, 0, 0);
	return OK;
}

/* Batches, so that none locks many rows, or for long. */
static enum error delete_kind(
	struct prune *prune, size_t kind, const char *const *values, struct failure *failure)
{
	for (int64_t deleted = BATCH_ROWS; deleted == BATCH_ROWS && !is_stopped(prune);) {
		POSTGRES_RESULT PGresult *result = backfill_store_ask(
			prune->store, kinds[kind].delete_text, VALUE_COUNT, values, failure);
		if (!result)
			return failure->error;
		deleted = changed_get(result);
		prune->counts[kind] += deleted;
	}
	return OK;
}

static enum error prune_all(struct prune *prune, struct failure *failure)
{
	const struct number rows = number_of(BATCH_ROWS);
	const char *values[VALUE_COUNT] = {prune->version, prune->time, rows.text};
	enum error error = OK;
	for (size_t i = 0; i < KIND_COUNT && !error; i++)
		error = prune->dry_run ? count_kind(prune, i, values, failure)
				       : delete_kind(prune, i, values, failure);
	return error;
}

static void tell(const struct prune *prune)
{
	for (size_t i = 0; i < KIND_COUNT; i++) {
		if (prune->json)
			(void)printf("%s\"%s\":%lld", i ? "," : "{", kinds[i].name,
				(long long)prune->counts[i]);
		else
			(void)printf("%10lld  %s from before %s%s\n", (long long)prune->counts[i],
				kinds[i].text, prune->time,
				prune->dry_run ? " would be pruned" : " pruned");
	}
	if (prune->json)
		(void)printf(",\"before\":\"%s\",\"dry_run\":%s}\n", prune->time,
			prune->dry_run ? "true" : "false");
}

static enum error prune_checked(
	struct prune *prune, const struct worker_config *config, struct failure *failure)
{
	enum error error = OK;
	int64_t before_ms = clock_wall_ms() - prune->age_s * MS_PER_S;
	write_version(before_ms, prune->version);
	clock_rfc3339(prune->time, before_ms);
	if (!prune->force)
		error = check_age(prune, &config->kafka, failure);
	if (!error)
		error = backfill_store_open(config->postgres.url,
			(int)config->worker.statement_timeout_ms, &prune->store, failure);
	return error ? error : prune_all(prune, failure);
}

static int run(const struct worker_config *config, void *user)
{
	struct prune *prune = user;
	struct failure failure = {0};
	prune->stop_fd = program_stop_fd();
	enum error error = prune->stop_fd < 0 ? failure_set(&failure, E_SYSTEM, "no signalfd: %m")
					      : prune_checked(prune, config, &failure);
	bool stopped = !error && is_stopped(prune);
	backfill_store_close(prune->store);
	if (prune->stop_fd >= 0)
		(void)close(prune->stop_fd);
	if (error)
		(void)fprintf(stderr, "%s\n", failure.detail);
	else
		tell(prune);
	if (stopped)
		(void)fprintf(stderr, "Stopped; run it again for the rest.\n");
	if (error == E_USAGE || error == E_CONFIG)
		return EXIT_USAGE;
	return error || stopped ? EXIT_FAILED : EXIT_DONE;
}

int prune_command(int argc, char **argv)
{
	struct prune prune = {.older_than = NULL};
	const struct program_option known[] = {
		{.name = "--older-than", .value = &prune.older_than, .required = true},
		{.name = "--dry-run", .given = &prune.dry_run},
		{.name = "--force", .given = &prune.force},
		{.name = "--json", .given = &prune.json},
		{.name = NULL},
	};
	if (program_options(argc, argv, known))
		return EXIT_USAGE;
	if (!program_duration(prune.older_than, &prune.age_s)) {
		(void)fprintf(stderr, "--older-than: how long, as 90d or 2160h\n");
		return EXIT_USAGE;
	}
	return config_run(CONFIG_ALL, run, &prune);
}
