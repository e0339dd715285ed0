/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_undelete - deletions that were mistakes are taken back, where their contacts are written. */
#include "worker/backfill_undelete.h"

#include "shared/postgres.h"
#include "worker/array.h"

/*
 * A contact that came again after such a deletion had lost its older phone to it: the phone's version is
 * the deletion's, and goes with it.
 */
static const char take_back_text[] =
	"with taken as (delete from intake.deletions d"
	" using (select unnest($1::uuid[]) as business_id, unnest($2::text[]) as email) as e"
	" where d.business_id = e.business_id and d.email_digest = intake.email_digest(e.email)"
	" and d.event_id >= $3::uuid and d.event_id < $4::uuid"
	" returning e.business_id, e.email, d.event_id)"
	" update public.contacts c set phone_event_id = null from taken t"
	" where c.business_id = t.business_id and c.email = t.email"
	" and c.phone_event_id = t.event_id and c.phone is null";

enum { BUSINESS_IDS, EMAILS, FROM, TO, PARAMETER_COUNT };

static struct span uuid_span(const struct uuid *uuid)
{
	return span_from((const char *)uuid->bytes, sizeof(uuid->bytes));
}

static bool send_values(PGconn *connection, const struct span values[static PARAMETER_COUNT])
{
	const char *bases[PARAMETER_COUNT];
	int lengths[PARAMETER_COUNT];
	int formats[PARAMETER_COUNT];
	for (size_t i = 0; i < PARAMETER_COUNT; i++) {
		bases[i] = values[i].base;
		lengths[i] = (int)values[i].len;
		formats[i] = 1;
	}
	return PQsendQueryParams(connection, take_back_text, PARAMETER_COUNT, NULL, bases, lengths,
		       formats, 0) == 1;
}

/* Of rows whose deletion is none of these, or has been taken back, none is found. */
bool backfill_undelete_send(PGconn *connection, const struct backfill_mistakes *mistakes,
	const struct backfill_slice *slice)
{
	struct buf business_ids = {0};
	struct buf emails = {0};
	array_begin(&business_ids, ARRAY_OF_UUID, slice->write_count);
	array_begin(&emails, ARRAY_OF_TEXT, slice->write_count);
	for (size_t i = 0; i < slice->write_count; i++) {
		const struct event *event = slice->writes[i].newest;
		array_add(&business_ids, uuid_span(&event->business_id));
		array_add(&emails, event->contact.email);
	}
	const struct span values[] = {
		[BUSINESS_IDS] = buf_span(&business_ids),
		[EMAILS] = buf_span(&emails),
		[FROM] = uuid_span(&mistakes->from),
		[TO] = uuid_span(&mistakes->to),
	};
	bool sent = send_values(connection, values);
	buf_fini(&business_ids);
	buf_fini(&emails);
	return sent;
}

enum error backfill_undelete(struct backfill_link *link, const struct backfill_mistakes *mistakes,
	const struct backfill_slice *slice, struct failure *failure)
{
	POSTGRES_RESULT PGresult *result = NULL;
	if (backfill_undelete_send(link->connection, mistakes, slice))
		result = postgres_wait(link->connection, link->answer_ms);
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		return postgres_error(link->connection, result, failure);
	return OK;
}
