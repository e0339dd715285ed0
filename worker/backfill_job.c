/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_job - a backfill's rows in Postgres: what it replays, how far it is, who works where. */
#include "worker/backfill_job.h"

#include <stdio.h>
#include <stdlib.h>

#include "shared/memory.h"
#include "shared/postgres.h"

enum { NUMBER_BYTES = 24, DECIMAL = 10 };

static const char find_text[] = "select name, topic, range_from, range_to, business_id"
				" from intake.backfill_jobs where name = $1";

static const char make_text[] =
	"with job as ("
	" insert into intake.backfill_jobs (name, topic, range_from, range_to, business_id)"
	" values ($1, $2, $3, $4, $5::uuid) on conflict do nothing returning name)"
	" insert into intake.backfill_partitions"
	" (job, partition, from_offset, next_offset, to_offset)"
	" select job.name, r.partition, r.first, r.first, r.last from job,"
	" unnest($6::int[], $7::bigint[], $8::bigint[]) as r (partition, first, last)";

static const char lease_text[] =
	"update intake.backfill_partitions p"
	" set owner = $2::uuid, leased_until = now() + $3::int * interval '1 second'"
	" where (p.job, p.partition) = ("
	" select f.job, f.partition from intake.backfill_partitions f"
	" where f.job = $1 and f.next_offset < f.to_offset"
	" and (f.owner is null or f.leased_until < now())"
	" order by f.partition limit 1 for update skip locked)"
	" returning p.partition, p.next_offset, p.to_offset";

static const char left_text[] =
	"select from intake.backfill_partitions where job = $1 and next_offset < to_offset limit 1";

static const char release_text[] =
	"update intake.backfill_partitions set owner = null, leased_until = null"
	" where job = $1 and partition = $2::int and owner = $3::uuid";

static const char hold_text[] =
	"select from intake.backfill_partitions"
	" where job = $1 and partition = $2::int and owner = $3::uuid and next_offset = $4::bigint"
	" for no key update";

#define X(name, sentence) ", sum(p." #name ")::bigint"
static const char totals_text[] = "select sum(p.to_offset - p.from_offset)::bigint,"
				  " sum(p.next_offset - p.from_offset)::bigint" BACKFILL_COUNTS(
					  X) " from intake.backfill_partitions p where p.job = $1";
#undef X

static const char list_text[] =
	"select j.name, j.topic, coalesce(sum(p.to_offset - p.from_offset), 0)::bigint,"
	" coalesce(sum(p.next_offset - p.from_offset), 0)::bigint,"
	" count(*) filter (where p.leased_until >= now() and p.next_offset < p.to_offset)"
	" from intake.backfill_jobs j left join intake.backfill_partitions p on p.job = j.name"
	" where $1::text is null or j.name = $1"
	" group by j.name order by j.created_at desc, j.name";

/* The counts begin at $6, in the order of the table. */
static const char advance_text[] =
	"update intake.backfill_partitions set next_offset = $4::bigint,"
	" leased_until = now() + $5::int * interval '1 second',"
	" read = read + $6::bigint, inserted = inserted + $7::bigint,"
	" updated = updated + $8::bigint, unchanged = unchanged + $9::bigint,"
	" others = others + $10::bigint, bad = bad + $11::bigint, gone = gone + $12::bigint,"
	" missing = missing + $13::bigint"
	" where job = $1 and partition = $2::int and owner = $3::uuid";

struct backfill_store {
	PGconn *connection; /* owned */
	int64_t answer_ms;
	PGresult *found; /* owned; the job that was looked up last */
};

struct number {
	char text[NUMBER_BYTES];
};

static struct number number_of(int64_t value)
{
	struct number number;
	(void)snprintf(number.text, sizeof(number.text), "%lld", (long long)value);
	return number;
}

static int64_t get_number(const PGresult *result, int row, int column)
{
	return strtoll(PQgetvalue(result, row, column), NULL, DECIMAL);
}

enum error backfill_store_open(
	const char *url, int timeout_ms, struct backfill_store **ret_store, struct failure *failure)
{
	PGconn *connection = NULL;
	enum error error = postgres_connect(url, "intake-worker backfill job", "intake_worker",
		timeout_ms, &connection, failure);
	if (error)
		return error;
	struct backfill_store *store = memory_zeroed(1, sizeof(*store));
	store->connection = connection;
	store->answer_ms = timeout_ms + UPSERT_GRACE_MS;
	*ret_store = store;
	return OK;
}

