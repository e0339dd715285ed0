/* SPDX-License-Identifier: Apache-2.0 */
/* command_business - business create, set and list. */
#include <stdlib.h>

#include "gateway/command_query.h"
#include "gateway/commands.h"
#include "shared/buf.h"
#include "shared/program.h"

static const char create_sql[] =
	"with b as ("
	" insert into public.businesses (name, user_id) values ($1::text, $2::uuid) returning id"
	"), l as ("
	" insert into intake.limits (business_id, requests_per_minute)"
	" select id, $3::int from b where $3::int is not null"
	") select id from b";

static const char set_sql[] =
	"with b as ("
	" update public.businesses set name = coalesce($2::text, name),"
	"  user_id = coalesce($3::uuid, user_id),"
	"  updated_at = case when $2 is null and $3 is null then updated_at else now() end"
	" where id = $1::uuid returning id"
	"), l as ("
	" insert into intake.limits (business_id, requests_per_minute)"
	" select id, $4::int from b where $4::int is not null"
	" on conflict (business_id)"
	" do update set requests_per_minute = excluded.requests_per_minute"
	"), d as ("
	" delete from intake.limits where business_id = $1::uuid and $5::bool"
	") select id from b";

/* Columns: JSON, then what people see. A key that was replaced and still lives on is not shown. */
static const char list_sql[] =
	"select row_to_json(r), r.business_id, coalesce(r.key_prefix, case when r.legacy_key"
	"  then 'legacy' else 'none' end), coalesce(r.\"limit\"::text, 'default'),"
	"  regexp_replace(r.name, '[[:cntrl:]]', ' ', 'g')"
	" from (select b.id as business_id, b.name, b.user_id as owner,"
	"   l.requests_per_minute as \"limit\", k.prefix as key_prefix,"
	"   k.created_at as key_created_at, k.last_used_at as key_last_used_at,"
	"   b.api_key_hash is not null and k.digest is null as legacy_key"
	"  from public.businesses b"
	"  left join intake.limits l on l.business_id = b.id"
	"  left join intake.api_keys k on k.business_id = b.id and k.expires_at is null"
	"  order by b.created_at, b.id) r";

/* Takes: text - NULL is fine. */
static enum error check_name(const char *text)
{
	if (!text || *text)
		return OK;
	return command_failed(E_USAGE, "--name takes the business's name; see --help");
}

static enum error check_limit(const char *text, bool may_be_default)
{
	char *end = NULL;
	if (!text || (may_be_default && strcmp(text, "default") == 0))
		return OK;
	long long limit = *text >= '0' && *text <= '9' ? strtoll(text, &end, 10) : 0;
	if (limit >= 1 && limit <= INT32_MAX && end && !*end)
		return OK;
	return command_failed(E_USAGE,
		"--limit takes the requests a minute, 1 or more%s; see --help",
		may_be_default ? ", or default" : "");
}

static enum error print_id(const char *id, bool json)
{
	struct buf text = {0};
	buf_printf(&text, json ? "{\"business_id\":\"%s\"}\n" : "%s\n", id);
	enum error error = command_print(buf_span(&text));
	buf_fini(&text);
	return error;
}

static enum error create(const char *name, const char *owner, const char *limit, bool json)
{
	POSTGRES_RESULT PGresult *result = NULL;
	const char *values[] = {name, owner, limit};
	enum error error = check_name(name);
	if (!error)
		error = command_check_uuid("--owner", owner);
	if (!error)
		error = check_limit(limit, false);
	if (!error)
		error = command_query(create_sql, 3, values, &result);
	return error ? error : print_id(PQgetvalue(result, 0, 0), json);
}

int command_business_create(int argc, char **argv)
{
	const char *name = NULL;
	const char *owner = NULL;
	const char *limit = NULL;
	bool json = false;
	const struct program_option options[] = {
		{.name = "--name", .value = &name, .required = true},
		{.name = "--owner", .value = &owner},
		{.name = "--limit", .value = &limit},
		{.name = "--json", .given = &json},
		{.name = NULL},
	};
	enum error error = program_options(argc, argv, options);
	return command_exit(error ? error : create(name, owner, limit, json));
}

struct change {
	const char *business;
	const char *name;
	const char *owner;
	const char *limit;
};

static enum error check_change(const struct change *change)
{
	enum error error = command_check_uuid("--business", change->business);
	if (!error)
		error = check_name(change->name);
	if (!error)
		error = command_check_uuid("--owner", change->owner);
	if (!error)
		error = check_limit(change->limit, true);
	if (!error && !change->name && !change->owner && !change->limit)
		error = command_failed(
			E_USAGE, "nothing to set: give --name, --owner or --limit; see --help");
	return error;
}

static enum error set(const struct change *change, bool json)
{
	POSTGRES_RESULT PGresult *result = NULL;
	bool is_default = change->limit && strcmp(change->limit, "default") == 0;
	const char *values[] = {change->business, change->name, change->owner,
		is_default ? NULL : change->limit, is_default ? "true" : "false"};
	enum error error = check_change(change);
	if (!error)
		error = command_query(set_sql, 5, values, &result);
	if (error)
		return error;
	if (PQntuples(result) == 0)
		return command_failed(E_NOT_FOUND, "there is no business %s", change->business);
	return json ? print_id(PQgetvalue(result, 0, 0), json) : OK;
}

int command_business_set(int argc, char **argv)
{
	struct change change = {0};
	bool json = false;
	const struct program_option options[] = {
		{.name = "--business", .value = &change.business, .required = true},
		{.name = "--name", .value = &change.name},
		{.name = "--owner", .value = &change.owner},
		{.name = "--limit", .value = &change.limit},
		{.name = "--json", .given = &json},
		{.name = NULL},
	};
	enum error error = program_options(argc, argv, options);
	return command_exit(error ? error : set(&change, json));
}

static enum error list(bool json)
{
	POSTGRES_RESULT PGresult *result = NULL;
	struct buf text = {0};
	enum error error = command_query(list_sql, 0, NULL, &result);
	if (error)
		return error;
	for (int row = 0; row < PQntuples(result); row++) {
		if (json)
			buf_printf(&text, "%s\n", PQgetvalue(result, row, 0));
		else
			buf_printf(&text, "%s  %-11s  %7s  %s\n", PQgetvalue(result, row, 1),
				PQgetvalue(result, row, 2), PQgetvalue(result, row, 3),
				PQgetvalue(result, row, 4));
	}
	error = command_print(buf_span(&text));
	buf_fini(&text);
	return error;
}

int command_business_list(int argc, char **argv)
{
	bool json = false;
	const struct program_option options[] = {
		{.name = "--json", .given = &json},
		{.name = NULL},
	};
	enum error error = program_options(argc, argv, options);
	return command_exit(error ? error : list(json));
}
