#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Who comes while a gateway starts waits until it is ready, and no longer than two seconds.

load support/intake
measures_time

setup() {
	case_begin
	business_make
	echo "127.0.0.1:$(free_port)" >"$CASE/gateway1.listen"
	echo "127.0.0.1:$(free_port)" >"$CASE/gateway1.admin"
}

teardown() {
	[[ -z ${SLOW:-} ]] || kill "$SLOW"
	case_end
}

# start_with NAME=value...: and do not wait for it.
start_with() {
	program_launch gateway 1 serve "GATEWAY_LISTEN=$(<"$CASE/gateway1.listen")" \
		"GATEWAY_ADMIN_LISTEN=$(<"$CASE/gateway1.admin")" "$@"
}

# The first that finds the port open; there is no second try.
post_first() {
	wait_until 10 grep -qs gateway.listening "$CASE/gateway1.log"
	post 1 "$KEY" "$(contact_json Ada ada@example.com)"
}

@test "a request that comes before Postgres has answered is accepted once it has" {
	local port
	port=$(free_port)
	python3 "$SUPPORT/slow_proxy.py" "$port" "${FLOW_SERVER##*:}" --delay-ms 50 --bytes-per-s 1000000 3>&- &
	SLOW=$!
	start_with "DATABASE_URL=postgresql://flow_gateway:$FLOW_PROGRAM_PASSWORD@127.0.0.1:$port/$CASE_DATABASE"
	post_first
	expect_accepted
}

@test "where Postgres does not answer at all, a request is told so after two seconds" {
	local began took_ms
	start_with "DATABASE_URL=postgresql://nobody@127.0.0.1:$(free_port)/none"
	began=${EPOCHREALTIME/[.,]/}
	post_first || true
	expect_refused 503 keys_unavailable
	took_ms=$(((${EPOCHREALTIME/[.,]/} - began) / 1000))
	((took_ms >= 1900 && took_ms < 4000)) || { echo "told after $took_ms ms"; return 1; }
}
