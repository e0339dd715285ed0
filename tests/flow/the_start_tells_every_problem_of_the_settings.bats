#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Settings that are wrong stop both programs with exit code 2 and a line for each of them, no value told.

load support/intake

# check PROGRAM COMMAND [NAME=value]...: sets status and output of COMMAND --check in an empty environment.
check() {
	local program=$1 command=$2
	shift 2
	run env -i "PATH=$PATH" "$@" "$(program_path "$program")" "$command" --check
}

@test "the gateway tells all problems at once" {
	check gateway serve GATEWAY_THREDS=2 GATEWAY_THREADS=many GATEWAY_LISTEN=nowhere LOG_LEVEL=loud
	expect status "$status" 2
	for name in GATEWAY_THREDS GATEWAY_THREADS GATEWAY_LISTEN LOG_LEVEL KAFKA_BROKERS DATABASE_URL; do
		grep -q "^$name: " <<<"$output"
	done
}

@test "the worker tells all problems at once" {
	check worker run WORKER_LANE=2 WORKER_LANES=0 WORKER_BATCH_ROWS=x WORKER_ADMIN_LISTEN=nowhere LOG_LEVEL=loud
	expect status "$status" 2
	for name in WORKER_LANE WORKER_LANES WORKER_BATCH_ROWS WORKER_ADMIN_LISTEN LOG_LEVEL KAFKA_BROKERS DATABASE_URL; do
		grep -q "^$name: " <<<"$output"
	done
}

@test "what is no address of a database ends a start, and is not told" {
	for each in "gateway serve" "worker run"; do
		# shellcheck disable=SC2086 # two words
		check $each KAFKA_BROKERS=127.0.0.1:1 "DATABASE_URL=postgresql://intake:hunter2@[::1/intake"
		expect "status of $each" "$status" 2
		grep -q '^DATABASE_URL: not a libpq URI or conninfo string$' <<<"$output"
		[[ $output != *hunter2* ]]
	done
}

@test "what the promises rest on cannot be set, and no value is told" {
	check gateway serve KAFKA_BROKERS=127.0.0.1:1 DATABASE_URL=postgresql:// KAFKA_PROPERTY_ACKS=hunter2
	expect status "$status" 2
	grep -q acks <<<"$output"
	[[ $output != *hunter2* ]]
	check worker run KAFKA_BROKERS=127.0.0.1:1 DATABASE_URL=postgresql:// \
		KAFKA_PROPERTY_ENABLE_AUTO_COMMIT=hunter2
	expect status "$status" 2
	[[ $output != *hunter2* ]]
}

@test "properties of Kafka that contradict each other end a start as they end a look" {
	for each in "gateway serve --check" "gateway serve" "worker run --check" "worker run"; do
		read -ra words <<<"$each"
		run env -i "PATH=$PATH" DATABASE_URL=postgresql://127.0.0.1:1/x KAFKA_BROKERS=127.0.0.1:1 \
			KAFKA_PROPERTY_SECURITY_PROTOCOL=SASL_PLAINTEXT KAFKA_PROPERTY_SASL_MECHANISM=SCRAM-SHA-512 \
			KAFKA_PROPERTY_SASL_USERNAME=intake WORKER_ADMIN_LISTEN=127.0.0.1:0 \
			"$(program_path "${words[0]}")" "${words[@]:1}"
		expect "status of $each" "$status" 2
		grep -q 'sasl.username and sasl.password must be set' <<<"$output"
	done
}

@test "good settings pass, and a secret may come from a file" {
	printf 'postgresql://127.0.0.1/intake\n' >"$BATS_TEST_TMPDIR/url"
	for each in "gateway serve" "worker run"; do
		# shellcheck disable=SC2086 # two words
		check $each KAFKA_BROKERS=127.0.0.1:1 "DATABASE_URL_FILE=$BATS_TEST_TMPDIR/url" \
			KAFKA_PROPERTY_SOCKET_TIMEOUT_MS=30000
		expect status "$status" 0
	done
}
