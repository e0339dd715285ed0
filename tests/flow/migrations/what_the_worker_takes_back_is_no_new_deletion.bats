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

@test "a row that the worker's statement takes back is not a deletion of its own" {
	local before
	worker_applies Ada "$(version -1000)"
	session_begin deleter service_role
	session_tell deleter "begin; delete from contacts;"
	session_idle deleter
	before=$(version 0)
	session_begin worker intake_worker
	session_tell worker "$(worker_statement Ada "$(version -500)")"
	session_waits worker
	session_tell deleter "commit;"
	session_idle worker
	equal t "$(sql "select event_id < '$before' from intake.deletions")"
}
