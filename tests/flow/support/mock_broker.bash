# SPDX-License-Identifier: Apache-2.0
# mock_broker - a Kafka that fails on command: librdkafka's in-memory broker (tests/load/mock_broker.c).
# shellcheck shell=bash
#
# Load it after intake. The gateways of the case then use it; the contacts' topic has one partition.

# Kafka's key of the request.
# shellcheck disable=SC2034 # for the cases
readonly PRODUCE=0

mock_runs() {
	server_gone "$CASE" mock || grep -qs '^KAFKA_BROKERS=' "$CASE/mock.log"
}

mock_start() {
	mkfifo "$CASE/commands"
	grep -qsx mock "$CASE/programs" || echo mock >>"$CASE/programs"
	launch "$CASE" mock "$FLOW_BUILD/tests/load/intake-mock-broker" "$CASE/commands" "$CONTACTS_TOPIC" 1
	wait_until 10 mock_runs
	KAFKA_BROKERS=$(sed -n 's/^KAFKA_BROKERS=//p' "$CASE/mock.log")
	export KAFKA_BROKERS
}

mock_has_done() {
	(($(grep -c '^done ' "$CASE/mock.log") >= $1))
}

# mock WORD...: and wait until it is so.
mock() {
	local before
	before=$(grep -c '^done ' "$CASE/mock.log") || true
	echo "$*" >"$CASE/commands"
	wait_until 5 mock_has_done $((before + 1)) || {
		tail -n 3 "$CASE/mock.log"
		return 1
	}
}

# produce_errors CLASS: how many the gateway has counted.
produce_errors() {
	metrics "gateway${2:-1}" | sed -n "s/^gateway_produce_errors_total{class=\"$1\"} //p"
}
