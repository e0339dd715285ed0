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

remember() { # HASH
	echo "select intake.remember_digest('$BUSINESS', '$1', sha256('1'), 'sk_1')"
}

@test "a digest is remembered only for the hash that was verified, also while it changes" {
	sql "update businesses set api_key_hash = 'a:1'"
	equal f "$(sql_as intake_gateway "$(remember a:0)")"
	equal $'t\nt' "$(sql_as intake_gateway "$(remember a:1)" "$(remember a:1)")"
	equal 1 "$(sql "select count(*) from intake.api_keys")"
	session_begin rotator service_role
	session_tell rotator "begin; update businesses set api_key_hash = 'a:2';"
	session_idle rotator
	session_begin gateway intake_gateway
	session_tell gateway "$(remember a:1);"
	session_waits gateway
	session_tell rotator "commit;"
	session_idle gateway
	equal f "$(<"$BATS_TEST_TMPDIR/gateway")"
	equal 0 "$(sql "select count(*) from intake.api_keys")"
}
