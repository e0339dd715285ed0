/* SPDX-License-Identifier: Apache-2.0 */
/* postgres - setting up libpq connections, and what a SQLSTATE means. */
#include "shared/postgres.h"

#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/clock.h"
#include "shared/ensure.h"
#include "shared/sqlstate.h"

enum {
	OPTIONS_MOST = 64,      /* conninfo options; libpq 15 knows 40 */
	SESSION_WAIT_MS = 5000, /* for each statement that sets up a session */
	REFUSED_WITHIN_MS = 2000,
};

const struct setting postgres_setting_rows[] = {
	{.name = "DATABASE_URL",
		.type = SETTING_SECRET,
		.offset = offsetof(struct postgres_settings, url),
		.unit = "",
		.help = "PostgreSQL to use: a libpq URI or conninfo string.",
		.flags = SETTING_REQUIRED},
};
const size_t postgres_setting_count =
	sizeof(postgres_setting_rows) / sizeof(*postgres_setting_rows);

/* What is set where neither the URL nor libpq's own environment variable says otherwise. */
static const struct {
	const char *keyword;
	const char *value;
} connect_defaults[] = {
	{"connect_timeout", "5"}, {"keepalives", "1"}, {"keepalives_idle", "10"},
	{"keepalives_interval", "3"}, {"keepalives_count", "3"},
	{"tcp_user_timeout", "20000"}, /* POSTGRES_DEAD_MS */
};

/* One line, without libpq's line ends. */
static int line_len(const char *message)
{
	return (int)strcspn(message, "\n");
}

/* Where a function has a part in an error, its words may be an operator's, with whatever is in the row. */
static bool is_of_a_function(const PGresult *result)
{
	const char *context = PQresultErrorField(result, PG_DIAG_CONTEXT);
	return context && strstr(context, "function ");
}

enum error postgres_error(const PGconn *connection, const PGresult *result, struct failure *failure)
{
	const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
	if (!state) {
		const char *message = connection ? PQerrorMessage(connection) : "";
		if (!*message)
			message = "it does not answer";
		return failure_set(failure, E_POSTGRES_AWAY, "no connection to Postgres: %.*s",
			line_len(message), message);
	}
	const struct sqlstate *entry = sqlstate_find(state);
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
	const char *column = PQresultErrorField(result, PG_DIAG_COLUMN_NAME);
	bool say = entry->say_message && message && !is_of_a_function(result);
	enum error error = failure_set(failure, entry->error, "%s: %s%s%.*s%s%s%s%s%s", state,
		entry->sentence, say ? " (" : "", say ? line_len(message) : 0, say ? message : "",
		say ? ")" : "", column ? ", column " : "", column ? column : "",
		constraint ? ", constraint " : "", constraint ? constraint : "");
	if (failure)
		(void)snprintf(failure->sqlstate, sizeof(failure->sqlstate), "%s", state);
	return error;
}

/* The failed one of two: a commit that fails is told behind the statement's own success. */
static PGresult *worse(PGresult *result, PGresult *later)
{
	bool failed = PQresultStatus(later) == PGRES_FATAL_ERROR;
	if (!result)
		return later;
	PQclear(failed ? result : later);
	return failed ? later : result;
}

/* Waits until the socket has something for us. False: not by deadline_ms, or told to stop. */
static bool wait_socket(const PGconn *connection, bool to_write, int64_t deadline_ms, int stop_fd)
{
	int64_t left_ms = deadline_ms - clock_steady_ms();
	struct pollfd ready[] = {
		{.fd = PQsocket(connection), .events = POLLIN},
		{.fd = stop_fd, .events = POLLIN},
	};
	if (to_write)
		ready[0].events |= POLLOUT;
	return left_ms > 0 && (poll(ready, 2, (int)left_ms) >= 0 || errno == EINTR) &&
	       !(ready[1].revents & POLLIN);
}

/* Sends what is to be sent, until there is an answer to take. False: none by deadline_ms, or the end. */
static bool await_answer(PGconn *connection, int64_t deadline_ms, int stop_fd)
{
	for (;;) {
		int unsent = PQflush(connection);
		if (unsent < 0 || !PQconsumeInput(connection))
			return false;
		if (!unsent && !PQisBusy(connection))
			return true;
		if (!wait_socket(connection, unsent, deadline_ms, stop_fd))
			return false;
	}
}

