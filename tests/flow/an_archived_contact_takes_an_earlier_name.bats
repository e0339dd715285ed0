#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Fields have versions of their own: archiving is about the status, not about the name.

load support/intake

setup() {
	case_begin
	business_make
	gateway_start 1
	worker_start 1
}

teardown() {
	case_end
}

@test "an event accepted before the archiving and applied after it changes the name, not the status" {
	post 1 "$KEY" "$(contact_json First ada@example.com)"
	expect_accepted
	await_sql "select name from contacts" First
	await_applied
	program_stop worker1
	post 1 "$KEY" "$(contact_json Second ada@example.com '+44 2')"
	expect_accepted
	second=$(jq -r .id <<<"$BODY")
	sql "update contacts set status = 'archived'"
	worker_start 2
	await_applied
	sql_is "select name, phone, status, name_event_id, phone_event_id from contacts" \
		"Second|+44 2|archived|$second|$second"
	sql_is "select status_event_id > name_event_id from contacts" t
}
