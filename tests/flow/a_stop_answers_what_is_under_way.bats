#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# SIGTERM while requests wait for Kafka: each gets its answer, new ones are refused, the process ends.

load support/intake

# A topic that nobody made keeps a request waiting for as long as GATEWAY_KAFKA_TIMEOUT_MS, and up to a second longer:
# so often does librdkafka look.
setup() {
	case_begin
	business_make
	export CONTACTS_TOPIC=$CONTACTS_TOPIC.nowhere
	echo "127.0.0.1:$(free_port)" >"$CASE/gateway1.listen"
	echo "127.0.0.1:$(free_port)" >"$CASE/gateway1.admin"
	program_launch gateway 1 serve "GATEWAY_LISTEN=$(<"$CASE/gateway1.listen")" \
		"GATEWAY_ADMIN_LISTEN=$(<"$CASE/gateway1.admin")" GATEWAY_KAFKA_TIMEOUT_MS=3000 \
		GATEWAY_ANSWER_TIMEOUT_MS=6000 GATEWAY_DRAIN_TIMEOUT_MS=8000
	wait_until "$READY_SECONDS" gateway_lives
}

teardown() {
	case_end
}

gateway_lives() {
	curl -s -f -m 2 -o /dev/null "http://$(admin_address gateway1)/healthz"
}

in_flight() {
	[[ $(metric gateway1 gateway_requests_in_flight) == "$1" ]]
}

# post_aside NAME: its status and answer go to $CASE/NAME.
post_aside() {
	curl -sS -m 20 -w '\n%{http_code}\n' -H @<(printf 'x-api-key: %s\n' "$KEY") \
		--data-binary "$(contact_json Ada ada@example.com)" "$(webhook 1)" >"$CASE/$1" 2>&1 &
}

@test "a request that waits for Kafka is answered before the gateway ends" {
	post_aside one
	wait_until 5 in_flight 1
	program_stop gateway1
	wait
	expect status "$(tail -n 1 "$CASE/one")" 503
	expect error "$(head -n 1 "$CASE/one" | jq -r .error)" not_stored
}

@test "a second signal cuts it short: maybe stored, and the exit code says that it was" {
	post_aside one
	wait_until 5 in_flight 1
	pid=$(program_pid gateway1)
	kill -s TERM "$pid"
	grep_log() { grep -q gateway.draining "$CASE/gateway1.log"; }
	wait_until 5 grep_log
	kill -s TERM "$pid"
	wait_until 10 server_gone "$CASE" gateway1
	code=0
	wait "$pid" || code=$?
	expect "exit code" "$code" 1
	wait
	expect status "$(tail -n 1 "$CASE/one")" 503
	expect error "$(head -n 1 "$CASE/one" | jq -r .error)" maybe_stored
}
