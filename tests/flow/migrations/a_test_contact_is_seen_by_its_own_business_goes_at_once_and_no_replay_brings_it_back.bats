#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load ../support/settings

setup() {
	settings_database
}

teardown() {
	database_drop
}

@test "a test contact is seen by its own business, goes at once, and no replay brings it back" {
	local test=01900000-0000-7000-8000-000000000001 event
	sign_in s
	event=$(version 0)
	equal "done" "$(gateway "select intake.begin_test(sha256('s'), '$test')")"
	gateway "select intake.note_test('$test', '$event', 3, 41, null)"
	equal "3|41||f" "$(gateway "select kafka_partition, kafka_offset, applied_ms, removed from intake.look_at_test(sha256('s'), '$test')")"
	worker_applies Test "$event" '' '' "$event" "test-$test@intake.invalid"
	worker_applies Ada "$(version 0)"
	sql "insert into intake.sign_in_links (digest, business_id) values (sha256('other'), '$OTHER')"
	gateway "select intake.sign_in_by_link(sha256('other'), sha256('o'), null, '')"
	equal '' "$(gateway "select * from intake.look_at_test(sha256('o'), '$test')")"
	equal "t|t" "$(gateway "select applied_ms is not null, removed from intake.look_at_test(sha256('s'), '$test')")"
	equal Ada "$(sql "select name from contacts")"
	worker_applies Test "$event" '' '' "$event" "test-$test@intake.invalid"
	equal Ada "$(sql "select name from contacts")"
}
