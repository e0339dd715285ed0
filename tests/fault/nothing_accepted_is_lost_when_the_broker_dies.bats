#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The broker is killed and comes back under load: each request gets an answer, and each answer is true.

load ../flow/support/intake

readonly REQUESTS=60000 RATE=2000

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
	"$PROJECT/deploy/local/kafka" start "$FLOW_DIR/kafka" >/dev/null
	case_end
}

@test "a killed broker: every answer is 202, not_stored or maybe_stored, and what it says is so" {
	load_run --target "$(<"$CASE/gateway1.listen")" --target "$(<"$CASE/gateway2.listen")" \
		--connections 256 --requests "$REQUESTS" --contacts 20000 --rate "$RATE" 3>&- &
	load=$!
	wait_until 30 topic_has 5000
	"$PROJECT/deploy/local/kafka" kill "$FLOW_DIR/kafka"
	sleep 3 # the outage
	"$PROJECT/deploy/local/kafka" start "$FLOW_DIR/kafka" >/dev/null
	kill -0 "$load"
	wait "$load"
	expect "without an answer" "$(load_figure no_answer)" 0
	sed 's/^/# /' "$CASE/load" >&3
	awk '{ print $2, $3 }' "$CASE/answers" | sort | uniq -c | sed 's/^/# /' >&3
	# overloaded: refused before it was tried, while what came before waits for the broker.
	run -1 grep -vE '^[0-9]+ (202 -|503 (not_stored|maybe_stored|overloaded)) ' "$CASE/answers"
	await_applied
	expect_fold --repeats --answers "load=$CASE/answers"
	post 1 "$KEY" "$(contact_json After after@example.com)"
	expect_accepted
}

@test "a broker that stays away: not_stored with Retry-After, memory stays flat, and the worker says that it waits" {
	program_stop gateway1
	gateway_start 1 GATEWAY_KAFKA_TIMEOUT_MS=1000
	"$PROJECT/deploy/local/kafka" kill "$FLOW_DIR/kafka"
	post 1 "$KEY" "$(contact_json Lost lost@example.com)"
	[[ $STATUS == 503 && $(jq -r .error <<<"$BODY") =~ ^(not_stored|maybe_stored|overloaded)$ ]] || {
		echo "$STATUS $BODY"
		return 1
	}
	(($(header retry-after) >= 1))
	told=$(jq -r .error <<<"$BODY")
	before=$(memory_kb gateway1)
	load_run --target "$(<"$CASE/gateway1.listen")" --connections 512 --requests 2000 \
		--contacts 2000 --marker outage
	sed "s/^/# /" "$CASE/load" >&3
	expect "accepted without a broker" "$(load_figure accepted)" 0
	expect "without an answer" "$(load_figure no_answer)" 0
	after=$(memory_kb gateway1)
	echo "# memory before $before kB, after 2,000 refused $after kB; first one told $told" >&3
	((after - before < 30000))
	wait_until 60 says_that_kafka_is_away 1
	wait_until 60 says_that_kafka_is_away 2
	"$PROJECT/deploy/local/kafka" start "$FLOW_DIR/kafka" >/dev/null
	wait_until 60 accepted_again
	await_applied
	expect_fold --repeats --answers "outage=$CASE/answers"
	wait_until 60 says_that_it_is_ready 1
	wait_until 60 says_that_it_is_ready 2
}

# says_that_kafka_is_away WORKER: wherever its session stands; while partitions move none ends.
says_that_kafka_is_away() {
	curl -s -m 2 "http://$(admin_address "worker$1")/readyz" | grep -q "^Kafka: it has not said for"
}

says_that_it_is_ready() {
	curl -sf -m 2 "http://$(admin_address "worker$1")/readyz" >/dev/null
}

accepted_again() {
	post 1 "$KEY" "$(contact_json Back back@example.com)" && [[ $STATUS == 202 ]]
}
