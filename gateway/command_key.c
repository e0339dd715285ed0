/* SPDX-License-Identifier: Apache-2.0 */
/* command_key - key regenerate and revoke. */
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

#include "gateway/command_query.h"
#include "gateway/commands.h"
#include "shared/api_key.h"
#include "shared/program.h"

/* No row: there is no such business. Null: no old key lives on. */
static const char regenerate_sql[] =
	"select changed.old_ends_at from public.businesses b"
	" cross join lateral intake.set_api_key(b.id, $2::text, $3::bytea, $4::text,"
	"  $5::bigint * interval '1 second') as changed (old_ends_at)"
	" where b.id = $1::uuid";

static const char revoke_sql[] =
	"select b.id from public.businesses b cross join lateral intake.revoke_api_key(b.id)"
	" where b.id = $1::uuid";

/* What the database is told of a key; none of it is the key. */
struct key_row {
	char stored[API_KEY_STORED_LEN + 1];
	char digest[2 + 2 * sizeof(struct api_key_digest) + 1]; /* "\x..." */
	char prefix[API_KEY_PREFIX_LEN + 1];
};

/* How long an old key may live on; seconds, as the database is told. */
static const struct {
	const char *text;
	const char *seconds;
} keep_old_choices[] = {{"1h", "3600"}, {"24h", "86400"}, {"7d", "604800"}};

/* Takes: text - NULL: ret_seconds is NULL too. */
static enum error check_keep_old(const char *text, const char **ret_seconds)
{
	*ret_seconds = NULL;
	for (size_t i = 0; text && i < sizeof(keep_old_choices) / sizeof(*keep_old_choices); i++) {
		if (strcmp(text, keep_old_choices[i].text) == 0)
			*ret_seconds = keep_old_choices[i].seconds;
	}
	if (!text || *ret_seconds)
		return OK;
	return command_failed(E_USAGE, "--keep-old takes 1h, 24h or 7d; see --help");
}

static enum error make_row(const struct api_key *key, struct key_row *ret_row)
{
	struct span text = span_from(key->text, API_KEY_LEN);
	struct api_key_digest digest = api_key_digest(text);
	memcpy(ret_row->digest, "\\x", 2);
	(void)sodium_bin2hex(ret_row->digest + 2, sizeof(ret_row->digest) - 2, digest.bytes,
		sizeof(digest.bytes));
	memcpy(ret_row->prefix, key->text, API_KEY_PREFIX_LEN);
	ret_row->prefix[API_KEY_PREFIX_LEN] = '\0';
	if (api_key_hash(text, ret_row->stored))
		return command_failed(E_SYSTEM, "there is not enough memory to hash the key");
	return OK;
}

static enum error print_key(const char *business, const struct api_key *key, bool json)
{
	char line[UUID_TEXT_LEN + API_KEY_LEN + 64];
	int len =
		json ? snprintf(line, sizeof(line), "{\"business_id\":\"%s\",\"api_key\":\"%s\"}\n",
			       business, key->text)
		     : snprintf(line, sizeof(line), "%s\n", key->text);
	enum error error = command_print(span_from(line, (size_t)len));
	sodium_memzero(line, sizeof(line));
	if (!error && !json && isatty(STDOUT_FILENO))
		(void)fputs("Copy this key now. It won't be shown again.\n", stderr);
	return error;
}

/* Takes: keep_old - seconds; NULL: the old key ends at once. */
static enum error store_key(const char *business, const struct key_row *row, const char *keep_old)
{
	POSTGRES_RESULT PGresult *result = NULL;
	const char *values[] = {business, row->stored, row->digest, row->prefix, keep_old};
	enum error error = command_query(regenerate_sql, 5, values, &result);
	if (error)
		return error;
	if (PQntuples(result) == 0)
		return command_failed(E_NOT_FOUND, "there is no business %s", business);
	if (keep_old && PQgetisnull(result, 0, 0))
		(void)command_failed(
			OK, "no old key lives on: the business had none that Intake knows");
	return OK;
}

static enum error regenerate_key(const char *business, const char *keep_old, bool json)
{
	const char *seconds = NULL;
	struct api_key key;
	struct key_row row;
	enum error error = command_check_uuid("--business", business);
	if (!error)
		error = check_keep_old(keep_old, &seconds);
	if (error)
		return error;
	api_key_generate(&key);
	error = make_row(&key, &row);
	if (!error)
		error = store_key(business, &row, seconds);
	if (!error)
		error = print_key(business, &key, json);
	api_key_wipe(&key);
	return error;
}

int command_key_regenerate(int argc, char **argv)
{
	const char *business = NULL;
	const char *keep_old = NULL;
	bool json = false;
	const struct program_option options[] = {
		{.name = "--business", .value = &business, .required = true},
		{.name = "--keep-old", .value = &keep_old},
		{.name = "--json", .given = &json},
		{.name = NULL},
	};
	enum error error = program_options(argc, argv, options);
	return command_exit(error ? error : regenerate_key(business, keep_old, json));
}

static enum error revoke_key(const char *business, bool json)
{
	POSTGRES_RESULT PGresult *result = NULL;
	const char *values[] = {business};
	struct buf text = {0};
	enum error error = command_check_uuid("--business", business);
	if (!error)
		error = command_query(revoke_sql, 1, values, &result);
	if (error)
		return error;
	if (PQntuples(result) == 0)
		return command_failed(E_NOT_FOUND, "there is no business %s", business);
	if (!json)
		return OK;
	buf_printf(&text, "{\"business_id\":\"%s\"}\n", PQgetvalue(result, 0, 0));
	error = command_print(buf_span(&text));
	buf_fini(&text);
	return error;
}

int command_key_revoke(int argc, char **argv)
{
	const char *business = NULL;
	bool json = false;
	const struct program_option options[] = {
		{.name = "--business", .value = &business, .required = true},
		{.name = "--json", .given = &json},
		{.name = NULL},
	};
	enum error error = program_options(argc, argv, options);
	return command_exit(error ? error : revoke_key(business, json));
}
