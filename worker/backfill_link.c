/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_link - a lane's connection in pipeline mode: statements go out in groups, answers come later. */
#include "worker/backfill_link.h"

#include "shared/postgres.h"

static enum error away(const struct backfill_link *link, struct failure *failure)
{
	return postgres_error(link->connection, NULL, failure);
}

enum error backfill_link_open(
	const struct upsert_options *options, struct backfill_link *link, struct failure *failure)
{
	enum error error = upsert_open(options, &link->upsert, failure);
	if (error)
		return error;
	link->connection = upsert_connection(link->upsert);
	link->answer_ms = options->timeout_ms + UPSERT_GRACE_MS;
	return backfill_link_resume(link, failure);
}

void backfill_link_close(struct backfill_link *link)
{
	upsert_close(link->upsert);
	*link = (struct backfill_link){0};
}

enum error backfill_link_pause(struct backfill_link *link, struct failure *failure)
{
	return PQexitPipelineMode(link->connection) ? OK : away(link, failure);
}

enum error backfill_link_resume(struct backfill_link *link, struct failure *failure)
{
	return PQenterPipelineMode(link->connection) ? OK : away(link, failure);
}

enum error backfill_link_end_group(
	struct backfill_link *link, bool is_sent, struct failure *failure)
{
	bool done = is_sent && PQpipelineSync(link->connection) &&
		    postgres_push(link->connection, link->answer_ms);
	return done ? OK : away(link, failure);
}

/* The next that is a result. NULL: none came. */
static PGresult *next_result(struct backfill_link *link)
{
	PGresult *result = NULL;
	/* Between two statements there is one NULL; two are the end of a broken connection. */
	for (int tries = 0; tries < 2 && !result; tries++) {
		if (!postgres_next(link->connection, link->answer_ms, &result))
			return NULL;
	}
	return result;
}

enum error backfill_link_take(
	struct backfill_link *link, PGresult **ret_results, size_t count, struct failure *failure)
{
	enum error error = OK;
	size_t taken = 0;
	for (;;) {
		PGresult *result = next_result(link);
		ExecStatusType status = PQresultStatus(result);
		if (!result)
			error = away(link, failure);
		else if (status == PGRES_FATAL_ERROR && !error)
			error = postgres_error(link->connection, result, failure);
		if (result && status != PGRES_PIPELINE_SYNC && taken < count)
			ret_results[taken++] = result;
		else
			PQclear(result);
		if (!result || status == PGRES_PIPELINE_SYNC)
			return error;
	}
}

enum error backfill_link_await(struct backfill_link *link, struct failure *failure)
{
	return backfill_link_take(link, NULL, 0, failure);
}
