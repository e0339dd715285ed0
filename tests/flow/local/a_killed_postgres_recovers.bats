#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0

load ../support/postgres

setup() {
	server_start
	psql_env intake
}

teardown() {
	server_stop
}

postmaster() {
	head -n 1 "$INTAKE_TEST_PG_DIR/data/postmaster.pid"
}

@test "a PostgreSQL killed with kill -9 recovers at the next start, at the same address, with all that was committed" {
	local before
	before=$(<"$INTAKE_TEST_PG_DIR/env")
	sql "create table kept as select 1 as value"
	kill -9 "$(postmaster)"
	run ! "$PROJECT/deploy/local/postgres" status "$INTAKE_TEST_PG_DIR"
	run -0 --separate-stderr "$PROJECT/deploy/local/postgres" start "$INTAKE_TEST_PG_DIR"
	equal "$before" "$output"
	equal 1 "$(sql "select value from kept")"
}
