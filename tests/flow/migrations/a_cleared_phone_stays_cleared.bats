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
	worker_applies Ada "$(version -1000)" '+44 20'
	sql_as service_role "update contacts set phone = null"
	worker_applies Ada "$(version -500)" '+44 21'
	equal 'Ada||active' "$(contact)"
}
