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

@test "other users of the machine do not get into the private PostgreSQL" {
	refused 'password authentication failed' env PGPASSWORD=guess psql -XAtc 'select 1'
	refused 'no password supplied' env -u PGPASSWORD psql -XAtwc 'select 1'
	equal 600 "$(stat -c %a "$INTAKE_TEST_PG_DIR/env")"
	equal 600 "$(stat -c %a "$INTAKE_TEST_PG_DIR/password")"
	equal '127.0.0.1|' "$(sql "select current_setting('listen_addresses'), current_setting('unix_socket_directories')")"
}
