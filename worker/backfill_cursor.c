/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_cursor - how far a leased partition is, moved in the transaction that writes a batch's rows. */
#include "worker/backfill_cursor.h"

#include "worker/backfill_store.h"

#define HELD                                                                                       \
	" job = $1 and partition = $2::int and owner = $3::uuid and next_offset = $4::bigint"      \
	" and exists (select from intake.backfill_jobs j"                                          \
	" where j.name = $1 and j.cancelled_at is null)"

static const char hold_text[] =
	"select from intake.backfill_partitions where" HELD " for no key update";

/* The counts begin at $7, in the order of the table. Nothing moved: 22012. */
static const char advance_text[] =
	"with moved as (update intake.backfill_partitions set next_offset = $5::bigint,"
	" moved_at = now(), leased_until = now() + $6::int * interval '1 second',"
	" read = read + $7::bigint, inserted = inserted + $8::bigint,"
	" updated = updated + $9::bigint, unchanged = unchanged + $10::bigint,"
	" stale = stale + $11::bigint, others = others + $12::bigint, bad = bad + $13::bigint,"
	" gone = gone + $14::bigint, missing = missing + $15::bigint,"
	" undeleted = undeleted + $16::bigint"
	" where" HELD " returning 1)"
	" select 1 / count(*) from moved";

enum {
	COUNT_COUNT = sizeof(struct backfill_counts) / sizeof(int64_t),
	ADVANCE_COUNT = 6 + COUNT_COUNT,
};
_Static_assert(ADVANCE_COUNT == 16, "advance_text has a place for each count");

struct advance {
	char owner[UUID_TEXT_LEN + 1];
	struct number numbers[ADVANCE_COUNT];
	const char *values[ADVANCE_COUNT];
};

enum error backfill_cursor_hold(
	struct upsert *upsert, const struct backfill_lease *lease, struct failure *failure)
{
	int64_t held = 0;
	char owner[UUID_TEXT_LEN + 1];
	const struct number partition = number_of(lease->partition);
	const struct number next = number_of(lease->next);
	const char *values[] = {lease->job, partition.text, owner, next.text};
	uuid_format(owner, &lease->owner);
	enum error error = upsert_command(
		upsert, hold_text, values, sizeof(values) / sizeof(*values), &held, failure);
	if (!error && held == 0)
		error = failure_set(failure, E_PENDING, "another process has the partition now");
	return error;
}

static void fill(struct advance *advance, const struct backfill_lease *lease, int64_t next,
	const struct backfill_counts *counts)
{
	const int64_t numbers[ADVANCE_COUNT] = {
		0, lease->partition, 0, lease->next, next, BACKFILL_LEASE_S,
#define X(name, sentence) counts->name,
		BACKFILL_COUNTS(X)
#undef X
	};
	for (size_t i = 0; i < ADVANCE_COUNT; i++) {
		advance->numbers[i] = number_of(numbers[i]);
		advance->values[i] = advance->numbers[i].text;
	}
	uuid_format(advance->owner, &lease->owner);
	advance->values[0] = lease->job;
	advance->values[2] = advance->owner;
}

enum error backfill_cursor_advance(struct upsert *upsert, const struct backfill_lease *lease,
	int64_t next, const struct backfill_counts *counts, struct failure *failure)
{
	struct advance advance;
	fill(&advance, lease, next, counts);
	return upsert_command(upsert, advance_text, advance.values, ADVANCE_COUNT, NULL, failure);
}

bool backfill_cursor_send(PGconn *connection, const struct backfill_lease *lease, int64_t next,
	const struct backfill_counts *counts)
{
	struct advance advance;
	fill(&advance, lease, next, counts);
	return PQsendQueryParams(connection, advance_text, ADVANCE_COUNT, NULL, advance.values,
		       NULL, NULL, 0) == 1;
}
