#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Under load a worker is killed and started anew, Postgres is restarted, a gateway gets SIGTERM.

load ../flow/support/intake

readonly REQUESTS=60000 RATE=3000

setup() {
	case_begin
	for _ in 1 2 3 4 5; do
		business_make --limit 1000000
	done
	gateway_start 1
	gateway_start 2
	worker_start 1
	worker_start 2
}

teardown() {
	case_end
}

start_load() {
	load_run --target "$(<"$CASE/gateway1.listen")" --target "$(<"$CASE/gateway2.listen")" \
		--connections 64 --requests "$REQUESTS" --contacts 20000 --rate "$RATE" 3>&- &
	LOAD_PID=$!
}

await_topic_growth() {
	wait_until 30 topic_has "$1" || { echo "the topic has $(topic_count) records"; return 1; }
}

@test "a killed worker, a restarted Postgres and a stopped gateway lose nothing that was accepted" {
	start_load
	await_topic_growth 3000
	program_kill worker1
	await_topic_growth $(($(topic_count) + 3000))
	worker_launch 1
	"$PROJECT/deploy/local/postgres" stop "$FLOW_DIR/postgres"
	await_topic_growth $(($(topic_count) + 6000))
	"$PROJECT/deploy/local/postgres" start "$FLOW_DIR/postgres" >/dev/null
	await_topic_growth $(($(topic_count) + 3000))
	program_stop gateway1
	wait "$LOAD_PID"
	sed 's/^/# /' "$CASE/load" >&3
	expect "accepted" "$(load_figure accepted)" "$REQUESTS"
	expect "without an answer" "$(load_figure no_answer)" 0
	await_applied
	expect_fold --answers "load=$CASE/answers"
}

@test "a killed gateway loses nothing that was accepted, and only its own connections go unanswered" {
	start_load
	await_topic_growth 6000
	program_kill gateway1
	await_topic_growth $(($(topic_count) + 6000))
	gateway_start 1
	wait "$LOAD_PID"
	sed 's/^/# /' "$CASE/load" >&3
	# Half of the 64 connections were its own, and each has one request in flight.
	(($(load_figure no_answer) <= 32))
	expect "refused" "$(load_figure refused)" 0
	await_applied
	expect_fold --answers "load=$CASE/answers"
}

@test "known keys go on working while Postgres is away, an unknown one is told to come back" {
	post 2 "$KEY" "$(contact_json Known known@example.com)"
	expect_accepted
	"$PROJECT/deploy/local/postgres" stop "$FLOW_DIR/postgres"
	post 2 "$KEY" "$(contact_json Away away@example.com)" || true
	known=$STATUS
	post 2 "sk_$(printf '%064d' 7)" "$(contact_json Who who@example.com)" || true
	unknown="$STATUS $(jq -r .error <<<"$BODY") $(header retry-after)"
	"$PROJECT/deploy/local/postgres" start "$FLOW_DIR/postgres" >/dev/null
	expect "known key" "$known" 202
	[[ $unknown =~ ^503\ keys_unavailable\ [1-9] ]] || { echo "unknown key: $unknown"; return 1; }
	await_sql "select count(*) from contacts" 2
}
