/* SPDX-License-Identifier: Apache-2.0 */
/* backfill_look - what the table says of a batch's contacts, before anything is written. */
#include "worker/backfill_look.h"

#include <stdlib.h>

#include "shared/ensure.h"
#include "shared/memory.h"
#include "shared/postgres.h"
#include "worker/array.h"
#include "worker/backfill_look_sql.h"

#define LOOK_NAME "intake_backfill_look"
#define GONE_NAME "intake_backfill_gone"

/* As a folded batch's businesses are many times the same, they are asked about by themselves. */
static const char gone_text[] = "select g from intake.gone_businesses($1::uuid[]) as g order by g";

/* The arrays first; backfill_look.sql says what is in them. */
enum parameter {
	OLDEST_IDS,
	BUSINESS_IDS,
	EMAILS,
	EVENT_IDS,
	PHONE_EVENT_IDS,
	ARRAY_COUNT,
	OLDEST = ARRAY_COUNT,
	MISTAKES_FROM,
	MISTAKES_TO,
	VALUES,
	SILENCE,
	PARAMETER_COUNT
};

enum column {
	ROW,
	IS_APPLIED,
	NAME_VERSION,
	PHONE_VERSION,
	STATUS_VERSION,
	IS_ACTIVE,
	NAME,
	PHONE,
	DELETED,
	IS_MISTAKE,
	IS_ID_TAKEN,
};

enum { ANSWER_GONE, ANSWER_ROWS, ANSWER_COUNT };

enum { VERSION_MS_BYTES = 6 }; /* of a UUIDv7, RFC 9562 section 5.7 */

struct backfill_look {
	struct backfill_link *link; /* borrowed */
	struct backfill_mistakes mistakes;
	char values;
	/* Whether most contacts of the last batch were applied already: then it is these that no row is
	 * returned for, which is a quarter of what such a look costs. */
	char mostly_applied;
	char sent_silence;            /* mostly_applied, as it was when it was asked */
	const struct batch *prepared; /* borrowed; what is in the arrays, until it is asked about */
	struct uuid oldest;           /* the oldest event of it */
	struct buf arrays[ARRAY_COUNT];
	struct buf businesses;
	PGresult *answers[ANSWER_COUNT]; /* owned; what was taken last */
};

/* The least version of a moment. */
static struct uuid version_at(int64_t ms)
{
	struct uuid version = {{0}};
	for (size_t i = 0; i < VERSION_MS_BYTES; i++)
		version.bytes[i] = (uint8_t)(ms >> 8 * (VERSION_MS_BYTES - 1 - i));
	return version;
}

struct backfill_mistakes backfill_mistakes_between(int64_t since_ms, int64_t until_ms)
{
	if (!since_ms)
		return (struct backfill_mistakes){.from = {{0}}};
	return (struct backfill_mistakes){version_at(since_ms), version_at(until_ms)};
}

static void clear_answers(struct backfill_look *look)
{
	for (size_t i = 0; i < ANSWER_COUNT; i++)
		postgres_clear(&look->answers[i]);
}

static bool send_prepares(PGconn *connection)
{
	return PQsendPrepare(connection, LOOK_NAME, backfill_look_sql, 0, NULL) == 1 &&
	       PQsendPrepare(connection, GONE_NAME, gone_text, 0, NULL) == 1;
}

enum error backfill_look_new(struct backfill_link *link, const struct backfill_mistakes *mistakes,
	bool values, struct backfill_look **ret_look, struct failure *failure)
{
	bool sent = send_prepares(link->connection);
	enum error error = backfill_link_end_group(link, sent, failure);
	if (!error)
		error = backfill_link_await(link, failure);
	if (error)
		return error;
	struct backfill_look *look = memory_zeroed(1, sizeof(*look));
	look->link = link;
	look->mistakes = *mistakes;
	look->values = (char)values;
	*ret_look = look;
	return OK;
}

void backfill_look_free(struct backfill_look *look)
{
	if (!look)
		return;
	clear_answers(look);
	for (size_t i = 0; i < ARRAY_COUNT; i++)
		buf_fini(&look->arrays[i]);
	buf_fini(&look->businesses);
	free(look);
}

static struct span uuid_span(const struct uuid *uuid)
{
	return span_from((const char *)uuid->bytes, sizeof(uuid->bytes));
}

