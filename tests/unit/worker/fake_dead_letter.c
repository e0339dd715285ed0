/* SPDX-License-Identifier: Apache-2.0 */
/* fake_dead_letter - a dead-letter topic that takes all, linked in place of worker/dead_letter. */
#include "tests/unit/worker/fake_dead_letter.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "shared/ensure.h"
#include "shared/memory.h"

struct dead_letters {
	int unused;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct fake_letter written[FAKE_LETTERS_MOST];
static size_t written_count;
static size_t refused;

void fake_dead_letters_reset(size_t refuse_times)
{
	pthread_mutex_lock(&mutex);
	written_count = 0;
	refused = refuse_times;
	pthread_mutex_unlock(&mutex);
}

size_t fake_dead_letters_written(struct fake_letter ret_letters[static FAKE_LETTERS_MOST])
{
	pthread_mutex_lock(&mutex);
	size_t count = written_count;
	memcpy(ret_letters, written, count * sizeof(*written));
	pthread_mutex_unlock(&mutex);
	return count;
}

struct dead_letters *dead_letters_new(const struct kafka_settings *kafka)
{
	(void)kafka;
	return memory_zeroed(1, sizeof(struct dead_letters));
}

void dead_letters_free(struct dead_letters *dead_letters)
{
	free(dead_letters);
}

static void write_one(struct dead_letter *letter)
{
	ensure(written_count < FAKE_LETTERS_MOST);
	struct fake_letter *one = &written[written_count++];
	*one = (struct fake_letter){.offset = letter->record->offset, .reason = letter->reason};
	strncpy(one->sqlstate, letter->sqlstate, FAILURE_SQLSTATE_BYTES - 1);
	letter->durable = true;
}

enum error dead_letters_write(struct dead_letters *dead_letters, struct dead_letter *letters,
	size_t count, int stop_fd, struct failure *failure)
{
	(void)dead_letters;
	(void)stop_fd;
	enum error error = OK;
	pthread_mutex_lock(&mutex);
	if (refused > 0) {
		refused--;
		error = failure_set(failure, E_KAFKA_AWAY, "away");
	}
	for (size_t i = 0; i < count && !error; i++)
		write_one(&letters[i]);
	pthread_mutex_unlock(&mutex);
	return error;
}
