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

@test "nobody forges a deletion, a limit or a key, not even with the schema opened to him" {
	local role
	sql "grant usage on schema intake to anon, authenticated, service_role"
	for role in anon authenticated service_role; do
		refused 'permission denied' sql_as "$role" "insert into intake.deletions values ('$BUSINESS', sha256('a'), '$(version 0)')"
		refused 'permission denied' sql_as "$role" "insert into intake.limits values ('$BUSINESS', 1000000)"
		refused 'permission denied' sql_as "$role" "insert into intake.api_keys (digest, business_id, prefix) values (sha256('a'), '$BUSINESS', 'sk_')"
		refused 'permission denied' sql_as "$role" "select digest from intake.api_keys"
		refused 'permission denied' sql_as "$role" "select intake.set_api_key('$BUSINESS', 'a:1', sha256('1'), 'sk_1')"
		refused 'permission denied' sql_as "$role" "select intake.remember_digest('$BUSINESS', 'a:1', sha256('1'), 'sk_1')"
		refused 'permission denied' sql_as "$role" "select intake.record_deletion('$BUSINESS', '$ADDRESS', null)"
		refused 'permission denied' sql_as "$role" "call intake.restore('contacts', array['email'])"
	done
}
