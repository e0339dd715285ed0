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

@test "a change of business is a deletion in the old one and an insert in the new one" {
	local older other=00000000-0000-4000-8000-00000000000c
	older=$(version -1000)
	worker_applies Ada "$older" '+44 20'
	sql "insert into businesses (id, user_id, name) values ('$other', '$BUSINESS', 'C')"
	sql_as service_role "update contacts set business_id = '$other'"
	equal '0|0' "$(worker_applies Ada "$older" '+44 20')"
	equal '' "$(contact)"
	equal '0|0' "$(BUSINESS=$other worker_applies Early "$(version -500)")"
	equal 'Ada|+44 20|active' "$(BUSINESS=$other contact)"
}
