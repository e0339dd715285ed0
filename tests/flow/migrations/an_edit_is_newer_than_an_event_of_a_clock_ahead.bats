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

@test "an edit is newer than what it changed, also where that came from a clock ahead of ours" {
	local ahead
	ahead=$(version 3600000)
	worker_applies Ada "$ahead" '+44 20'
	sql_as service_role "update contacts set name = 'Countess'"
	worker_applies Ada "$ahead" '+44 20'
	equal 'Countess|+44 20|active' "$(contact)"
	sql_as service_role "delete from contacts"
	worker_applies Ada "$ahead" '+44 20'
	equal '' "$(contact)"
}
