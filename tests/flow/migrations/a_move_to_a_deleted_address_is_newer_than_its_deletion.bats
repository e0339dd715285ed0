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

@test "a contact that moves to a deleted address is newer than that deletion" {
	local ahead
	ahead=$(version 3600000)
	worker_applies Ada "$ahead" '+44 20'
	sql_as service_role "delete from contacts"
	worker_applies Bob "$(version -1000)" '' '' '' bob@example.com
	sql_as service_role "update contacts set email = '$ADDRESS'"
	equal 't' "$(sql "select c.name_event_id > d.event_id from contacts c, intake.deletions d
		where d.email_digest = intake.email_digest(c.email)")"
	worker_applies Ada "$ahead" '+44 20'
	equal 'Bob||active' "$(contact)"
}
