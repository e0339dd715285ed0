#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Three brokers, min.insync.replicas=2: one of them dies under load and comes back.

load ../flow/support/intake
load ../deploy/support/runbook

readonly REQUESTS=40000 RATE=2000

setup() {
	KAFKA_SCRIPTS=$("$PROJECT/tests/tool" kafka-scripts)
	CLUSTER=$(mktemp -d "$FLOW_DIR/cluster.XXXXXX")
	KAFKA_BROKERS=$("$PROJECT/deploy/local/kafka" start "$CLUSTER" --nodes 3 | sed -n 's/^KAFKA_BROKERS=//p')
	export KAFKA_BROKERS CLUSTER
	case_begin
	business_make --limit 1000000
	gateway_start 1
	worker_start 1
}

teardown() {
	case_end
	"$PROJECT/deploy/local/kafka" kill "$CLUSTER"
	rm -rf "$CLUSTER"
}

# The runbook's command says it of all partitions, and without a node that is away.
are_under_replicated() {
	PATH=$KAFKA_SCRIPTS:$PATH timeout 30 bash -euo pipefail -c "$(runbook_command IntakeNotStored kafka-topics.sh)" >"$CASE/replicas" 2>&1 &&
		(($(grep -cE "Topic: $CONTACTS_TOPIC\s+Partition: [0-5]\s.*Isr: [13],[13]\s" "$CASE/replicas") == 6))
}

# Asked of the gateway: a question to the brokers takes its time while one of them is dead.
has_answered() {
	(($(metric gateway1 gateway_requests_total) >= $1))
}

@test "topics are made with three replicas of which two must have each event" {
	owner worker topics create >"$CASE/again.log" 2>&1
	kcat -L -J -b "$KAFKA_BROKERS" -t "$CONTACTS_TOPIC" >"$CASE/metadata"
	expect replicas "$(jq '[.topics[0].partitions[].replicas | length] | unique | .[0]' "$CASE/metadata")" 3
	post 1 "$KEY" "$(contact_json Ada ada@example.com)"
	expect_accepted
	"$PROJECT/deploy/local/kafka" kill "$CLUSTER" --node 2
	wait_until 30 are_under_replicated || { cat "$CASE/replicas"; return 1; }
	"$PROJECT/deploy/local/kafka" kill "$CLUSTER" --node 3
	post 1 "$KEY" "$(contact_json Lone lone@example.com)"
	expect "with one replica" "$STATUS" 503
}

@test "a node that dies under load costs no accepted event and no refusal" {
	load_run --target "$(<"$CASE/gateway1.listen")" --connections 256 --requests "$REQUESTS" \
		--contacts 20000 --rate "$RATE" 3>&- &
	load=$!
	wait_until 30 has_answered 5000
	"$PROJECT/deploy/local/kafka" kill "$CLUSTER" --node 2
	wait_until 60 has_answered 20000
	kill -0 "$load"
	"$PROJECT/deploy/local/kafka" start "$CLUSTER" >/dev/null
	wait "$load"
	expect "without an answer" "$(load_figure no_answer)" 0
	sed 's/^/# /' "$CASE/load" >&3
	awk '{ print $2, $3 }' "$CASE/answers" | sort | uniq -c | sed 's/^/# /' >&3
	run -1 grep -vE '^[0-9]+ (202 -|503 (not_stored|maybe_stored|overloaded)) ' "$CASE/answers"
	await_applied
	expect_fold --repeats --answers "load=$CASE/answers"
}
