#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load support/page

setup() {
	case_begin
	business_make
	gateway_start 1
	sign_in ada 1 "$BUSINESS"
	visit ada 1 /settings
}

teardown() {
	case_end
}

send_test() {
	submit ada 1 /settings/test -d "form_token=$(field form_token)"
}

# look: at the test that was sent last.
look() {
	visit ada 1 "/settings?test=$(sql "select id from intake.test_requests order by begun_at desc limit 1")"
}

looks_applied() {
	look
	[[ $BODY == *'The contact was there within'* ]]
}

@test "it is stored, becomes a row, is deleted, and no replay brings it back" {
	worker_start 1
	send_test
	expect status "$STATUS" 200
	[[ $BODY == *'in partition '* ]]
	wait_until "$APPLY_SECONDS" looks_applied
	expect contacts "$(sql 'select count(*) from contacts')" 0
	expect records "$(topic_count)" 1
	expect counted "$(sql "select count(*) from intake.deletions")" 1
	WORKER_GROUP=again worker_start 2
	await_applied again
	expect 'contacts after a replay' "$(sql 'select count(*) from contacts')" 0
	visit ada 1 /settings
	[[ $BODY == *'<b>1</b> of 60 requests'* ]]
}

@test "without a worker it waits, and says so" {
	send_test
	look
	[[ $BODY == *'On its way to Postgres'* && $BODY == *data-poll=* ]]
	sql "update intake.test_requests set begun_at = now() - interval '31 seconds'"
	look
	[[ $BODY == *'Not in Postgres yet'* ]]
	worker_start 1
	wait_until "$APPLY_SECONDS" looks_applied
}

@test "where the limit is used up it says so in plain words" {
	owner gateway business set --business "$BUSINESS" --limit 1
	sleep 1
	post 1 "$KEY" "$(contact_json Ada ada@example.com)"
	visit ada 1 /settings
	send_test
	[[ $BODY == *'The limit is used up for now.'* ]]
	expect records "$(topic_count)" 1
}

@test "ten in ten minutes are enough" {
	for _ in {1..10}; do
		send_test
		expect status "$STATUS" 200
	done
	send_test
	expect status "$STATUS" 429
}
