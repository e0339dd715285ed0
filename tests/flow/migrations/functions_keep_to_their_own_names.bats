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

# What a login of a role that was stolen brings along: types of its own, which would run its code as whoever uses them.
own_types() {
	local type
	echo "create function pg_temp.seen() returns boolean language plpgsql as \$\$
		begin raise exception 'ran as %', current_user; end \$\$;"
	for type in uuid text bytea timestamptz; do
		echo "create domain pg_temp.$type as pg_catalog.$type check (pg_temp.seen());"
	done
}

@test "no function of Intake's looks a name up in the caller's search path" {
	equal '' "$(sql "select proname from pg_proc
		where pronamespace = 'intake'::regnamespace and prosqlbody is null
			and not coalesce('search_path=pg_catalog, pg_temp' = any (proconfig), false)")"
	worker_applies Ada "$(version -1000)"
	sql "drop trigger set_updated_at on contacts" "create schema evil" "grant usage on schema evil to service_role" \
		"create function evil.now() returns timestamptz language plpgsql as \$\$ begin raise 'evil'; end \$\$" \
		"create function evil.sha256(bytea) returns bytea language plpgsql as \$\$ begin raise 'evil'; end \$\$" \
		"create table evil.deletions (like intake.deletions)"
	sql_as service_role "set search_path = evil, pg_catalog, public" \
		"update contacts set name = 'Countess'" "delete from contacts"
	equal 1 "$(sql "select count(*) from intake.deletions")"
}

@test "no function of Intake's takes the caller's types for its own" {
	sql_as intake_gateway "$(own_types) select intake.sign_in_as_user('$BUSINESS', sha256('s'), null, 'x')"
	sql_as intake_gateway "$(own_types) select intake.set_api_key('$BUSINESS', 'a:1', sha256('1'), 'sk_1', '1 hour')"
	sql_as intake_gateway "$(own_types) select from intake.session_businesses(sha256('s'))"
	worker_applies Ada "$(version -1000)"
	sql_as intake_worker "$(own_types) update contacts set name = 'Countess', email = 'countess@example.com'"
	equal Countess "$(sql 'select name from contacts')"
}
