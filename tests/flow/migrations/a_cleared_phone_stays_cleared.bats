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

@test "a phone that somebody cleared stays cleared" {
	local event
	event=$(version -1000)
	worker_applies Ada "$event" '+44 20'
	sql_as service_role "update contacts set phone = null"
	worker_applies Ada "$event" '+44 20'
	equal 'Ada||active' "$(contact)"
}
