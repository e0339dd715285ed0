#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load ../support/postgres

setup() {
	database_from full-migrated
	business_make
}

teardown() {
	database_drop
}

# What is Intake's own: every table and every function, as a statement that uses it.
uses() {
	sql "select format('select from intake.%I', relname) from pg_class where relnamespace = 'intake'::regnamespace and relkind = 'r'
		union all
		select format('insert into intake.%I default values', relname) from pg_class where relnamespace = 'intake'::regnamespace and relkind = 'r'
		union all
		select format('%s intake.%I(%s)', case prokind when 'p' then 'call' else 'select' end, proname,
			(select string_agg('null::' || t::regtype, ', ' order by n) from unnest(proargtypes) with ordinality as a (t, n)))
		from pg_proc where pronamespace = 'intake'::regnamespace and prorettype <> 'trigger'::regtype"
}

@test "the web application's roles cannot use what is Intake's own" {
	local role statement count=0
	while read -r statement; do
		for role in anon authenticated service_role; do
			refused 'permission denied for schema intake' sql_as "$role" "$statement"
			count=$((count + 1))
		done
	done < <(uses)
	((count >= 40))
}