static bool is_same_business(const struct batch_row *a, const struct batch_row *b)
{
	return uuid_compare(&a->newest->business_id, &b->newest->business_id) == 0;
}

/* Each business once: the rows are sorted by it. */
static void add_businesses(struct backfill_look *look, const struct batch *batch)
{
	size_t count = 0;
	for (size_t i = 0; i < batch->row_count; i++)
		count += i == 0 || !is_same_business(&batch->rows[i - 1], &batch->rows[i]);
	array_begin(&look->businesses, ARRAY_OF_UUID, count);
	for (size_t i = 0; i < batch->row_count; i++) {
		if (i == 0 || !is_same_business(&batch->rows[i - 1], &batch->rows[i]))
			array_add(
				&look->businesses, uuid_span(&batch->rows[i].newest->business_id));
	}
}

static bool send_gone(const struct backfill_look *look)
{
	const char *values[] = {look->businesses.base};
	const int lengths[] = {(int)look->businesses.len};
	const int formats[] = {1};
	return PQsendQueryPrepared(
		       look->link->connection, GONE_NAME, 1, values, lengths, formats, 1) == 1;
}

/* Returns: the oldest event of all. */
static struct uuid add_rows(struct buf arrays[static ARRAY_COUNT], const struct batch *batch)
{
	struct uuid oldest = batch->rows->oldest->id;
	for (size_t i = 0; i < batch->row_count; i++) {
		const struct batch_row *row = &batch->rows[i];
		array_add(&arrays[OLDEST_IDS], uuid_span(&row->oldest->id));
		array_add(&arrays[BUSINESS_IDS], uuid_span(&row->newest->business_id));
		array_add(&arrays[EMAILS], row->newest->contact.email);
		array_add(&arrays[EVENT_IDS], uuid_span(&row->newest->id));
		array_add(&arrays[PHONE_EVENT_IDS],
			row->phone ? uuid_span(&row->phone->id) : SPAN_NONE);
		if (uuid_compare(&row->oldest->id, &oldest) < 0)
			oldest = row->oldest->id;
	}
	return oldest;
}

void backfill_look_prepare(struct backfill_look *look, const struct batch *batch)
{
	look->prepared = batch;
	if (!batch || batch->row_count == 0)
		return;
	add_businesses(look, batch);
	for (size_t i = 0; i < ARRAY_COUNT; i++)
		array_begin(&look->arrays[i], i == EMAILS ? ARRAY_OF_TEXT : ARRAY_OF_UUID,
			batch->row_count);
	look->oldest = add_rows(look->arrays, batch);
}

static bool send_look(struct backfill_look *look)
{
	struct span values[PARAMETER_COUNT];
	for (size_t i = 0; i < ARRAY_COUNT; i++)
		values[i] = buf_span(&look->arrays[i]);
	values[OLDEST] = uuid_span(&look->oldest);
	values[MISTAKES_FROM] = uuid_span(&look->mistakes.from);
	values[MISTAKES_TO] = uuid_span(&look->mistakes.to);
	values[VALUES] = span_from(&look->values, 1);
	look->sent_silence = look->mostly_applied;
	values[SILENCE] = span_from(&look->sent_silence, 1);

	const char *bases[PARAMETER_COUNT];
	int lengths[PARAMETER_COUNT];
	int formats[PARAMETER_COUNT];
	for (size_t i = 0; i < PARAMETER_COUNT; i++) {
		bases[i] = values[i].base;
		lengths[i] = (int)values[i].len;
		formats[i] = 1;
	}
	return PQsendQueryPrepared(look->link->connection, LOOK_NAME, PARAMETER_COUNT, bases,
		       lengths, formats, 1) == 1;
}

enum error backfill_look_send(
	struct backfill_look *look, const struct batch *batch, struct failure *failure)
{
	if (look->prepared != batch)
		backfill_look_prepare(look, batch);
	look->prepared = NULL;
	bool sent = batch->row_count == 0 || (send_gone(look) && send_look(look));
	return backfill_link_end_group(look->link, sent, failure);
}

static bool get_bool(const PGresult *answer, int row, int column)
{
	return !PQgetisnull(answer, row, column) && *PQgetvalue(answer, row, column);
}

