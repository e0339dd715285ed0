#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The whole way: a constraint refuses a contact, a redrive before it is dropped goes in no circle, one after it
# makes the row.

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

dead_letters() {
	owner worker dead-letters "$@"
}

# letters: "state attempts" of each, sorted.
letters() {
	dead_letters list --json --reason refused | jq -r '"\(.state) \(.attempts)"' | sort | tr '\n' ','
}

letters_are() {
	[[ $(letters) == "$1" ]]
}

await_letters() {
	wait_until "$APPLY_SECONDS" letters_are "$1" || {
		echo "dead letters: $(letters), not $1"
		return 1
	}
}

redriven() {
	dead_letters redrive --reason refused "$@" --json | tail -n 1 | jq .summary.redriven
}

@test "a refused contact becomes a row once its constraint is gone, and no redrive before that repeats itself" {
	sql "alter table contacts add constraint contacts_no_bob check (name <> 'Bob')"
	post 1 "$KEY" "$(contact_json Bob bob@example.com)"
	expect_accepted
	post 1 "$KEY" "$(contact_json Ada ada@example.com)"
	expect_accepted
	id=$(topic_dump | jq -r 'select(.payload | contains("bob@")) | .headers | .[index("ce_id") + 1]')
	await_sql "select name from contacts" Ada
	await_letters "outstanding 1,"

	expect "redriven too early" "$(redriven)" 1
	await_letters "outstanding 2,redriven 1,"
	expect "redriven once more" "$(redriven)" 0
	await_applied

	sql "alter table contacts drop constraint contacts_no_bob"
	expect "redriven again" "$(redriven --again)" 1
	await_sql "select name_event_id from contacts where name = 'Bob'" "$id"
	expect "letters" "$(letters)" "redriven 1,redriven 2,"
	expect "left to redrive" "$(redriven --again)" 0
}
