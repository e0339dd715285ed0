/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command_query - the one statement that a command runs, and what is said when it fails.
 *
 * Included only by the commands' files, which own libpq here.
 */
#ifndef INTAKE_GATEWAY_COMMAND_QUERY_H
#define INTAKE_GATEWAY_COMMAND_QUERY_H

#include <stddef.h>

#include "shared/error.h"
#include "shared/postgres.h"
#include "shared/uuid.h"

/*
 * Run a statement on DATABASE_URL, as whoever that logs in as.
 *
 * Takes:   values - count of them, as text; NULL: null.
 * Returns: OK, ret_result owned (PQclear), in text; else an error after a sentence on stderr.
 */
MUST_CHECK enum error command_query(
	const char *sql, int count, const char *const *values, PGresult **ret_result);

/* "intake-gateway: ..." on stderr. Returns: the error. */
enum error command_failed(enum error error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* 0 done, 1 failed, 2 wrong usage or configuration. */
int command_exit(enum error error);

/* Returns: OK; E_USAGE after a sentence on stderr. */
MUST_CHECK enum error command_check_uuid(const char *option, const char *text);

/* Write all of it to stdout, past stdio's buffer: it may be secret. */
MUST_CHECK enum error command_print(struct span text);

#endif
