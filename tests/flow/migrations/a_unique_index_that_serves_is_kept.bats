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

unique_indexes() {
	sql "select indexrelid::regclass from pg_index where indrelid = 'contacts'::regclass and indisunique and not indisprimary"
}

@test "a unique index that serves already is kept, whatever its name and order, and outlives a revert" {
	sql "create unique index of_our_own on contacts (email, business_id)"
	sqitch_run deploy
	equal of_our_own "$(unique_indexes)"
	equal '1|0' "$(worker_applies Ada "$(version -1000)")"
	equal '0|1' "$(worker_applies Lovelace "$(version 0)")"
	sqitch_run revert
	equal of_our_own "$(unique_indexes)"
	sql "drop index of_our_own" "create unique index of_our_own on contacts (business_id, email) where status = 'new'"
	sqitch_run deploy
	equal $'of_our_own\ncontacts_business_id_email_key' "$(unique_indexes)"
}
