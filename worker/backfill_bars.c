/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_bars - how far a job is in each partition, as Postgres has it. */
#include "worker/backfill_bars.h"

#include "shared/memory.h"
#include "worker/backfill_store.h"

static const char bars_text[] =
	"select partition, to_offset - from_offset, next_offset - from_offset,"
	" leased_until >= now() and next_offset < to_offset"
	" from intake.backfill_partitions where job = $1 and from_offset < to_offset"
	" order by partition";

enum error backfill_bars_read(struct backfill_store *store, const char *job,
	struct backfill_bar **ret_bars, size_t *ret_count, struct failure *failure)
{
	POSTGRES_RESULT PGresult *rows = backfill_store_ask(store, bars_text, 1, &job, failure);
	if (!rows)
		return failure->error;
	size_t count = (size_t)PQntuples(rows);
	struct backfill_bar *bars = memory_zeroed(count, sizeof(*bars));
	for (size_t i = 0; i < count; i++)
		bars[i] = (struct backfill_bar){
			.partition = (int32_t)number_get(rows, (int)i, 0),
			.offsets = number_get(rows, (int)i, 1),
			.done = number_get(rows, (int)i, 2),
			.at_work = flag_get(rows, (int)i, 3),
		};
	*ret_bars = bars;
	*ret_count = count;
	return OK;
}
