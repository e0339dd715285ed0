#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load ../support/settings

setup() {
	settings_database
}

teardown() {
	database_drop
}

# lines COUNT DAYS: so many, so old.
lines() {
	sql "insert into intake.audit (at, business_id, actor, action)
		select now() - interval '$2 days', '$BUSINESS', 'link', 'signed in' from generate_series(1, $1)"
}

@test "old lines of the audit go, some at a time, and young ones are nobody's to drop" {
	lines 5003 401
	lines 2 399
	lines 1 29
	equal 5000 "$(gateway "select intake.sweep_audit(400)")"
	equal 3 "$(gateway "select intake.sweep_audit(400)")"
	equal 0 "$(gateway "select intake.sweep_audit(400)")"
	equal 2 "$(gateway "select intake.sweep_audit(0)")"
	equal 1 "$(sql "select count(*) from intake.audit")"
	refused 'permission denied' gateway "delete from intake.audit"
}