void backfill_store_close(struct backfill_store *store)
{
	if (!store)
		return;
	PQclear(store->found);
	PQfinish(store->connection);
	free(store);
}

/* Returned owned; NULL with the reason. */
static PGresult *ask(struct backfill_store *store, const char *sql, int count,
	const char *const *values, struct failure *failure)
{
	PGresult *result = NULL;
	if (PQsendQueryParams(store->connection, sql, count, NULL, values, NULL, NULL, 0))
		result = postgres_wait(store->connection, store->answer_ms);
	ExecStatusType status = PQresultStatus(result);
	if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
		return result;
	(void)postgres_error(store->connection, result, failure);
	PQclear(result);
	return NULL;
}

enum error backfill_job_find(struct backfill_store *store, const char *name,
	struct backfill_job *ret_job, struct failure *failure)
{
	PGresult *result = ask(store, find_text, 1, &name, failure);
	if (!result)
		return failure->error;
	PQclear(store->found);
	store->found = result;
	if (PQntuples(result) == 0)
		return failure_set(failure, E_NOT_FOUND, "there is no job %s", name);
	*ret_job = (struct backfill_job){
		.name = PQgetvalue(result, 0, 0),
		.topic = PQgetvalue(result, 0, 1),
		.from = PQgetvalue(result, 0, 2),
		.to = PQgetvalue(result, 0, 3),
		.business = PQgetisnull(result, 0, 4) ? NULL : PQgetvalue(result, 0, 4),
	};
	return OK;
}

/* An array as Postgres reads it. */
static void add_element(struct buf *array, int64_t value)
{
	buf_add_char(array, array->len ? ',' : '{');
	buf_add_int(array, value);
}

enum error backfill_job_make(struct backfill_store *store, const struct backfill_job *job,
	const struct backfill_range *ranges, size_t count, struct failure *failure)
{
	struct buf partitions = {0};
	struct buf firsts = {0};
	struct buf lasts = {0};
	for (size_t i = 0; i < count; i++) {
		add_element(&partitions, ranges[i].partition);
		add_element(&firsts, ranges[i].from);
		add_element(&lasts, ranges[i].to);
	}
	buf_add_text(&partitions, count ? "}" : "{}");
	buf_add_text(&firsts, count ? "}" : "{}");
	buf_add_text(&lasts, count ? "}" : "{}");
	const char *values[] = {job->name, job->topic, job->from, job->to, job->business,
		buf_text(&partitions), buf_text(&firsts), buf_text(&lasts)};
	PGresult *result = ask(store, make_text, sizeof(values) / sizeof(*values), values, failure);
	enum error error = result ? OK : failure->error;
	PQclear(result);
	buf_fini(&partitions);
	buf_fini(&firsts);
	buf_fini(&lasts);
	return error;
}

/* Nothing could be leased: is there something that others have? */
static enum error what_is_left(
	struct backfill_store *store, const char *job, struct failure *failure)
{
	POSTGRES_RESULT PGresult *left = ask(store, left_text, 1, &job, failure);
	if (!left)
		return failure->error;
	return PQntuples(left) ? E_PENDING : E_NOT_FOUND;
}

enum error backfill_job_lease(struct backfill_store *store, const char *job,
	const struct uuid *owner, struct backfill_lease *ret_lease, struct failure *failure)
{
	char owner_text[UUID_TEXT_LEN + 1];
	const struct number seconds = number_of(BACKFILL_LEASE_S);
	const char *values[] = {job, owner_text, seconds.text};
	uuid_format(owner_text, owner);
	POSTGRES_RESULT PGresult *leased = ask(store, lease_text, 3, values, failure);
	if (!leased)
		return failure->error;
	if (PQntuples(leased) == 0)
		return what_is_left(store, job, failure);
	*ret_lease = (struct backfill_lease){
		.job = job,
		.owner = *owner,
		.partition = (int32_t)get_number(leased, 0, 0),
		.next = get_number(leased, 0, 1),
		.to = get_number(leased, 0, 2),
	};
	return OK;
}

