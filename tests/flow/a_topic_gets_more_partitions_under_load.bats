#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A contact's events change their partition on the way, with traffic on: none is lost, and the newest wins.

load support/intake

readonly RATE=1000 SECONDS_OF_LOAD=12

setup() {
	case_begin
	load support/procedure
	KAFKA_SCRIPTS=$("$PROJECT/tests/tool" kafka-scripts)
	# Else gateways look for new partitions every five minutes, workers every 30 s.
	export KAFKA_PROPERTY_TOPIC_METADATA_REFRESH_INTERVAL_MS=1000
	business_make --limit 1000000
	gateway_start 1
	gateway_start 2
	worker_start 1
	worker_start 2
}

teardown() {
	case_end
}

assigned_are() {
	(($(metric worker1 worker_partitions_assigned) + $(metric worker2 worker_partitions_assigned) == $1))
}

records_in() {
	kcat -C -q -e -o beginning -b "$KAFKA_BROKERS" -t "$CONTACTS_TOPIC" -p "$1" -f '.\n' | wc -l
}

@test "a topic grows from 6 to 24 partitions while contacts come in, and the table is the fold of it" {
	load_run --target "$(<"$CASE/gateway1.listen")" --target "$(<"$CASE/gateway2.listen")" --connections 32 \
		--requests $((RATE * SECONDS_OF_LOAD)) --contacts 500 --rate "$RATE" 3>&- &
	local load=$! partition
	wait_until 20 topic_has $((3 * RATE))
	PATH=$KAFKA_SCRIPTS:$PATH procedure "more partitions"
	wait_until 30 assigned_are 24
	wait "$load"
	expect accepted "$(load_figure accepted)" $((RATE * SECONDS_OF_LOAD))
	await_applied
	for partition in 0 6 23; do
		(($(records_in "$partition") > 0)) || { echo "nothing in partition $partition"; return 1; }
	done
	expect_fold --grown --answers "load=$CASE/answers"
	expect jumps "$(metric worker1 worker_offset_jumps_total)/$(metric worker2 worker_offset_jumps_total)" 0/0
}
