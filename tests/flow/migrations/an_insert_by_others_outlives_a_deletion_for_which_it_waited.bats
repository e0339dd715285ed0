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

@test "an insert by others outlives the deletion for which it waited, also one ahead of our clock" {
	local ahead
	ahead=$(version 3600000)
	worker_applies Ada "$ahead" '+44 20'
	session_begin deleter service_role
	session_tell deleter "begin; delete from contacts;"
	session_idle deleter
	session_begin inserter
	session_tell inserter "insert into contacts (business_id, name, email) values ('$BUSINESS', 'Countess', '$ADDRESS');"
	session_waits inserter
	session_tell deleter "commit;"
	session_idle inserter
	equal 'Countess||active' "$(contact)"
	equal t "$(sql "select least(name_event_id, phone_event_id, status_event_id) > event_id from contacts, intake.deletions")"
	worker_applies Ada "$ahead" '+44 20'
	equal 'Countess||active' "$(contact)"
}
