/* SPDX-License-Identifier: Apache-2.0 */
/* key_listen - the thread that hears of changed keys and tells the cache. */
#include "gateway/key_listen.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "gateway/key_store.h"
#include "gateway/metrics.h"
#include "shared/clock.h"
#include "shared/ensure.h"
#include "shared/log.h"
#include "shared/memory.h"
#include "shared/postgres.h"

#define CHANNEL "intake_api_keys"
#define TEST_CHANNEL "intake_listen_test"

enum {
	TEST_WAIT_MS = 2000,
	DEAF_RETRY_MS = 30 * 1000, /* a pooler does not go away by itself */
	LOG_EVERY_MS = 10 * 1000,
	TOKEN_RANDOM_BYTES = 16,
};

struct key_listen {
	const char *listen_url;
	const char *database_url;
	struct key_cache *cache;
	pthread_t thread;
	int stop_fd; /* readable: stop */
	PGconn *connection;
	unsigned failures; /* in a row */
	struct log_limit log_limit;
	char token[2 * TOKEN_RANDOM_BYTES + 1]; /* payload of the test's notice */
	bool token_heard;
};

/* A payload that is no business's id was sent by hand, or by a newer version: better forget all. */
static void pass_on(struct key_listen *listen, struct span payload)
{
	struct uuid business_id;
	metric_add(METRIC_KEY_NOTICES, 1);
	if (uuid_parse(payload, &business_id))
		key_cache_drop_business(listen->cache, &business_id);
	else
		key_cache_drop_all(listen->cache);
}

static void take_notices(struct key_listen *listen)
{
	PGnotify *notice;
	while ((notice = PQnotifies(listen->connection))) {
		if (strcmp(notice->relname, CHANNEL) == 0)
			pass_on(listen, span_of(notice->extra));
		else if (strcmp(notice->extra, listen->token) == 0)
			listen->token_heard = true;
		PQfreemem(notice);
	}
}

enum heard { HEARD_SOMETHING, HEARD_NOTHING, HEARD_END };

/* Wait for bytes and take the notices in them. END: the connection broke, or stopping. */
static enum heard hear(struct key_listen *listen, int64_t wait_ms)
{
	struct pollfd ready[] = {
		{.fd = PQsocket(listen->connection), .events = POLLIN},
		{.fd = listen->stop_fd, .events = POLLIN},
	};
	int count = poll(ready, 2, wait_ms > 0 ? (int)wait_ms : 0);
	if ((count < 0 && errno != EINTR) || ready[1].revents)
		return HEARD_END;
	if (count <= 0 || !ready[0].revents)
		return HEARD_NOTHING;
	if (!PQconsumeInput(listen->connection))
		return HEARD_END;
	take_notices(listen);
	return HEARD_SOMETHING;
}

static enum error run(struct key_listen *listen, const char *statement, struct failure *failure)
{
	POSTGRES_RESULT PGresult *result = NULL;
	if (PQsendQueryParams(listen->connection, statement, 0, NULL, NULL, NULL, NULL, 0))
		result = postgres_wait_unless(
			listen->connection, KEY_LISTEN_PONG_MS, listen->stop_fd);
	ExecStatusType status = PQresultStatus(result);
	take_notices(listen);
	if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
		return OK;
	return postgres_error(listen->connection, result, failure);
}

static enum error send_token(struct key_listen *listen, struct failure *failure)
{
	uint8_t random[TOKEN_RANDOM_BYTES];
	randombytes_buf(random, sizeof(random));
	(void)sodium_bin2hex(listen->token, sizeof(listen->token), random, sizeof(random));
	listen->token_heard = false;
	struct key_store *store =
		key_store_new(listen->database_url, "intake-gateway keys listen test");
	enum error error = key_store_notify(store, TEST_CHANNEL, listen->token, failure);
	key_store_free(store);
	return error;
}