static struct uuid get_version(const PGresult *answer, int row, int column)
{
	return PQgetisnull(answer, row, column) ? (struct uuid){{0}}
						: postgres_get_uuid(answer, row, column);
}

static struct span get_span(const PGresult *answer, int row, int column)
{
	if (PQgetisnull(answer, row, column))
		return SPAN_NONE;
	return span_from(PQgetvalue(answer, row, column), (size_t)PQgetlength(answer, row, column));
}

static void read_contact(const PGresult *answer, int row, struct backfill_seen *seen)
{
	seen->name = get_span(answer, row, NAME);
	seen->phone = get_span(answer, row, PHONE);
	seen->state = (struct backfill_state){
		.exists = true,
		.name_version = get_version(answer, row, NAME_VERSION),
		.phone_version = get_version(answer, row, PHONE_VERSION),
		.status_version = get_version(answer, row, STATUS_VERSION),
		.is_active = get_bool(answer, row, IS_ACTIVE),
		.name = backfill_print(seen->name),
		.phone = backfill_print(seen->phone),
	};
}

/* The phone goes by the deletion's version only because there was a deletion. */
static void take_back(struct backfill_seen *seen, const struct uuid *deleted)
{
	struct backfill_state *state = &seen->state;
	seen->is_mistake = true;
	if (!seen->phone.base && uuid_compare(&state->phone_version, deleted) == 0)
		state->phone_version = (struct uuid){{0}};
}

static void read_row(const PGresult *answer, int row, struct backfill_seen *seen)
{
	const struct uuid deleted = get_version(answer, row, DELETED);
	*seen = (struct backfill_seen){.is_gone = false};
	if (get_bool(answer, row, IS_APPLIED))
		backfill_state_newest(&seen->state);
	else if (!PQgetisnull(answer, row, IS_APPLIED))
		read_contact(answer, row, seen);
	if (get_bool(answer, row, IS_MISTAKE))
		take_back(seen, &deleted);
	else
		seen->state.deleted = deleted;
	seen->is_id_taken = get_bool(answer, row, IS_ID_TAKEN);
}

/* Both are sorted. */
static void read_gone(const PGresult *gone, const struct batch *batch, struct backfill_seen *seen)
{
	int count = PQntuples(gone);
	int at = 0;
	for (size_t i = 0; i < batch->row_count && at < count;) {
		const struct uuid id = postgres_get_uuid(gone, at, 0);
		int order = uuid_compare(&batch->rows[i].newest->business_id, &id);
		if (order > 0) {
			at++;
		} else {
			seen[i].is_gone = order == 0;
			i++;
		}
	}
}

/* What a contact is that no row comes for. */
static void be_silent(
	const struct backfill_look *look, const struct batch *batch, struct backfill_seen *ret_seen)
{
	struct backfill_seen silent = {.is_gone = false};
	if (look->sent_silence)
		backfill_state_newest(&silent.state);
	for (size_t i = 0; i < batch->row_count; i++)
		ret_seen[i] = silent;
}

static void note_applied(struct backfill_look *look, const PGresult *answer, size_t count)
{
	size_t rows = (size_t)PQntuples(answer);
	size_t applied = look->sent_silence ? count - rows : 0;
	for (int row = 0; row < PQntuples(answer); row++)
		applied += get_bool(answer, row, IS_APPLIED);
	if (count > 0)
		look->mostly_applied = !look->values && 2 * applied > count;
}

enum error backfill_look_take(struct backfill_look *look, const struct batch *batch,
	struct backfill_seen *ret_seen, struct failure *failure)
{
	clear_answers(look);
	size_t count = batch->row_count ? ANSWER_COUNT : 0;
	enum error error = backfill_link_take(look->link, look->answers, count, failure);
	if (error)
		return error;
	be_silent(look, batch, ret_seen);
	const PGresult *answer = look->answers[ANSWER_ROWS];
	for (int row = 0; row < PQntuples(answer); row++) {
		size_t at = (size_t)postgres_get_int(answer, row, ROW);
		ensure(at < batch->row_count);
		read_row(answer, row, &ret_seen[at]);
	}
	note_applied(look, answer, batch->row_count);
	read_gone(look->answers[ANSWER_GONE], batch, ret_seen);
	return OK;
}
