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

void fake_upsert_script(const enum error *open_answers, size_t open_count,
	const enum error *row_answers, size_t row_count)
{
	pthread_mutex_lock(&mutex);
	opens = (struct script){open_answers, open_count, 0};
	calls = (struct script){row_answers, row_count, 0};
	pthread_mutex_unlock(&mutex);
}

static enum error next(struct script *script, struct failure *failure)
{
	enum error error = script->asked < script->count ? script->answers[script->asked] : OK;
	script->asked++;
	return error ? failure_set(failure, error, "by the script") : OK;
}

enum error upsert_open(
	const char *url, const char *name, struct upsert **ret_upsert, struct failure *failure)
{
	(void)url;
	(void)name;
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

enum error upsert_rows(struct upsert *upsert, const struct batch_row *rows, size_t count,
	int stop_fd, struct batch_outcome *ret_outcome, struct failure *failure)
{
	(void)rows;
	(void)stop_fd;
	ensure(upsert);
	pthread_mutex_lock(&mutex);
	ensure(calls.asked < FAKE_UPSERT_CALLS_MOST);
	call_rows[calls.asked] = count;
	enum error error = next(&calls, failure);
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
