#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load ../support/settings

setup() {
	settings_database
}

teardown() {
	database_drop
}

@test "a session ends after 30 minutes of silence and after 8 hours" {
	sign_in s
	sql "update intake.sessions set seen_at = now() - interval '29 minutes'"
	equal Mine "$(gateway "select name from intake.settings_state(sha256('s'))")"
	equal t "$(sql "select seen_at > now() - interval '1 minute' from intake.sessions")"
	sql "update intake.sessions set seen_at = now() - interval '31 minutes'"
	equal '' "$(gateway "select name from intake.settings_state(sha256('s'))")"
	sql "update intake.sessions set seen_at = now(), created_at = now() - interval '8 hours'"
	equal '' "$(gateway "select name from intake.settings_state(sha256('s'))")"
	equal signed_out "$(set_key s 0 1 null)"
	gateway "select intake.settings_sweep()"
	equal 0 "$(sql "select count(*) from intake.sessions")"
}
