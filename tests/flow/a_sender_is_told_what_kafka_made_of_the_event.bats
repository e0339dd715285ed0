#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Each class of Kafka's errors, made on command: the sender's answer, the log, the metric, readiness, the exit.

load support/intake
load support/mock_broker

setup() {
	case_begin
	business_make
	mock_start
	export KAFKA_EMBEDDED=true
	gateway_start 1 GATEWAY_KAFKA_TIMEOUT_MS=1000 GATEWAY_ANSWER_TIMEOUT_MS=8000 GATEWAY_THREADS=1 \
		KAFKA_PROPERTY_TOPIC_METADATA_PROPAGATION_MAX_MS=300
	post_one
	expect_accepted
}

teardown() {
	case_end
}

post_one() {
	post 1 "$KEY" "$(contact_json Ada ada@example.com)"
}

# fails ERROR [COUNT]: what the next requests with events get.
fails() {
	mock error "$PRODUCE" "$1" "${2:-1}"
}

says() {
	grep -qs "$1" "$CASE/gateway1.log"
}

# expect_lives: it is ready, and stores the next event.
expect_lives() {
	mock clear "$PRODUCE"
	is_ready gateway1
	post_one
	expect_accepted
}

@test "what the broker refuses before it appends is not stored, and somebody must act" {
	fails MSG_SIZE_TOO_LARGE
	post_one
	expect_refused 503 not_stored
	says 'level=error event=produce.failed error=MSG_SIZE_TOO_LARGE meaning=".*max.message.bytes.*verdict=E_NOT_STORED'
	expect "not stored" "$(produce_errors not_stored)" 1
	expect_lives
}

@test "a login that may not write is told, and works as soon as it may" {
	fails TOPIC_AUTHORIZATION_FAILED
	post_one
	expect_refused 503 not_stored
	says 'level=error event=produce.failed error=TOPIC_AUTHORIZATION_FAILED meaning="the login may not write'
	works() { post_one && [[ $STATUS == 202 ]]; }
	wait_until 15 works
	is_ready gateway1
}

@test "what went wrong in the broker may be stored" {
	local error expected=0
	for error in UNKNOWN NETWORK_EXCEPTION REASSIGNMENT_IN_PROGRESS; do
		fails "$error"
		post_one
		expect_refused 503 maybe_stored
		expected=$((expected + 1))
		expect "maybe stored" "$(produce_errors maybe_stored)" "$expected"
	done
	says 'level=warn event=produce.failed error=UNKNOWN meaning=".*verdict=E_MAYBE_STORED'
	expect_lives
}

@test "a duplicate that the leader alone knows of is not told as stored" {
	fails DUPLICATE_SEQUENCE_NUMBER
	post_one
	expect_refused 503 maybe_stored
	expect "maybe stored" "$(produce_errors maybe_stored)" 1
}

@test "what passes is tried again, and the sender does not hear of it" {
	local error
	for error in NOT_ENOUGH_REPLICAS NOT_ENOUGH_REPLICAS_AFTER_APPEND NOT_LEADER_FOR_PARTITION \
		REQUEST_TIMED_OUT KAFKA_STORAGE_ERROR _TRANSPORT; do
		fails "$error"
		post_one
		expect_accepted
	done
	is_ready gateway1
}

@test "tried in vain until the time is over: may be stored, since a leader that was deposed may have it" {
	fails NOT_LEADER_FOR_PARTITION 1000
	post_one
	expect_refused 503 maybe_stored
	says 'level=warn event=produce.failed error=_MSG_TIMED_OUT'
	expect retriable "$(produce_errors retriable)" 1
	expect_lives
}

@test "an answer that is slower than the time allowed: may be stored" {
	mock rtt 3500
	post_one
	expect_refused 503 maybe_stored
	says 'event=kafka.error error=_TIMED_OUT'
	(($(produce_errors retriable) >= 2))
	mock rtt 0
}

@test "while the broker is away events are certainly not stored, and the gateway stays ready" {
	mock down
	says_away() { says 'event=kafka.error error=\(_TRANSPORT\|_ALL_BROKERS_DOWN\)'; }
	wait_until 10 says_away
	post_one
	expect_refused 503 not_stored
	is_ready gateway1
	(($(produce_errors retriable) >= 2)) # the client's own line, and the event
	mock up
	works() { post_one && [[ $STATUS == 202 ]]; }
	wait_until 15 works
}

@test "a client that has failed for good ends the process, after all have their answers" {
	fails OUT_OF_ORDER_SEQUENCE_NUMBER 5
	pid=$(program_pid gateway1)
	post_one
	expect_refused 503 maybe_stored
	wait_until 15 server_gone "$CASE" gateway1
	code=0
	wait "$pid" || code=$?
	expect "exit code" "$code" 1
	says 'level=error event=kafka.fatal error=OUT_OF_ORDER_SEQUENCE_NUMBER'
	says 'event=gateway.draining'
	says 'level=error event=gateway.failed error=E_KAFKA_FATAL'
}

# launch_second NAME=value...: another gateway, not waited for.
launch_second() {
	echo "127.0.0.1:$(free_port)" >"$CASE/gateway2.listen"
	echo "127.0.0.1:$(free_port)" >"$CASE/gateway2.admin"
	program_launch gateway 2 serve "GATEWAY_LISTEN=$(<"$CASE/gateway2.listen")" \
		"GATEWAY_ADMIN_LISTEN=$(<"$CASE/gateway2.admin")" GATEWAY_THREADS=1 "$@"
}

second_says() {
	grep -qs "$1" "$CASE/gateway2.log"
}

@test "a login that the brokers refuse is told once, by its name, and is not ready" {
	launch_second KAFKA_PROPERTY_SECURITY_PROTOCOL=SASL_PLAINTEXT KAFKA_PROPERTY_SASL_MECHANISM=PLAIN \
		KAFKA_PROPERTY_SASL_USERNAME=intake KAFKA_PROPERTY_SASL_PASSWORD=wrong
	wait_until 15 second_says 'level=error event=kafka.away reason="Kafka does not answer: the brokers refuse the login"'
	sleep 3
	expect "lines" "$(grep -c 'level=error event=kafka.error error=_AUTHENTICATION' "$CASE/gateway2.log")" 1
	expect readyz "$(curl -s -o /dev/null -w '%{http_code}' "http://$(admin_address gateway2)/readyz")" 503
}

@test "a Kafka that tells no settings is used all the same, and that is told" {
	launch_second KAFKA_EMBEDDED=false
	await_ready gateway2
	second_says 'level=warn event=topic.unchecked'
}
