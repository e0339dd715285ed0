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

@test "under row-level security the gateway reads businesses and keys, writes keys by functions, and does no more" {
	sql_as intake_gateway "select intake.set_api_key('$BUSINESS', 'a:1', sha256('1'), 'sk_1')"
	equal "$BUSINESS|a:1" "$(sql_as intake_gateway "select b.id, b.api_key_hash from intake.api_keys k
		join businesses b on b.id = k.business_id left join intake.limits l on l.business_id = b.id")"
	sql_as intake_gateway "update intake.api_keys set last_used_at = now()"
	refused 'permission denied' sql_as intake_gateway "select from contacts"
	refused 'permission denied' sql_as intake_gateway "update businesses set api_key_hash = null"
	refused 'permission denied' sql_as intake_gateway "delete from businesses"
	refused 'permission denied' sql_as intake_gateway "insert into intake.api_keys (digest, business_id, prefix) values (sha256('a'), '$BUSINESS', 'sk_')"
	refused 'permission denied' sql_as intake_gateway "update intake.api_keys set expires_at = null"
	refused 'permission denied' sql_as intake_gateway "insert into intake.limits values ('$BUSINESS', 600)"
	refused 'permission denied' sql_as intake_gateway "select from intake.deletions"
}
