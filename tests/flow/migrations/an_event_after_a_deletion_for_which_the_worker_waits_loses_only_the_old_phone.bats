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

@test "an event newer than the deletion for which the worker's statement waits applies, without the phone from before" {
	local older newer
	older=$(version -1000)
	newer=$(version 5000)
	worker_applies Ada "$older" '+44 20'
	session_begin deleter service_role
	session_tell deleter "begin; delete from contacts;"
	session_idle deleter
	session_begin worker intake_worker
	session_tell worker "$(worker_statement Lovelace "$newer" '+44 20' "$older" "$older")"
	session_waits worker
	session_tell deleter "commit;"
	session_idle worker
	equal 'Lovelace||active' "$(contact)"
	equal t "$(sql "select phone_event_id = event_id from contacts, intake.deletions")"
	equal '0|0' "$(worker_applies Lovelace "$newer" '+44 20' "$older" "$older")"
	equal 'Lovelace||active' "$(contact)"
}
