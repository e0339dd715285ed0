#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A topic that nobody made: the gateway says so, refuses, lives on, and serves as soon as it is there.

load support/intake

setup() {
	case_begin
	business_make
	export CONTACTS_TOPIC=$CONTACTS_TOPIC.late
}

teardown() {
	case_end
}

gateway_lives() {
	curl -s -f -m 2 -o /dev/null "http://$(admin_address gateway1)/healthz"
}

@test "posts without a topic get 503 not_stored, and 202 once it was made" {
	echo "127.0.0.1:$(free_port)" >"$CASE/gateway1.listen"
	echo "127.0.0.1:$(free_port)" >"$CASE/gateway1.admin"
	program_launch gateway 1 serve "GATEWAY_LISTEN=$(<"$CASE/gateway1.listen")" \
		"GATEWAY_ADMIN_LISTEN=$(<"$CASE/gateway1.admin")" GATEWAY_KAFKA_TIMEOUT_MS=1000 \
		KAFKA_PROPERTY_TOPIC_METADATA_PROPAGATION_MAX_MS=500
	wait_until "$READY_SECONDS" gateway_lives
	expect readyz "$(curl -s -o /dev/null -w '%{http_code}' "http://$(admin_address gateway1)/readyz")" 503

	# The first waits for the topic to appear; the later ones are refused by the client at once.
	for _ in 1 2 3 4 5; do
		post 1 "$KEY" "$(contact_json Ada ada@example.com)"
		expect_refused 503 not_stored
		[[ $(header retry-after) -ge 1 ]]
	done
	gateway_lives
	grep -q 'topics create' "$CASE/gateway1.log"

	owner worker topics create --partitions 2 >"$CASE/late.log" 2>&1
	await_ready gateway1
	post 1 "$KEY" "$(contact_json Ada ada@example.com)"
	expect_accepted
	expect records "$(topic_count)" 1
}
