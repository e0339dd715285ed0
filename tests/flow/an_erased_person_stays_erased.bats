#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# deploy/README.md says how to erase a person, what is left where, and how to prove it: so it is.

load support/intake

readonly PERSON=ada@example.com

setup() {
	case_begin
	load support/procedure
	load support/backfill
	business_make
	gateway_start 1
}

teardown() {
	case_end
}

post_person() {
	post 1 "$KEY" "$(contact_json "$@")"
	expect_accepted
}

rows_of_person() {
	sql "select count(*) from contacts where email = '$PERSON'"
}

# proof LINE...: what the procedure says, and nothing else.
proof() {
	equal_lines "$(procedure "prove erasure" "BUSINESS=$BUSINESS" "EMAIL=$PERSON")" "$(printf '%s\n' "$@")"
}

equal_lines() {
	[[ $1 == "$2" ]] || { diff <(echo "$2") <(echo "$1"); return 1; }
}

cut_topic() {
	local partition
	for partition in {0..5}; do
		timeout 60 "$FLOW_BUILD/tests/load/intake-topic" "$KAFKA_BROKERS" "$CONTACTS_TOPIC" --cut "$partition:-1"
	done
}

@test "an erased person is in no table, comes back with no replay, and leaves the topic with its retention" {
	post_person "Ada Lovelace" "$PERSON" "+44 20 7946 0000"
	post_person "Bob" bob@example.com
	worker_start 1
	await_applied
	program_stop worker1
	# One more that is accepted, and not applied when she is erased.
	post_person "Ada King" "$PERSON"

	procedure erase "BUSINESS=$BUSINESS" "EMAIL=Ada@Example.com"
	worker_start 1
	await_applied
	backfill --from beginning --to now >"$CASE/backfill"
	expect "rows of hers" "$(rows_of_person)" 0
	expect "rows of others" "$(sql "select count(*) from contacts")" 1
	pg_dump "$DATABASE" >"$CASE/dump"
	expect "what tables and logs tell of her" \
		"$(cat "$CASE"/dump "$CASE"/gateway1.log "$CASE"/worker1.log | grep -ciE "$PERSON|Lovelace|7946")" 0
	proof "rows: 0" "marked as deleted: true" "records in $CONTACTS_TOPIC: 2" "records in $CONTACTS_TOPIC.dead-letter: 0"

	cut_topic
	proof "rows: 0" "marked as deleted: true" "records in $CONTACTS_TOPIC: 0" "records in $CONTACTS_TOPIC.dead-letter: 0"
	# What could not be read proves nothing.
	run ! procedure "prove erasure" "BUSINESS=$BUSINESS" "EMAIL=$PERSON" "CONTACTS_TOPIC=$CONTACTS_TOPIC.nowhere"
	[[ $output == *"marked as deleted: true"* && $output != *"records in"* ]]

	post_person "Ada again" "$PERSON"
	await_sql "select name, phone from contacts where email = '$PERSON'" "Ada again|"
}

@test "a person whose first event is not applied yet is erased all the same" {
	post_person "Ada Lovelace" "$PERSON"
	procedure erase "BUSINESS=$BUSINESS" "EMAIL=$PERSON"
	worker_start 1
	await_applied
	expect rows "$(rows_of_person)" 0
}
