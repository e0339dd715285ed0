/* SPDX-License-Identifier: Apache-2.0 */
/* command_settings_link - settings-link: a way in for an owner. */
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

#include "gateway/command_query.h"
#include "gateway/commands.h"
#include "gateway/config.h"
#include "gateway/settings/site.h"
#include "gateway/settings/token.h"
#include "shared/buf.h"
#include "shared/program.h"

static const char link_sql[] =
	"insert into intake.sign_in_links (digest, business_id)"
	" select $2::bytea, b.id from public.businesses b where b.id = $1::uuid"
	" returning to_char(expires_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')";

/* Where the page is, by the same settings as `serve` has. */
static enum error find_url(struct buf *url)
{
	struct gateway_settings settings = {.listen = NULL};
	struct buf problems = {0};
	const struct setting rows[] = {
		{.name = "GATEWAY_LISTEN",
			.type = SETTING_TEXT,
			.offset = offsetof(struct gateway_settings, listen),
			.value_default = GATEWAY_LISTEN_DEFAULT},
		{.name = "GATEWAY_PUBLIC_URL",
			.type = SETTING_TEXT,
			.offset = offsetof(struct gateway_settings, public_url)},
	};
	const struct settings_group group = {
		"Gateway", rows, sizeof(rows) / sizeof(*rows), &settings};
	enum error error = settings_load(&group, 1, NULL, &problems);
	const char *reason = error ? "GATEWAY_LISTEN and GATEWAY_PUBLIC_URL cannot be read"
				   : site_find_url(&settings, span_of(settings.listen), url);
	if (reason)
		error = command_failed(E_CONFIG, "there is no settings page: %s", reason);
	buf_fini(&problems);
	settings_free(&group, 1);
	return error;
}

static enum error store_link(
	const char *business, const struct token *code, char *expires_at, size_t room)
{
	POSTGRES_RESULT PGresult *result = NULL;
	char digest[2 + 2 * sizeof(struct token_digest) + 1] = "\\x";
	const struct token_digest code_digest = token_digest(code);
	(void)sodium_bin2hex(
		digest + 2, sizeof(digest) - 2, code_digest.bytes, sizeof(code_digest.bytes));
	const char *values[] = {business, digest};
	enum error error = command_query(link_sql, 2, values, &result);
	if (error)
		return error;
	if (PQntuples(result) == 0)
		return command_failed(E_NOT_FOUND, "there is no business %s", business);
	(void)snprintf(expires_at, room, "%s", PQgetvalue(result, 0, 0));
	return OK;
}

static enum error print_link(
	struct span url, const struct token *code, const char *expires_at, bool json)
{
	struct buf line = {0};
	if (json)
		buf_printf(&line, "{\"url\":\"%.*s/settings/sign-in#%s\",\"expires_at\":\"%s\"}\n",
			(int)url.len, url.base, code->text, expires_at);
	else
		buf_printf(&line, "%.*s/settings/sign-in#%s\n", (int)url.len, url.base, code->text);
	enum error error = command_print(buf_span(&line));
	if (!error && !json && isatty(STDOUT_FILENO))
		(void)fputs("It works once, for ten minutes.\n", stderr);
	sodium_memzero(line.base, line.len);
	buf_fini(&line);
	return error;
}

static enum error make_link(const char *business, bool json)
{
	char expires_at[32];
	struct token code;
	struct buf url = {0};
	enum error error = command_check_uuid("--business", business);
	if (!error)
		error = find_url(&url);
	token_generate(&code, TOKEN_CODE_LEN);
	if (!error)
		error = store_link(business, &code, expires_at, sizeof(expires_at));
	if (!error)
		error = print_link(buf_span(&url), &code, expires_at, json);
	token_wipe(&code);
	buf_fini(&url);
	return error;
}

int command_settings_link(int argc, char **argv)
{
	const char *business = NULL;
	bool json = false;
	const struct program_option options[] = {
		{.name = "--business", .value = &business, .required = true},
		{.name = "--json", .given = &json},
		{.name = NULL},
	};
	enum error error = program_options(argc, argv, options);
	return command_exit(error ? error : make_link(business, json));
}
