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

@test "an archived contact's name and phone still take an event from before the archiving; its status does not" {
	local first second
	first=$(version -2000)
	second=$(version -1000)
	worker_applies Ada "$first" '+44 20'
	sql_as service_role "update contacts set status = 'archived'"
	equal '0|1' "$(worker_applies Lovelace "$second" '+44 21')"
	equal 'Lovelace|+44 21|archived' "$(contact)"
}
