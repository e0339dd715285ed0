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

@test "a change of hash that waits for a digest being remembered ends it" {
	sql "update businesses set api_key_hash = 'a:1'"
	session_begin gateway intake_gateway
	session_tell gateway "begin; select intake.remember_digest('$BUSINESS', 'a:1', sha256('1'), 'sk_1');"
	session_idle gateway
	session_begin rotator service_role
	session_tell rotator "update businesses set api_key_hash = 'a:2';"
	session_waits rotator
	session_tell gateway "commit;"
	session_idle rotator
	equal t "$(<"$BATS_TEST_TMPDIR/gateway")"
	equal 0 "$(sql "select count(*) from intake.api_keys")"
}
