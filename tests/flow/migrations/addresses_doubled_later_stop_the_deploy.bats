#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load ../support/postgres

setup() {
	database_from bare
	business_make
}

teardown() {
	database_drop
}

@test "addresses doubled after the first look stop the deploy too, which takes back what it did" {
	local before
	before=$(dump --schema-only)
	sqitch_run deploy --to contacts_validate
	sql "insert into contacts (id, business_id, name, email, phone, created_at, updated_at)
		select gen_random_uuid(), '$BUSINESS', 'A', 'ada@example.com', '', now(), now() from generate_series(1, 2)"
	run ! sqitch_run deploy
	[[ $output == *"public.contacts has 1 e-mail address(es) that are doubled"* ]]
	sqitch_run revert
	equal "$before" "$(dump --schema-only)"
}
