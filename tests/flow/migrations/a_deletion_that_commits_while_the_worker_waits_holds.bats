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

@test "a deletion that commits while the worker's statement waits for it holds" {
	local older
	older=$(version -1000)
	worker_applies Ada "$older" '+44 20'
	session_begin deleter service_role
	session_tell deleter "begin; delete from contacts;"
	session_idle deleter
	session_begin worker intake_worker
	session_tell worker "$(worker_statement Ada "$(version -500)" '+44 20')"
	session_waits worker
	session_tell deleter "commit;"
	session_idle worker
	equal '1|0' "$(<"$BATS_TEST_TMPDIR/worker")"
	equal '' "$(contact)"
	equal '0|0' "$(worker_applies Ada "$older" '+44 20')"
	equal '1|0' "$(worker_applies Lovelace "$(version 1000)")"
	equal 'Lovelace||active' "$(contact)"
}
