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

@test "a change of address that commits while the worker's statement waits for it holds" {
	worker_applies Ada "$(version -1000)" '+44 20'
	session_begin editor service_role
	session_tell editor "begin; update contacts set email = 'countess@example.com';"
	session_idle editor
	session_begin worker intake_worker
	session_tell worker "$(worker_statement Ada "$(version -500)" '+44 20')"
	session_waits worker
	session_tell editor "commit;"
	session_idle worker
	equal '' "$(contact)"
	equal 'Ada|+44 20|active' "$(contact countess@example.com)"
}
