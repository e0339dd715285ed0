/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_job - a backfill's rows in Postgres: what it replays, how far it is, who works where. */
#include "worker/backfill_job.h"

#include <stdlib.h>

#include "shared/memory.h"
#include "worker/backfill_store.h"

static const char find_text[] =
	"select name, topic, range_from, range_to, array_to_string(business_ids, ','), partitions,"
	" cancelled_at is not null, (extract(epoch from undelete_since) * 1000)::bigint,"
	" (extract(epoch from created_at) * 1000)::bigint"
	" from intake.backfill_jobs where name = $1";

static const char ranges_text[] =
	"select partition, from_offset, to_offset from intake.backfill_partitions"
	" where job = $1 order by partition";

static const char make_text[] =
	"with job as ("
	" insert into intake.backfill_jobs"
	" (name, topic, range_from, range_to, business_ids, partitions, undelete_since)"
	" values ($1, $2, $3, $4, string_to_array($5, ',')::uuid[], $6,"
	" to_timestamp(nullif($10::bigint, 0) / 1000.0))"
	" on conflict do nothing returning name)"
	" insert into intake.backfill_partitions"
	" (job, partition, from_offset, next_offset, to_offset)"
	" select job.name, r.partition, r.first, r.first, r.last from job,"
	" unnest($7::int[], $8::bigint[], $9::bigint[]) as r (partition, first, last)";

/* A job that was pruned has no row. */
#define NOT_CANCELLED                                                                              \
	" exists (select from intake.backfill_jobs j where j.name = $1 and j.cancelled_at is "     \
	"null)"

static const char lease_text[] =
	"update intake.backfill_partitions p"
	" set owner = $2::uuid, leased_until = now() + $3::int * interval '1 second'"
	" where (p.job, p.partition) = ("
	" select f.job, f.partition from intake.backfill_partitions f"
	" where f.job = $1 and f.next_offset < f.to_offset"
	" and (f.owner is null or f.leased_until < now()) and" NOT_CANCELLED
	" order by f.partition limit 1 for update skip locked)"
	" returning p.partition, p.next_offset, p.to_offset";

static const char left_text[] =
	"select" NOT_CANCELLED ", exists (select from intake.backfill_partitions"
	" where job = $1 and next_offset < to_offset)";

static const char release_text[] =
	"update intake.backfill_partitions set owner = null, leased_until = null"
	" where job = $1 and partition = $2::int and owner = $3::uuid";

static const char cancel_text[] = "update intake.backfill_jobs"
				  " set cancelled_at = case when $2::boolean then now() end"
				  " where name = $1 and (cancelled_at is null) = $2::boolean";

#define X(name, sentence) ", coalesce(sum(p." #name "), 0)::bigint"
static const char totals_text[] =
	"select not" NOT_CANCELLED ", coalesce(sum(p.to_offset - p.from_offset), 0)::bigint,"
	" coalesce(sum(p.next_offset - p.from_offset), 0)::bigint" BACKFILL_COUNTS(
		X) " from intake.backfill_partitions p where p.job = $1";
#undef X

struct backfill_found {
	PGresult *row; /* owned; the job's texts are borrowed from it */
	struct backfill_job job;
};

enum error backfill_job_find(struct backfill_store *store, const char *name,
	struct backfill_found **ret_found, struct failure *failure)
{
	PGresult *row = backfill_store_ask(store, find_text, 1, &name, failure);
	if (!row)
		return failure->error;
	if (PQntuples(row) == 0) {
		PQclear(row);
		return failure_set(failure, E_NOT_FOUND, "there is no job %s", name);
	}
	struct backfill_found *found = memory_zeroed(1, sizeof(*found));
	found->row = row;
	found->job = (struct backfill_job){
		.name = PQgetvalue(row, 0, 0),
		.topic = PQgetvalue(row, 0, 1),
		.from = PQgetvalue(row, 0, 2),
		.to = PQgetvalue(row, 0, 3),
		.businesses = PQgetvalue(row, 0, 4),
		.partitions = PQgetvalue(row, 0, 5),
		.is_cancelled = flag_get(row, 0, 6),
		.undelete_since_ms = number_get(row, 0, 7),
		.made_ms = number_get(row, 0, 8),
	};
	*ret_found = found;
	return OK;
}

