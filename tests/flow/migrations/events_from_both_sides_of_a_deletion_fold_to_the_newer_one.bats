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

@test "of a row folded from events on both sides of a deletion only the newer one's fields apply" {
	local older newer
	older=$(version -1000)
	worker_applies Ada "$older" '+44 20'
	sql_as service_role "delete from contacts"
	newer=$(version 1000)
	equal '1|0' "$(worker_applies Lovelace "$newer" '+44 20' "$older" "$older")"
	equal 'Lovelace||active' "$(contact)"
	equal t "$(sql "select phone_event_id = event_id from contacts, intake.deletions")"
	equal '0|0' "$(worker_applies Lovelace "$newer" '+44 20' "$older" "$older")"
	equal 'Lovelace||active' "$(contact)"
}
