#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The healthcheck command tells dead from degraded, over TCP and a unix socket, in images that have no curl.

load support/intake

setup() {
	case_begin
	business_make
}

teardown() {
	case_end
}

# health PROGRAM LISTEN [OPTION...]: sets OUTPUT and CODE.
health() {
	local program=$1 listen=$2
	shift 2
	CODE=0
	OUTPUT=$(env "DATABASE_URL=$DATABASE" "${program^^}_ADMIN_LISTEN=$listen" timeout 20 \
		"$(program_path "$program")" healthcheck "$@" 2>&1) || CODE=$?
}

# expect_health CODE PATTERN
expect_health() {
	# shellcheck disable=SC2053 # it is a pattern
	[[ $CODE == "$1" && $OUTPUT == $2 ]] || { echo "exit code $CODE: $OUTPUT"; return 1; }
}

@test "a process that lives is healthy, one that cannot work is not ready, and one that is gone is neither" {
	health gateway "127.0.0.1:$(free_port)"
	expect_health 1 "*nobody answers*"
	gateway_start 1
	health gateway "$(admin_address gateway1)"
	expect_health 0 ok
	health gateway "*:$(admin_address gateway1 | cut -d: -f2)" --ready
	expect_health 0 ready
	health gateway systemd
	expect_health 2 "*only systemd knows*"

	program_launch worker 1 run "WORKER_ADMIN_LISTEN=unix:$CASE/admin" KAFKA_BROKERS=127.0.0.1:1
	wait_until 20 test -S "$CASE/admin"
	health worker "unix:$CASE/admin"
	expect_health 0 ok
	health worker "unix:$CASE/admin" --ready
	expect_health 1 "*Kafka: *"
	kill -s STOP "$(program_pid worker1)"
	health worker "unix:$CASE/admin"
	kill -s CONT "$(program_pid worker1)"
	expect_health 1 "*does not answer*"
}

@test "a worker that does not trust Kafka's certificate says so as what somebody has to mend" {
	local stranger
	stranger=127.0.0.1:$(free_port)
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
		-keyout "$CASE/stranger.key" -out "$CASE/stranger.crt" 2>"$CASE/openssl.log"
	echo stranger >>"$CASE/programs"
	launch "$CASE" stranger openssl s_server -www -accept "$stranger" -key "$CASE/stranger.key" -cert "$CASE/stranger.crt"
	worker_launch 1 "KAFKA_BROKERS=$stranger" KAFKA_PROPERTY_SECURITY_PROTOCOL=SSL
	wait_until 20 grep -qs 'level=error event=consume.error code=_SSL reason=".*certificate' "$CASE/worker1.log"
}
