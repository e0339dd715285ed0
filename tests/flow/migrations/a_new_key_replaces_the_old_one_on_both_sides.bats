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

@test "a new key replaces the old one in businesses and in api_keys" {
	sql_as intake_gateway "select intake.set_api_key('$BUSINESS', 'a:1', sha256('1'), 'sk_1')" \
		"select intake.set_api_key('$BUSINESS', 'a:2', sha256('2'), 'sk_2')"
	equal 'a:2' "$(sql "select api_key_hash from businesses")"
	equal 'sk_2|t|t' "$(sql "select prefix, expires_at is null, digest = sha256('2') from intake.api_keys")"
	sql_as intake_gateway "select intake.set_api_key('$BUSINESS', 'a:2', sha256('3'), 'sk_3')"
	equal 'sk_3' "$(sql "select prefix from intake.api_keys")"
	refused 'there is no business' sql_as intake_gateway "select intake.set_api_key('00000000-0000-4000-8000-0000000000ff', 'a:1', sha256('3'), 'sk_3')"
}
