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

@test "a revoked business has no key, neither the new nor the old one" {
	sql_as intake_gateway "select intake.set_api_key('$BUSINESS', 'a:1', sha256('1'), 'sk_1')" \
		"select intake.set_api_key('$BUSINESS', 'a:2', sha256('2'), 'sk_2', '1 hour')" \
		"select intake.revoke_api_key('$BUSINESS')"
	equal '0|t' "$(sql "select (select count(*) from intake.api_keys), api_key_hash is null from businesses")"
	sql "insert into intake.api_keys (digest, business_id, prefix) values (sha256('3'), '$BUSINESS', 'sk_3')"
	sql_as intake_gateway "select intake.revoke_api_key('$BUSINESS')"
	equal 0 "$(sql "select count(*) from intake.api_keys")"
	refused 'there is no business' sql_as intake_gateway "select intake.revoke_api_key('00000000-0000-4000-8000-0000000000ff')"
}
