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

@test "a change of api_key_hash by others ends the business's keys and tells the gateways" {
	local other=00000000-0000-4000-8000-00000000000c
	sql "insert into businesses (id, user_id, name) values ('$other', '$BUSINESS', 'C')"
	sql "select intake.set_api_key('$BUSINESS', 'a:1', sha256('1'), 'sk_1')" \
		"select intake.set_api_key('$BUSINESS', 'a:2', sha256('2'), 'sk_2', '1 hour')" \
		"select intake.set_api_key('$other', 'a:3', sha256('3'), 'sk_3')"
	sql_as service_role "update businesses set name = 'B2'"
	equal 3 "$(sql "select count(*) from intake.api_keys")"
	run -0 sql "listen intake_api_keys" "set role service_role" "update businesses set api_key_hash = 'a:4' where id = '$BUSINESS'"
	[[ $output == *"\"intake_api_keys\" with payload \"$BUSINESS\""* ]]
	equal "$other|sk_3" "$(sql "select business_id, prefix from intake.api_keys")"
}
