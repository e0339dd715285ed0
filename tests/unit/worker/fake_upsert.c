/* SPDX-License-Identifier: Apache-2.0 */
/* fake_upsert - a Postgres that answers by a script, linked in place of worker/upsert. */
#include "tests/unit/worker/fake_upsert.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "shared/ensure.h"
#include "shared/memory.h"
#include "worker/upsert.h"

struct upsert {
	int unused;
};

struct script {
	const enum error *answers;
	size_t count;
	size_t asked;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct script opens;
static struct script calls;
static size_t call_rows[FAKE_UPSERT_CALLS_MOST];
static uint8_t written[FAKE_UPSERT_CALLS_MOST];
static size_t written_count;
static size_t held;

void fake_upsert_script(const enum error *open_answers, size_t open_count,
	const enum error *row_answers, size_t row_count)
{
	pthread_mutex_lock(&mutex);
	opens = (struct script){open_answers, open_count, 0};
	calls = (struct script){row_answers, row_count, 0};
	written_count = 0;
	held = 0;
	pthread_mutex_unlock(&mutex);
}

void fake_upsert_hold(size_t times)
{
	pthread_mutex_lock(&mutex);
	held = times;
	pthread_mutex_unlock(&mutex);
}

static enum error next(struct script *script, struct failure *failure)
{
	enum error error = script->asked < script->count ? script->answers[script->asked] : OK;
	script->asked++;
	return error ? failure_set(failure, error, "by the script") : OK;
}

enum error upsert_open(
	const struct upsert_options *options, struct upsert **ret_upsert, struct failure *failure)
{
	(void)options;
	pthread_mutex_lock(&mutex);
	enum error error = next(&opens, failure);
	pthread_mutex_unlock(&mutex);
	if (!error)
		*ret_upsert = memory_zeroed(1, sizeof(**ret_upsert));
	return error;
}

void upsert_close(struct upsert *upsert)
{
	free(upsert);
}

enum error upsert_set_lock_wait(struct upsert *upsert, int wait_ms, struct failure *failure)
{
	(void)failure;
	ensure(upsert && wait_ms >= 0);
	return OK;
}

bool upsert_is_open(struct upsert *upsert)
{
	ensure(upsert);
	return true;
}

static bool begins(struct span text, const char *with)
{
	return text.len >= strlen(with) && memcmp(text.base, with, strlen(with)) == 0;
}

static enum error refuse(struct failure *failure, enum error error, const char *sqlstate)
{
	(void)failure_set(failure, error, "%s: by its name", sqlstate);
	memcpy(failure->sqlstate, sqlstate, FAILURE_SQLSTATE_BYTES);
	return error;
}

static enum error look_at(const struct batch_row *row, struct failure *failure)
{
	if (row->newest->business_id.bytes[0] == FAKE_BUSINESS_GONE)
		return refuse(failure, E_BUSINESS_GONE, "23503");
	if (begins(row->newest->contact.name, "bad") ||
		(row->phone && begins(row->phone->contact.phone, "bad")))
		return refuse(failure, E_POSTGRES_DATA, "23514");
	if (begins(row->newest->contact.name, "twin"))
		return refuse(failure, E_POSTGRES_CONTENTION, "23505");
	if (held > 0 && begins(row->newest->contact.name, "held")) {
		held--;
		return refuse(failure, E_POSTGRES_CONTENTION, "55P03");
	}
	return OK;
}

static enum error answer(const struct batch_row *rows, size_t count, struct failure *failure)
{
	bool scripted = calls.asked < calls.count;
	enum error error = next(&calls, failure);
	for (size_t i = 0; i < count && !scripted && !error; i++)
		error = look_at(&rows[i], failure);
	if (error)
		return error;
	ensure(written_count + count <= FAKE_UPSERT_CALLS_MOST);
	for (size_t i = 0; i < count; i++)
		written[written_count++] = rows[i].newest->id.bytes[0];
	return OK;
}

enum error upsert_rows(struct upsert *upsert, const struct batch_row *rows, size_t count,
	struct batch_outcome *ret_outcome, struct failure *failure)
{
	ensure(upsert);
	pthread_mutex_lock(&mutex);
	ensure(calls.asked < FAKE_UPSERT_CALLS_MOST);
	call_rows[calls.asked] = count;
	enum error error = answer(rows, count, failure);
	pthread_mutex_unlock(&mutex);
	if (!error)
		*ret_outcome = (struct batch_outcome){.inserted = count};
	return error;
}

size_t fake_upsert_opened(void)
{
	pthread_mutex_lock(&mutex);
	size_t count = opens.asked;
	pthread_mutex_unlock(&mutex);
	return count;
}

size_t fake_upsert_calls(size_t ret_counts[static FAKE_UPSERT_CALLS_MOST])
{
	pthread_mutex_lock(&mutex);
	size_t count = calls.asked;
	memcpy(ret_counts, call_rows, count * sizeof(*call_rows));
	pthread_mutex_unlock(&mutex);
	return count;
}

size_t fake_upsert_written(uint8_t ret_ids[static FAKE_UPSERT_CALLS_MOST])
{
	pthread_mutex_lock(&mutex);
	size_t count = written_count;
	memcpy(ret_ids, written, count);
	pthread_mutex_unlock(&mutex);
	return count;
}
