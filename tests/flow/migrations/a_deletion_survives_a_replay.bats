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

@test "a deleted contact does not come back with an event from before, but with one from after, without its old phone" {
	local older newer
	older=$(version -1000)
	worker_applies Ada "$older" '+44 20'
	sql_as service_role "delete from contacts"
	equal '0|0' "$(worker_applies Ada "$older" '+44 20')"
	equal '' "$(contact)"
	newer=$(version 1000)
	equal '1|0' "$(worker_applies Lovelace "$newer")"
	equal '0|0' "$(worker_applies Ada "$older" '+44 20')"
	equal 'Lovelace||active' "$(contact)"
	sql_as service_role "delete from contacts"
	equal '0|0' "$(worker_applies Lovelace "$newer")"
	equal '' "$(contact)"
}
