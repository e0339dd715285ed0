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

@test "the application's contacts outlive a revert and another deploy, which verifies" {
	worker_applies Ada "$(version -1000)" '+44 20'
	local before after
	before=$(contact)
	sqitch_run revert
	equal "$before" "$(contact)"
	sqitch_run deploy
	sqitch_run verify
	equal "$before" "$(contact)"
	after=$(psql -XAtq -f "$SUPPORT/shape.sql")
	database_drop
	database_from full-migrated
	equal "$(psql -XAtq -f "$SUPPORT/shape.sql")" "$after"
}
