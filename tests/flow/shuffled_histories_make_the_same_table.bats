#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# 1,000 contacts with random histories: in order by one worker, and shuffled, repeated and split over
# batches and two workers, the table is the same.

load support/intake

setup() {
	case_begin
	business_make
}

teardown() {
	case_end
}

# versions_and_values: what order must not change (id, created_at and updated_at may depend on it).
versions_and_values() {
	sql "select business_id, email, name, phone, status, name_event_id, phone_event_id, status_event_id
		from contacts order by business_id, email"
}

@test "1,000 random histories, shuffled, repeated and split over two workers, make the same table" {
	python3 "$SUPPORT/histories.py" --business "$BUSINESS" --contacts 1000 --seed 42 >"$CASE/events"
	produce <"$CASE/events"
	worker_start 1
	await_applied
	program_stop worker1
	versions_and_values >"$CASE/in_order"
	expect_fold
	expect rows "$(wc -l <"$CASE/in_order")" 1000

	for seed in 1 2; do
		sql "truncate contacts"
		CONTACTS_TOPIC=${CASE##*.}_shuffled_$seed WORKER_GROUP=$CONTACTS_TOPIC
		export CONTACTS_TOPIC WORKER_GROUP
		owner worker topics create --partitions 6 >>"$CASE/topics.log" 2>&1
		# Small batches, so that a contact's events are split over many.
		worker_start 1 WORKER_BATCH_ROWS=50 WORKER_BATCH_MS=5
		worker_start 2 WORKER_BATCH_ROWS=7 WORKER_BATCH_MS=5
		python3 "$SUPPORT/histories.py" --shuffle --repeat --seed "$seed" <"$CASE/events" | produce
		await_applied
		program_stop worker1
		program_stop worker2
		versions_and_values >"$CASE/shuffled"
		cmp "$CASE/in_order" "$CASE/shuffled"
	done
}
