#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Retention took what was not read, the topic was made anew, the group's offsets are gone: the worker goes on,
# and never in silence.

load support/intake

readonly JUMPS=worker_offset_jumps_total

setup() {
	case_begin
	business_make
	produce_contacts 300 1
	worker_start 1
	await_applied
}

teardown() {
	case_end
}

# produce_contacts CONTACTS SEED
produce_contacts() {
	python3 "$SUPPORT/histories.py" --business "$BUSINESS" --contacts "$1" --seed "$2" | produce >/dev/null
}

topic_tool() {
	timeout 60 "$FLOW_BUILD/tests/load/intake-topic" "$KAFKA_BROKERS" "$CONTACTS_TOPIC" "$@"
}

cut_all() {
	local partition
	for partition in {0..5}; do
		topic_tool --cut "$partition:-1"
	done
}

has_alarm() {
	(($(metric worker1 "$JUMPS") > 0)) && grep -q 'level=error event=consume.offset_jump' "$CASE/worker1.log"
}

expect_alarm() {
	wait_until 20 has_alarm || { echo "no alarm: $(metric worker1 "$JUMPS")"; return 1; }
	grep -q "$1" "$CASE/worker1.log"
}

@test "records that retention took before they were applied" {
	program_stop worker1
	produce_contacts 100 2
	cut_all
	produce_contacts 100 3
	worker_start 1
	await_applied
	expect_alarm "records between were never applied and are gone"
}

@test "a topic that is made anew under the worker is read from its beginning" {
	topic_tool --delete
	wait_until 20 owner_creates_topics
	produce_contacts 20 4
	expect_alarm "the topic was cut or made anew; reading it again"
	await_applied
}

owner_creates_topics() {
	owner worker topics create --partitions 6 >>"$CASE/topics.log" 2>&1
}

@test "offsets that have expired, of a topic that is still whole, cost a second reading and no more" {
	program_stop worker1
	topic_tool --forget "$WORKER_GROUP"
	contacts_copy >"$CASE/before"
	worker_start 1
	await_applied
	grep -q 'event=assignment.assigned partitions=6 never_committed=6' "$CASE/worker1.log"
	grep -q "level=warn event=assignment.from_the_beginning partitions=6" "$CASE/worker1.log"
	expect jumps "$(metric worker1 "$JUMPS")" 0
	contacts_copy | diff "$CASE/before" -
	expect_fold
}

@test "offsets that have expired, of a topic whose first records are gone" {
	program_stop worker1
	topic_tool --forget "$WORKER_GROUP"
	cut_all
	produce_contacts 100 5
	worker_start 1
	expect_alarm "records between were never applied and are gone"
}

@test "the first events of partitions that are added while the worker runs are applied" {
	program_stop worker1
	worker_start 1 KAFKA_PROPERTY_TOPIC_METADATA_REFRESH_INTERVAL_MS=1000
	topic_tool --partitions 8
	# A key's partition depends on how many there are: other contacts, so that none is in two of them.
	python3 "$SUPPORT/histories.py" --business "$(other_business)" --contacts 300 --seed 6 | produce >/dev/null
	wait_until 30 has_partitions 8 || { echo "$(metric worker1 worker_partitions_assigned) partitions"; return 1; }
	await_applied
	expect jumps "$(metric worker1 "$JUMPS")" 0
	expect_fold
}

has_partitions() {
	[[ $(metric worker1 worker_partitions_assigned) == "$1" ]]
}

other_business() {
	owner gateway business create --name Other --json | jq -r .business_id
}