PGresult *postgres_wait_unless(PGconn *connection, int64_t wait_ms, int stop_fd)
{
	int64_t deadline_ms = clock_steady_ms() + wait_ms;
	PGresult *result = NULL;
	while (await_answer(connection, deadline_ms, stop_fd)) {
		PGresult *next = PQgetResult(connection);
		if (!next)
			return result;
		result = worse(result, next);
	}
	PQclear(result);
	return NULL;
}

PGresult *postgres_wait(PGconn *connection, int64_t wait_ms)
{
	return postgres_wait_unless(connection, wait_ms, -1);
}

bool postgres_push(PGconn *connection, int64_t wait_ms)
{
	int64_t deadline_ms = clock_steady_ms() + wait_ms;
	int unsent;
	while ((unsent = PQflush(connection)) > 0) {
		/* The server may read no more before its answers are taken. */
		if (!wait_socket(connection, true, deadline_ms, -1) || !PQconsumeInput(connection))
			return false;
	}
	return unsent == 0;
}

bool postgres_next(PGconn *connection, int64_t wait_ms, PGresult **ret_result)
{
	if (!await_answer(connection, clock_steady_ms() + wait_ms, -1))
		return false;
	*ret_result = PQgetResult(connection);
	return true;
}

static bool environment_sets(const PQconninfoOption *option)
{
	return option->envvar && getenv(option->envvar);
}

static const PQconninfoOption *find_option(const PQconninfoOption *options, const char *keyword)
{
	while (options->keyword && strcmp(options->keyword, keyword) != 0)
		options++;
	return options->keyword ? options : NULL;
}

/* Connect by the URL's options, then ours. Returned owned, NULL: no memory. */
static PGconn *connect_with(const PQconninfoOption *options, const char *application_name)
{
	const char *keywords[OPTIONS_MOST + 1] = {0};
	const char *values[OPTIONS_MOST + 1] = {0};
	size_t count = 0;
	for (const PQconninfoOption *option = options; option->keyword; option++) {
		if (!option->val)
			continue;
		ensure(count < OPTIONS_MOST);
		keywords[count] = option->keyword;
		values[count++] = option->val;
	}
	for (size_t i = 0; i < sizeof(connect_defaults) / sizeof(*connect_defaults); i++) {
		const PQconninfoOption *option = find_option(options, connect_defaults[i].keyword);
		if (!option || option->val || environment_sets(option))
			continue;
		ensure(count < OPTIONS_MOST);
		keywords[count] = connect_defaults[i].keyword;
		values[count++] = connect_defaults[i].value;
	}
	ensure(count + 2 <= OPTIONS_MOST);
	keywords[count] = "fallback_application_name";
	values[count++] = application_name;
	keywords[count] = "client_encoding";
	values[count] = "UTF8";
	return PQconnectdbParams(keywords, values, 0);
}

/*
 * A refusal of the server's has a SQLSTATE, which libpq shows only in a message of that verbosity:
 * ask once more. Returns: the SQLSTATE, borrowed from the connection; NULL: the server said
 * nothing.
 */