const struct backfill_job *backfill_found_job(const struct backfill_found *found)
{
	return &found->job;
}

void backfill_found_free(struct backfill_found *found)
{
	if (!found)
		return;
	PQclear(found->row);
	free(found);
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
	const struct number undelete_since = number_of(job->undelete_since_ms);
	const char *values[] = {job->name, job->topic, job->from, job->to, job->businesses,
		job->partitions, buf_text(&partitions), buf_text(&firsts), buf_text(&lasts),
		undelete_since.text};
	PGresult *result = backfill_store_ask(
		store, make_text, sizeof(values) / sizeof(*values), values, failure);
	enum error error = result ? OK : failure->error;
	PQclear(result);
	buf_fini(&partitions);
	buf_fini(&firsts);
	buf_fini(&lasts);
	return error;
}

enum error backfill_job_ranges(struct backfill_store *store, const char *job,
	struct backfill_range **ret_ranges, size_t *ret_count, struct failure *failure)
{
	POSTGRES_RESULT PGresult *rows = backfill_store_ask(store, ranges_text, 1, &job, failure);
	if (!rows)
		return failure->error;
	size_t count = (size_t)PQntuples(rows);
	struct backfill_range *ranges = memory_zeroed(count, sizeof(*ranges));
	for (size_t i = 0; i < count; i++)
		ranges[i] = (struct backfill_range){
			.partition = (int32_t)number_get(rows, (int)i, 0),
			.from = number_get(rows, (int)i, 1),
			.to = number_get(rows, (int)i, 2),
		};
	*ret_ranges = ranges;
	*ret_count = count;
	return OK;
}

/* Nothing could be leased: is there something that others have? */
static enum error what_is_left(
	struct backfill_store *store, const char *job, struct failure *failure)
{
	POSTGRES_RESULT PGresult *left = backfill_store_ask(store, left_text, 1, &job, failure);
	if (!left)
		return failure->error;
	if (!flag_get(left, 0, 1))
		return E_NOT_FOUND;
	return flag_get(left, 0, 0) ? E_PENDING : E_CANCELLED;
}

enum error backfill_job_lease(struct backfill_store *store, const char *job,
	const struct uuid *owner, struct backfill_lease *ret_lease, struct failure *failure)
{
	char owner_text[UUID_TEXT_LEN + 1];
	const struct number seconds = number_of(BACKFILL_LEASE_S);
	const char *values[] = {job, owner_text, seconds.text};
	uuid_format(owner_text, owner);
	POSTGRES_RESULT PGresult *leased =
		backfill_store_ask(store, lease_text, 3, values, failure);
	if (!leased)
		return failure->error;
	if (PQntuples(leased) == 0)
		return what_is_left(store, job, failure);
	*ret_lease = (struct backfill_lease){
		.job = job,
		.owner = *owner,
		.partition = (int32_t)number_get(leased, 0, 0),
		.next = number_get(leased, 0, 1),
		.to = number_get(leased, 0, 2),
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
	PQclear(backfill_store_ask(store, release_text, 3, values, &failure));
}

enum error backfill_job_totals(struct backfill_store *store, const char *job,
	struct backfill_totals *ret_totals, struct failure *failure)
{
	int column = 0;
	POSTGRES_RESULT PGresult *result = backfill_store_ask(store, totals_text, 1, &job, failure);
	if (!result)
		return failure->error;
	ret_totals->is_cancelled = flag_get(result, 0, column++);
	ret_totals->offsets = number_get(result, 0, column++);
	ret_totals->done = number_get(result, 0, column++);
#define X(name, sentence) ret_totals->counts.name = number_get(result, 0, column++);
	BACKFILL_COUNTS(X)
#undef X
	return OK;
}

enum error backfill_job_cancel(
	struct backfill_store *store, const char *job, bool cancelled, struct failure *failure)
{
	const char *values[] = {job, cancelled ? "true" : "false"};
	POSTGRES_RESULT PGresult *result =
		backfill_store_ask(store, cancel_text, 2, values, failure);
	if (!result)
		return failure->error;
	return strcmp(PQcmdTuples(result), "0") == 0 ? E_NOT_FOUND : OK;
}
