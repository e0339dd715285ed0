#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Postgres goes away and comes back: known keys never notice, unknown ones are told to try again.

load support/intake
measures_time

setup() {
	case_begin
	business_make
	gateway_start 1
	body=$(contact_json Ada ada@example.com)
	unknown=sk_$(printf '%064d' 7)
	wait_until 10 hears
}

teardown() {
	database_allows true
	case_end
}

admin_sql() {
	psql -X -A -t -q -v ON_ERROR_STOP=1 "postgresql://intake@$FLOW_SERVER/postgres" -c "$1"
}

database_allows() {
	admin_sql "alter database $CASE_DATABASE allow_connections $1"
}

# For this case's programs only: other cases share the server.
postgres_away() {
	database_allows false
	admin_sql "select pg_terminate_backend(pid) from pg_stat_activity where datname = '$CASE_DATABASE'"
}

hears() {
	[[ $(metric gateway1 gateway_key_notices_heard) == 1 ]]
}

answers() {
	post 1 "$1" "$body" && [[ $STATUS == "$2" ]]
}

@test "known keys go on, unknown ones get 503, and all is well again by itself" {
	post 1 "$KEY" "$body"
	expect_accepted
	postgres_away
	for _ in 1 2 3 4 5; do
		post 1 "$KEY" "$body"
		expect_accepted
		post 1 "$unknown" "$body"
		expect_refused 503 keys_unavailable
		[[ $(header retry-after) -ge 1 ]]
		sleep 0.5
	done
	[[ $(metric gateway1 gateway_key_postgres_up) == 0 ]]
	database_allows true
	wait_until 15 answers "$unknown" 401
	wait_until 15 hears
	post 1 "$KEY" "$body"
	expect_accepted
}

@test "a gateway that starts without Postgres is not ready, and becomes ready when it comes" {
	program_stop gateway1
	postgres_away
	program_launch gateway 1 serve "GATEWAY_LISTEN=$(<"$CASE/gateway1.listen")" \
		"GATEWAY_ADMIN_LISTEN=$(<"$CASE/gateway1.admin")"
	wait_until 10 not_ready
	database_allows true
	await_ready gateway1
	post 1 "$KEY" "$body"
	expect_accepted
}

not_ready() {
	[[ $(curl -s -m 2 "http://$(admin_address gateway1)/readyz") == *"Postgres has not answered"* ]]
}

@test "a session that hangs delays nobody for longer than the look-up may take" {
	((EUID == 0)) || skip "only root can stop another user's process"
	post 1 "$KEY" "$body"
	expect_accepted
	mapfile -t backends < <(admin_sql "select pid from pg_stat_activity where datname = '$CASE_DATABASE'")
	kill -s STOP "${backends[@]}"
	started=$SECONDS
	post 1 "$KEY" "$body"
	post 1 "$unknown" "$body"
	took=$((SECONDS - started))
	kill -s CONT "${backends[@]}"
	((took <= 6)) || { echo "took $took s"; return 1; }
	wait_until 15 answers "$unknown" 401
}
