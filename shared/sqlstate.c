/* SPDX-License-Identifier: Apache-2.0 */
/* sqlstate - what Postgres' error codes mean to us: one table, most exact code first. */
#include "shared/sqlstate.h"

#include <string.h>

/* PostgreSQL's documentation, appendix A. What a trigger raises is an operator's own text: not told. */
static const struct sqlstate states[] = {
	{"25006", E_POSTGRES_AWAY, true, "the server takes no writes now"},
	{"57014", E_POSTGRES_CONTENTION, true, "the statement was cancelled"},
	{"25P04", E_POSTGRES_CONTENTION, true, "the transaction took too long"},
	{"40001", E_POSTGRES_CONTENTION, true, "a concurrent transaction was in the way"},
	{"40P01", E_POSTGRES_CONTENTION, true, "a deadlock was resolved"},
	{"55P03", E_POSTGRES_CONTENTION, true, "a lock was not to be had"},
	{"3F000", E_POSTGRES_CONFIG, true,
		"a schema is missing, run `sqitch deploy` in migrations/"},
	{"42P01", E_POSTGRES_CONFIG, true,
		"a table is missing, run `sqitch deploy` in migrations/"},
	{"42703", E_POSTGRES_CONFIG, true,
		"a column is missing, run `sqitch deploy` in migrations/"},
	{"42883", E_POSTGRES_CONFIG, true,
		"a function is missing, run `sqitch deploy` in migrations/"},
	{"42501", E_POSTGRES_CONFIG, true, "the role of DATABASE_URL may not do that"},
	{"P0001", E_POSTGRES_DATA, false, "a trigger or function refuses the row"},
	{"23", E_POSTGRES_DATA, false, "a constraint refuses the row"},
	{"22", E_POSTGRES_DATA, false, "a value is not valid"},
	{"44", E_POSTGRES_DATA, false, "a view's check refuses the row"},
	{"54", E_POSTGRES_DATA, false, "a value is larger than Postgres takes"},
	{"08", E_POSTGRES_AWAY, true, "the connection failed"},
	{"53", E_POSTGRES_AWAY, true, "the server is short of resources"},
	{"57P", E_POSTGRES_AWAY, true, "the server is starting or stopping"},
	{"28", E_POSTGRES_CONFIG, true, "the server does not let the login in"},
	{"3D", E_POSTGRES_CONFIG, true, "there is no such database"},
	{"42", E_POSTGRES_CONFIG, true, "the statement does not fit the database"},
	{"0A", E_POSTGRES_CONFIG, true, "the server lacks a feature"},
	{"", E_POSTGRES_CONFIG, false, "the server refuses the statement, its log has the reason"},
};

const struct sqlstate *sqlstate_find(const char *state)
{
	const struct sqlstate *found = states;
	while (strncmp(state, found->state, strlen(found->state)) != 0)
		found++;
	return found;
}

bool sqlstate_is_timeout(const char *state)
{
	return strcmp(state, "57014") == 0 || strcmp(state, "25P04") == 0 ||
	       sqlstate_is_lock(state);
}

bool sqlstate_is_lock(const char *state)
{
	return strcmp(state, "55P03") == 0;
}