void backfill_job_release(struct backfill_store *store, const struct backfill_lease *lease)
{
	struct failure failure; /* then it runs out */
	char owner_text[UUID_TEXT_LEN + 1];
	const struct number partition = number_of(lease->partition);
	const char *values[] = {lease->job, partition.text, owner_text};
	uuid_format(owner_text, &lease->owner);
	PQclear(ask(store, release_text, 3, values, &failure));
}

enum error backfill_job_totals(struct backfill_store *store, const char *job,
	struct backfill_totals *ret_totals, struct failure *failure)
{
	int column = 0;
	POSTGRES_RESULT PGresult *result = ask(store, totals_text, 1, &job, failure);
	if (!result)
		return failure->error;
	ret_totals->offsets = get_number(result, 0, column++);
	ret_totals->done = get_number(result, 0, column++);
#define X(name, sentence) ret_totals->counts.name = get_number(result, 0, column++);
	BACKFILL_COUNTS(X)
#undef X
	return OK;
}

static void list_row(const PGresult *result, int row, bool json, struct buf *out)
{
	int64_t offsets = get_number(result, row, 2);
	int64_t done = get_number(result, row, 3);
	if (!json) {
		buf_printf(out, "%s: %s, topic %s, %lld of %lld offsets, %s at work\n",
			PQgetvalue(result, row, 0), done == offsets ? "finished" : "unfinished",
			PQgetvalue(result, row, 1), (long long)done, (long long)offsets,
			PQgetvalue(result, row, 4));
		return;
	}
	buf_add_text(out, "{\"job\":");
	buf_add_json(out, span_of(PQgetvalue(result, row, 0)));
	buf_add_text(out, ",\"topic\":");
	buf_add_json(out, span_of(PQgetvalue(result, row, 1)));
	buf_printf(out, ",\"finished\":%s,\"offsets\":%lld,\"done\":%lld,\"at_work\":%s}\n",
		done == offsets ? "true" : "false", (long long)offsets, (long long)done,
		PQgetvalue(result, row, 4));
}

enum error backfill_job_list(struct backfill_store *store, const char *job, bool json,
	struct buf *out, struct failure *failure)
{
	POSTGRES_RESULT PGresult *result = ask(store, list_text, 1, &job, failure);
	if (!result)
		return failure->error;
	if (job && PQntuples(result) == 0)
		return failure_set(failure, E_NOT_FOUND, "there is no job %s", job);
	for (int row = 0; row < PQntuples(result); row++)
		list_row(result, row, json, out);
	return OK;
}

enum error backfill_job_hold(
	struct upsert *upsert, const struct backfill_lease *lease, struct failure *failure)
{
	int64_t held = 0;
	char owner_text[UUID_TEXT_LEN + 1];
	const struct number partition = number_of(lease->partition);
	const struct number next = number_of(lease->next);
	const char *values[] = {lease->job, partition.text, owner_text, next.text};
	uuid_format(owner_text, &lease->owner);
	enum error error = upsert_command(
		upsert, hold_text, values, sizeof(values) / sizeof(*values), &held, failure);
	if (!error && held == 0)
		error = failure_set(failure, E_PENDING, "another process has the partition now");
	return error;
}

enum error backfill_job_advance(struct upsert *upsert, const struct backfill_lease *lease,
	int64_t next, const struct backfill_counts *counts, struct failure *failure)
{
	char owner_text[UUID_TEXT_LEN + 1];
	const struct number partition = number_of(lease->partition);
	const struct number offset = number_of(next);
	const struct number seconds = number_of(BACKFILL_LEASE_S);
	const struct number numbers[] = {
#define X(name, sentence) number_of(counts->name),
		BACKFILL_COUNTS(X)
#undef X
	};
	const char *values[] = {
		lease->job,
		partition.text,
		owner_text,
		offset.text,
		seconds.text,
		numbers[0].text,
		numbers[1].text,
		numbers[2].text,
		numbers[3].text,
		numbers[4].text,
		numbers[5].text,
		numbers[6].text,
		numbers[7].text,
	};
	uuid_format(owner_text, &lease->owner);
	return upsert_command(
		upsert, advance_text, values, sizeof(values) / sizeof(*values), NULL, failure);
}
