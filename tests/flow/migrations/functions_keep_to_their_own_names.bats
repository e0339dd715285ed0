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

@test "no function of Intake's looks a name up in the caller's search path" {
	equal '' "$(sql "select proname from pg_proc
		where pronamespace = 'intake'::regnamespace and prosqlbody is null
			and not coalesce(array_to_string(proconfig, ','), '') like '%search_path=\"\"%'")"
	worker_applies Ada "$(version -1000)"
	sql "drop trigger set_updated_at on contacts" "create schema evil" "grant usage on schema evil to service_role" \
		"create function evil.now() returns timestamptz language plpgsql as \$\$ begin raise 'evil'; end \$\$" \
		"create function evil.sha256(bytea) returns bytea language plpgsql as \$\$ begin raise 'evil'; end \$\$" \
		"create table evil.deletions (like intake.deletions)"
	sql_as service_role "set search_path = evil, pg_catalog, public" \
		"update contacts set name = 'Countess'" "delete from contacts"
	equal 1 "$(sql "select count(*) from intake.deletions")"
}
