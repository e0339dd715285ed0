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

@test "a lock file that names a stranger's process neither stops a start nor ends the stranger" {
	local stranger
	"$PROJECT/deploy/local/postgres" stop "$INTAKE_TEST_PG_DIR"
	tail -f /dev/null 3>&- &
	stranger=$!
	printf '%s\n' "$stranger" "$INTAKE_TEST_PG_DIR/data" 0 1 >"$INTAKE_TEST_PG_DIR/data/postmaster.pid"
	"$PROJECT/deploy/local/postgres" stop "$INTAKE_TEST_PG_DIR"
	kill -0 "$stranger"
	"$PROJECT/deploy/local/postgres" start "$INTAKE_TEST_PG_DIR"
	equal 1 "$(sql "select 1")"
	kill "$stranger"
}
