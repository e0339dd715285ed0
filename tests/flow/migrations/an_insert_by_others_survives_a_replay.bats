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

@test "an insert by others is newer, in every field, than the events before it" {
	local event
	event=$(version -1000)
	sql_as service_role "insert into contacts (business_id, name, email, status) values ('$BUSINESS', 'Countess', '$ADDRESS', 'archived')"
	equal '0|0' "$(worker_applies Ada "$event" '+44 20')"
	equal 'Countess||archived' "$(contact)"
	worker_applies Ada "$(version 1000)" '+44 20'
	equal 'Ada|+44 20|active' "$(contact)"
}
