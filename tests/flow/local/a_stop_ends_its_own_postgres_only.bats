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

@test "a stop ends its own PostgreSQL and no other, and a second start changes nothing" {
	local first=$INTAKE_TEST_PG_DIR before
	server_start
	before=$(<"$first/env")
	equal "$before" "$("$PROJECT/deploy/local/postgres" start "$first")"
	"$PROJECT/deploy/local/postgres" stop "$first"
	run ! "$PROJECT/deploy/local/postgres" status "$first"
	"$PROJECT/deploy/local/postgres" status "$INTAKE_TEST_PG_DIR"
	rm -rf "$first"
}
