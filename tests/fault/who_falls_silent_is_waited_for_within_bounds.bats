#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Kafka or Postgres are stopped, not ended: their connections stay open and nothing comes back.

load ../flow/support/intake
measures_time

readonly KAFKA_TIMEOUT_MS=3000 ANSWER_TIMEOUT_MS=4000

setup() {
	STOPPED=()
	case_begin
	business_make --limit 1000000
	gateway_start 1 GATEWAY_MAX_CONNECTIONS_PER_ADDRESS=0 \
		GATEWAY_KAFKA_TIMEOUT_MS=$KAFKA_TIMEOUT_MS GATEWAY_ANSWER_TIMEOUT_MS=$ANSWER_TIMEOUT_MS
	post 1 "$KEY" "$(contact_json Ada ada@example.com)"
	expect_accepted
}

teardown() {
	go_on
	case_end
}

stop() {
	STOPPED=("$@")
	kill -s STOP "${STOPPED[@]}"
}

go_on() {
	((${#STOPPED[@]} == 0)) || kill -s CONT "${STOPPED[@]}" 2>/dev/null || true
	STOPPED=()
}

# timed_post KEY: sets MS, too.
timed_post() {
	local began=${EPOCHREALTIME/./}
	post 1 "$1" "$(contact_json Ada ada@example.com)"
	MS=$(((${EPOCHREALTIME/./} - began) / 1000))
}

is_accepted() {
	post 1 "$KEY" "$(contact_json Ada ada@example.com)"
	[[ $STATUS == 202 ]]
}

# flood: 1,000 requests a second for 3 s; each is answered, none in more time than it may take.
flood() {
	load_run --target "$(<"$CASE/gateway1.listen")" --connections 4000 --rate 1000 --requests 3000
	expect "without an answer" "$(load_figure no_answer)" 0
	expect accepted "$(load_figure accepted)" 0
	(($(load_figure max_us) <= (ANSWER_TIMEOUT_MS + 1500) * 1000))
	(($(metric gateway1 gateway_shed_total) > 0))
}

@test "Kafka falls silent: each answer comes in time, most at once, memory stays flat, and it recovers" {
	local before once more
	before=$(memory_kb gateway1)
	stop "$(server_pid "$FLOW_DIR/kafka" node1)"
	timed_post "$KEY"
	expect "status ($BODY)" "$STATUS" 503
	((MS <= ANSWER_TIMEOUT_MS + 500))
	# Until each of the gateway's threads has had its worst, as connections happen to be spread.
	for _ in 1 2 3 4; do
		flood
	done
	once=$(memory_kb gateway1)
	flood
	more=$(memory_kb gateway1)
	echo "# memory $before, $once, $more kB; $(metric gateway1 gateway_shed_total) of 15000 at once" >&3
	((once - before < 50000 && more - once < 5000))
	go_on
	wait_until 10 is_accepted
}

@test "Postgres falls silent: known keys work, a new one is told so in time, and it recovers" {
	local main unknown
	unknown=sk_$(printf '%064d' 7)
	main=$(head -n 1 "$FLOW_DIR"/postgres/data/postmaster.pid)
	# shellcheck disable=SC2046 # a word a process
	stop "$main" $(pgrep -P "$main")
	timed_post "$KEY"
	expect_accepted
	((MS <= 1000))
	timed_post "$unknown"
	expect_refused 503 keys_unavailable
	echo "# an unknown key was told so after $MS ms" >&3
	((MS <= 10000))
	timed_post "$KEY"
	expect_accepted
	go_on
	timed_post "$unknown"
	wait_until 10 refuses_unknown "$unknown"
}

refuses_unknown() {
	post 1 "$1" "$(contact_json Ada ada@example.com)"
	[[ $STATUS == 401 ]]
}

# bats test_tags=long
@test "a worker that is stopped while Kafka is silent ends in time" {
	local pid
	worker_start 1
	await_applied
	pid=$(program_pid worker1)
	stop "$(server_pid "$FLOW_DIR/kafka" node1)"
	sleep 6 # it asks how far it is behind, and waits
	kill "$pid"
	has_ended() { ! kill -0 "$pid" 2>/dev/null; }
	wait_until 40 has_ended # units and manifests allow 45 s
}