static const char *refused_why(PGconn *connection)
{
	(void)PQsetErrorVerbosity(connection, PQERRORS_SQLSTATE);
	PQreset(connection);
	(void)PQsetErrorVerbosity(connection, PQERRORS_DEFAULT);
	const char *message = PQerrorMessage(connection);
	size_t len = strlen(message);
	while (len > 0 && message[len - 1] == '\n')
		len--;
	if (len < SQLSTATE_LEN + 2 || message[len - SQLSTATE_LEN - 1] != ' ')
		return NULL;
	const char *state = message + len - SQLSTATE_LEN;
	return strspn(state, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == SQLSTATE_LEN ? state : NULL;
}

/* The connection did not come about, or did at a second try (OK). */
static enum error explain(PGconn *connection, int64_t took_ms, struct failure *failure)
{
	char message[FAILURE_DETAIL_BYTES];
	const char *told = PQerrorMessage(connection);
	(void)snprintf(message, sizeof(message), "%.*s", line_len(told), told);
	bool password_missing = PQconnectionNeedsPassword(connection);
	const char *state = NULL;
	if (took_ms < REFUSED_WITHIN_MS && !password_missing) {
		state = refused_why(connection);
		if (PQstatus(connection) == CONNECTION_OK)
			return OK;
	}
	const struct sqlstate *entry = state ? sqlstate_find(state) : NULL;
	/* A reason that has no row of its own may pass: a database closed for now, a pooler's own. */
	bool passes = !entry || !*entry->state || entry->error == E_POSTGRES_AWAY;
	enum error error = passes && !password_missing ? E_POSTGRES_AWAY : E_POSTGRES_CONFIG;
	return failure_set(failure, error, "%s", message);
}

/* One statement that sets up the session. */
static enum error session_set(PGconn *connection, const char *statement, int count,
	const char *const *values, struct failure *failure)
{
	POSTGRES_RESULT PGresult *result = NULL;
	if (PQsendQueryParams(connection, statement, count, NULL, values, NULL, NULL, 0))
		result = postgres_wait(connection, SESSION_WAIT_MS);
	if (PQresultStatus(result) == PGRES_TUPLES_OK)
		return OK;
	return postgres_error(connection, result, failure);
}

static void ignore_notice(void *user, const PGresult *result)
{
	(void)user;
	(void)result;
}

static enum error set_up_session(
	PGconn *connection, const char *role, int statement_timeout_ms, struct failure *failure)
{
	char timeout[16];
	(void)snprintf(timeout, sizeof(timeout), "%d", statement_timeout_ms);
	const char *values[] = {timeout, role};
	(void)PQsetNoticeReceiver(connection, ignore_notice, NULL);
	enum error error = session_set(connection,
		"select pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', false),"
		" pg_catalog.set_config('statement_timeout', $1, false)",
		1, values, failure);
	if (error || !role)
		return error;
	/* From Postgres 16 on a member may still lack the right to SET ROLE: then it stays itself.
	 */
	struct failure refusal = {0};
	error = session_set(connection,
		"select set_config('role', rolname, false) from pg_roles"
		" where rolname = $1 and pg_has_role(oid, 'member')",
		1, values + 1, &refusal);
	if (error == E_POSTGRES_AWAY)
		return failure_set(failure, error, "%s", refusal.detail);
	return OK;
}

bool postgres_url_is_valid(const char *url)
{
	PQconninfoOption *options = PQconninfoParse(url, NULL);
	PQconninfoFree(options);
	return options != NULL;
}

enum error postgres_connect(const char *url, const char *application_name, const char *role,
	int statement_timeout_ms, PGconn **ret_connection, struct failure *failure)
{
	char *complaint = NULL;
	PQconninfoOption *options = PQconninfoParse(url, &complaint);
	/* libpq's complaint may quote the URL, which may hold a password. */
	PQfreemem(complaint);
	if (!options)
		return failure_set(failure, E_POSTGRES_CONFIG,
			"DATABASE_URL is not a libpq URI or conninfo string");
	int64_t started_ms = clock_steady_ms();
	PGconn *connection = connect_with(options, application_name);
	PQconninfoFree(options);
	enum error error = OK;
	if (PQstatus(connection) != CONNECTION_OK)
		error = explain(connection, clock_steady_ms() - started_ms, failure);
	if (!error)
		error = set_up_session(connection, role, statement_timeout_ms, failure);
	if (error)
		PQfinish(connection);
	else
		*ret_connection = connection;
	return error;
}

void postgres_put_int32(char out[static 4], int32_t value)
{
	uint32_t network = htobe32((uint32_t)value);
	memcpy(out, &network, sizeof(network));
}

void postgres_put_int64(char out[static 8], int64_t value)
{
	uint64_t network = htobe64((uint64_t)value);
	memcpy(out, &network, sizeof(network));
}

int64_t postgres_get_int(const PGresult *result, int row, int column)
{
	const uint8_t *bytes = (const uint8_t *)PQgetvalue(result, row, column);
	int len = PQgetlength(result, row, column);
	ensure(len == 2 || len == 4 || len == 8);
	uint64_t value = bytes[0] & 0x80 ? UINT64_MAX : 0;
	for (int i = 0; i < len; i++)
		value = value << 8 | bytes[i];
	return (int64_t)value;
}

struct uuid postgres_get_uuid(const PGresult *result, int row, int column)
{
	struct uuid uuid;
	ensure(PQgetlength(result, row, column) == (int)sizeof(uuid.bytes));
	memcpy(uuid.bytes, PQgetvalue(result, row, column), sizeof(uuid.bytes));
	return uuid;
}

void postgres_clear(PGresult **result)
{
	PQclear(*result);
	*result = NULL;
}
