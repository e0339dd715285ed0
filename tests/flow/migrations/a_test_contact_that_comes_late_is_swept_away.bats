#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load ../support/settings

setup() {
	settings_database
}

teardown() {
	database_drop
}

@test "a test contact that comes late is swept away" {
	local test=01900000-0000-7000-8000-000000000002 event
	sign_in s
	event=$(version 0)
	gateway "select intake.begin_test(sha256('s'), '$test')"
	gateway "select intake.note_test('$test', '$event', null, null, 'maybe_stored')"
	worker_applies Test "$event" '' '' "$event" "test-$test@intake.invalid"
	sql "update intake.test_requests set begun_at = now() - interval '3 minutes'"
	gateway "select intake.sweep_tests()"
	equal 0 "$(sql "select count(*) from contacts")"
	gateway "select intake.begin_test(sha256('s'), gen_random_uuid())
		from generate_series(1, 9)"
	equal too_many "$(gateway "select intake.begin_test(sha256('s'), gen_random_uuid())")"
}

@test "of a test request that was certainly refused no contact comes" {
	local test=01900000-0000-7000-8000-000000000003 event
	sign_in s
	event=$(version 0)
	gateway "select intake.begin_test(sha256('s'), '$test')"
	gateway "select intake.note_test('$test', null, null, null, 'rate_limited')"
	worker_applies Test "$event" '' '' "$event" "test-$test@intake.invalid"
	sql "update intake.test_requests set begun_at = now() - interval '3 minutes'"
	gateway "select intake.sweep_tests()"
	equal 1 "$(sql "select count(*) from contacts")"
	sql "update intake.test_requests set problem = null"
	gateway "select intake.sweep_tests()"
	equal 0 "$(sql "select count(*) from contacts")"
	equal t "$(sql "select removed_at is not null from intake.test_requests")"
}