/* Returns: OK; E_TIMEOUT: the notice did not come; E_POSTGRES_*. */
static enum error test_hearing(struct key_listen *listen, struct failure *failure)
{
	enum error error = send_token(listen, failure);
	int64_t deadline_ms = clock_steady_ms() + TEST_WAIT_MS;
	enum heard heard = HEARD_SOMETHING;
	while (!error && !listen->token_heard && heard != HEARD_END) {
		int64_t left_ms = deadline_ms - clock_steady_ms();
		if (left_ms <= 0)
			return failure_set(failure, E_TIMEOUT,
				"LISTEN hears nothing: does the URL go through a pooler, or to "
				"another "
				"database? Set GATEWAY_LISTEN_DATABASE_URL to a direct one. Until "
				"then "
				"each key is looked up anew every second");
		heard = hear(listen, left_ms);
	}
	return heard == HEARD_END ? postgres_error(listen->connection, NULL, failure) : error;
}

static enum error connect_and_listen(struct key_listen *listen, struct failure *failure)
{
	enum error error = postgres_connect(listen->listen_url, "intake-gateway keys listener",
		"intake_gateway", 0, &listen->connection, failure);
	if (!error)
		error = run(listen, "listen " CHANNEL, failure);
	if (!error)
		error = run(listen, "listen " TEST_CHANNEL, failure);
	return error ? error : test_hearing(listen, failure);
}

/* Pass on notices until the connection breaks or stopping. Returns: why. */
static enum error listen_on(struct key_listen *listen, struct failure *failure)
{
	int64_t ping_at_ms = clock_steady_ms() + KEY_LISTEN_PING_MS;
	enum error error = OK;
	while (!error) {
		int64_t now_ms = clock_steady_ms();
		if (now_ms >= ping_at_ms) {
			error = run(listen, "select", failure);
			ping_at_ms = now_ms + KEY_LISTEN_PING_MS;
		} else if (hear(listen, ping_at_ms - now_ms) == HEARD_END) {
			error = postgres_error(listen->connection, NULL, failure);
		}
	}
	return error;
}

static void set_hearing(struct key_listen *listen, bool hearing)
{
	key_cache_set_hearing(listen->cache, hearing);
	metric_set(METRIC_KEY_HEARING, hearing);
}

/* True: stopping. */
static bool wait_or_stop(const struct key_listen *listen, int64_t wait_ms)
{
	struct pollfd stop = {.fd = listen->stop_fd, .events = POLLIN};
	return poll(&stop, 1, (int)wait_ms) > 0;
}

static void log_trouble(struct key_listen *listen, const struct failure *failure)
{
	int64_t suppressed = log_limit_take(&listen->log_limit, clock_steady_ms());
	if (suppressed >= 0)
		log_warn("keys.not_listening", log_text("error", error_name(failure->error)),
			log_text("detail", failure->detail), log_int("suppressed", suppressed));
}

/* One connection's life. Returns: why it ended. */
static enum error listen_once(struct key_listen *listen, struct failure *failure)
{
	enum error error = connect_and_listen(listen, failure);
	if (!error) {
		listen->failures = 0;
		set_hearing(listen, true);
		log_info("keys.listening");
		error = listen_on(listen, failure);
		set_hearing(listen, false);
	}
	PQfinish(listen->connection);
	listen->connection = NULL;
	return error;
}

static void *listen_main(void *user)
{
	struct key_listen *listen = user;
	while (!wait_or_stop(listen, 0)) {
		struct failure failure = {0};
		enum error error = listen_once(listen, &failure);
		if (wait_or_stop(listen, 0))
			break;
		log_trouble(listen, &failure);
		int64_t backoff_ms = error == E_TIMEOUT ? DEAF_RETRY_MS
							: key_store_backoff_ms(++listen->failures);
		(void)wait_or_stop(listen, backoff_ms);
	}
	return NULL;
}

struct key_listen *key_listen_start(
	const char *listen_url, const char *database_url, struct key_cache *cache)
{
	struct key_listen *listen = memory_zeroed(1, sizeof(*listen));
	listen->listen_url = listen_url;
	listen->database_url = database_url;
	listen->cache = cache;
	listen->log_limit.every_ms = LOG_EVERY_MS;
	listen->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ensure(listen->stop_fd >= 0);
	ensure(pthread_create(&listen->thread, NULL, listen_main, listen) == 0);
	return listen;
}

void key_listen_stop(struct key_listen *listen)
{
	if (!listen)
		return;
	ensure(eventfd_write(listen->stop_fd, 1) == 0);
	(void)pthread_join(listen->thread, NULL);
	(void)close(listen->stop_fd);
	free(listen);
}
