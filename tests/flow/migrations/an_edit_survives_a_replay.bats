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

@test "an edit survives the events before it, replayed or late, and yields to the event after it" {
	local older newer
	older=$(version -1000)
	worker_applies Ada "$older" '+44 20'
	sql_as service_role "update contacts set name = 'Countess', phone = '+44 21', status = 'archived'"
	equal '0|0' "$(worker_applies Ada "$older" '+44 20')"
	equal '0|0' "$(worker_applies Late "$(version -500)" '+44 23')"
	equal 'Countess|+44 21|archived' "$(contact)"
	newer=$(version 1000)
	equal '0|1' "$(worker_applies Lovelace "$newer" '+44 22')"
	equal 'Lovelace|+44 22|active' "$(contact)"
}
