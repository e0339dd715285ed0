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

@test "contacts and deletions go with their business and leave nothing" {
	local other=00000000-0000-4000-8000-00000000000c
	sql "insert into businesses (id, user_id, name) values ('$other', '$BUSINESS', 'C')"
	worker_applies Ada "$(version -1000)"
	worker_applies Bob "$(version -1000)" '' '' '' bob@example.com
	BUSINESS=$other worker_applies Eve "$(version -1000)"
	sql_as service_role "delete from contacts where name = 'Bob'"
	equal 1 "$(sql "select count(*) from intake.deletions")"
	sql_as service_role "delete from businesses"
	equal '0|0' "$(sql "select (select count(*) from contacts), (select count(*) from intake.deletions)")"
}
