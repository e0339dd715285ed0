#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The topic's settings: what breaks the promise keeps the gateway from being ready, until it is mended.

load support/intake

setup() {
	case_begin
	business_make
}

teardown() {
	case_end
}

# topic_alter NAME=VALUE...: what an operator does with kafka-configs.
topic_alter() {
	timeout 60 "$FLOW_BUILD/tests/load/intake-topic" "$KAFKA_BROKERS" "$CONTACTS_TOPIC" "$@"
}

gateway_lives() {
	curl -s -f -m 2 -o /dev/null "http://$(admin_address gateway1)/healthz"
}

says() {
	grep -qs "$1" "$CASE/gateway1.log"
}

readyz() {
	curl -s -m 2 "http://$(admin_address gateway1)/readyz"
}

# Without waiting for it to be ready.
launch_gateway() {
	echo "127.0.0.1:$(free_port)" >"$CASE/gateway1.listen"
	echo "127.0.0.1:$(free_port)" >"$CASE/gateway1.admin"
	program_launch gateway 1 serve "GATEWAY_LISTEN=$(<"$CASE/gateway1.listen")" \
		"GATEWAY_ADMIN_LISTEN=$(<"$CASE/gateway1.admin")"
	wait_until "$READY_SECONDS" gateway_lives
}

@test "a single broker is told, and ready" {
	gateway_start 1
	says 'level=warn event=topic.setting .*setting=replication is=1 wanted=3 .*ready=yes'
}

@test "compaction is told, keeps it from being ready, and mended lets it be" {
	topic_alter cleanup.policy=compact
	launch_gateway
	is_told() { says 'level=error event=topic.setting .*setting=cleanup.policy is=compact wanted=delete .*ready=no mend=.*cleanup.policy=delete'; }
	wait_until 10 is_told
	expect "ready" "$(metric gateway1 gateway_ready)" 0
	[[ $(readyz) == *"The topic's cleanup.policy is compact, wanted delete"* ]]
	topic_alter cleanup.policy=delete
	await_ready gateway1 # asked again every second
	[[ $(readyz) != *cleanup.policy* ]]
}

@test "settings that break the promise later are noticed" {
	gateway_start 1
	topic_alter min.insync.replicas=2
	is_not_ready() { ! is_ready gateway1; }
	wait_until 15 is_not_ready
	says 'level=error event=topic.setting .*setting=min.insync.replicas is=2 wanted=1 why="nothing can be stored'
}
