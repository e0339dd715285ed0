#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Notices can be lost: while the listener is not connected, behind a pooler, or from a wrong database.

load support/intake
measures_time

setup() {
	case_begin
	business_make
	body=$(contact_json Ada ada@example.com)
}

teardown() {
	[[ -z ${STOPPED:-} ]] || kill -s CONT "$STOPPED"
	case_end
}

# hears WANTED [GATEWAY]
hears() {
	[[ $(metric "gateway${2:-1}" gateway_key_notices_heard) == "$1" ]]
}

# refused [GATEWAY]
refused() {
	post "${1:-1}" "$KEY" "$body" && [[ $STATUS == 401 ]]
}

listeners() {
	echo "from pg_stat_activity where datname = current_database()
		and application_name = 'intake-gateway keys listener'"
}

# Without triggers, so that nobody is told.
delete_in_silence() {
	sql "set session_replication_role = replica;
		delete from intake.api_keys; update businesses set api_key_hash = null"
}

@test "after the listener's connection was lost every key is looked up again" {
	gateway_start 1
	wait_until 10 hears 1
	post 1 "$KEY" "$body"
	expect_accepted
	delete_in_silence
	post 1 "$KEY" "$body"
	expect_accepted # nobody told
	sql "select pg_terminate_backend(pid) $(listeners)"
	wait_until 5 refused
}

@test "listeners whose connections were lost and came back hear within a second again, on both gateways" {
	local gateway
	for gateway in 1 2; do
		gateway_start "$gateway"
		wait_until 10 hears 1 "$gateway"
		post "$gateway" "$KEY" "$body"
		expect_accepted
	done
	mapfile -t before < <(sql "select pid $(listeners)")
	sql "select pg_terminate_backend(pid) $(listeners)"
	wait_until 10 sql_is "select count(*) $(listeners) and pid not in (${before[0]}, ${before[1]})" 2
	for gateway in 1 2; do
		wait_until 10 hears 1 "$gateway"
		post "$gateway" "$KEY" "$body"
		expect_accepted
	done
	owner gateway key revoke --business "$BUSINESS"
	wait_until 1 refused 1
	wait_until 1 refused 2
}

@test "a listener whose session went silent is found out within 5 s" {
	((EUID == 0)) || skip "only root can stop another user's process"
	gateway_start 1
	wait_until 10 hears 1
	STOPPED=$(sql "select pid $(listeners)")
	kill -s STOP "$STOPPED"
	post 1 "$KEY" "$body"
	expect_accepted
	owner gateway key revoke --business "$BUSINESS"
	wait_until 6 refused
	wait_until 10 hears 1 # over another connection
}

@test "a listener that hears nothing is said, and keys are looked up anew every second" {
	gateway_start 1 "GATEWAY_LISTEN_DATABASE_URL=postgresql://flow_gateway:$FLOW_PROGRAM_PASSWORD@$FLOW_SERVER/postgres"
	post 1 "$KEY" "$body"
	expect_accepted
	wait_until 10 grep -q 'event=keys.not_listening.*GATEWAY_LISTEN_DATABASE_URL' "$CASE/gateway1.log"
	hears 0
	post 1 "$KEY" "$body"
	expect_accepted
	owner gateway key revoke --business "$BUSINESS"
	wait_until 2 refused
}

@test "a notice without a business drops everything" {
	gateway_start 1
	wait_until 10 hears 1
	post 1 "$KEY" "$body"
	expect_accepted
	delete_in_silence
	sql "notify intake_api_keys"
	wait_until 1 refused
}
