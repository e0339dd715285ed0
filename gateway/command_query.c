/* SPDX-License-Identifier: Apache-2.0 */
/* command_query - the one statement that a command runs, and what is said when it fails. */
#include "gateway/command_query.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "shared/program.h"

enum { STATEMENT_TIMEOUT_MS = 30 * 1000 };

enum error command_failed(enum error error, const char *format, ...)
{
	va_list arguments;
	(void)fputs("intake-gateway: ", stderr);
	va_start(arguments, format);
	(void)vfprintf(stderr, format, arguments);
	va_end(arguments);
	(void)fputc('\n', stderr);
	return error;
}

int command_exit(enum error error)
{
	switch (error) {
	case OK:
		return EXIT_DONE;
	case E_USAGE:
	case E_CONFIG:
	case E_POSTGRES_CONFIG:
		return EXIT_USAGE;
	default:
		return EXIT_FAILED;
	}
}

static enum error run(const char *url, const char *sql, int count, const char *const *values,
	PGresult **ret_result, struct failure *failure)
{
	PGconn *connection = NULL;
	PGresult *result = NULL;
	enum error error = postgres_connect(
		url, "intake-gateway command", NULL, STATEMENT_TIMEOUT_MS, &connection, failure);
	if (error)
		return error;
	if (PQsendQueryParams(connection, sql, count, NULL, values, NULL, NULL, 0))
		result = postgres_wait(connection, STATEMENT_TIMEOUT_MS);
	if (PQresultStatus(result) == PGRES_TUPLES_OK) {
		*ret_result = result;
	} else {
		error = postgres_error(connection, result, failure);
		PQclear(result);
	}
	PQfinish(connection);
	return error;
}

enum error command_query(
	const char *sql, int count, const char *const *values, PGresult **ret_result)
{
	struct postgres_settings settings = {NULL};
	struct buf problems = {0};
	struct failure failure = {.error = OK};
	const struct settings_group group = {
		"Postgres", postgres_setting_rows, postgres_setting_count, &settings};
	enum error error = settings_load(&group, 1, NULL, &problems);
	if (error) {
		problems.len--; /* the last line's end */
		(void)command_failed(error, "the configuration is wrong:\n%s", buf_text(&problems));
	} else {
		error = run(settings.url, sql, count, values, ret_result, &failure);
		if (error)
			(void)command_failed(error, "%s", failure.detail);
	}
	buf_fini(&problems);
	settings_free(&group, 1);
	return error;
}

enum error command_check_uuid(const char *option, const char *text)
{
	struct uuid uuid;
	if (!text || uuid_parse(span_of(text), &uuid))
		return OK;
	return command_failed(E_USAGE,
		"%s takes an id like 0191e0a4-7b5c-4d6e-8f90-a1b2c3d4e5f6; see --help", option);
}

enum error command_print(struct span text)
{
	while (text.len > 0) {
		ssize_t written = write(STDOUT_FILENO, text.base, text.len);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return command_failed(E_SYSTEM,
				"it is done, but the result could not be written: %s",
				strerror(errno));
		text.base += written;
		text.len -= (size_t)written;
	}
	return OK;
}
