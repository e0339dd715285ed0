#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# PgBouncer in session mode between the worker and Postgres: all is as without it, and its restart is an outage.

load support/intake

setup() {
	case_begin
	business_make
	gateway_start 1
}

teardown() {
	end "$CASE" pgbouncer INT 10
	case_end
}

# pooler_start MODE: at the same address when it is started again.
pooler_start() {
	local port as=()
	[[ -e $CASE/pooler.port ]] || free_port >"$CASE/pooler.port"
	port=$(<"$CASE/pooler.port")
	cat >"$CASE/pgbouncer.ini" <<-INI
		[databases]
		$CASE_DATABASE = host=${FLOW_SERVER%:*} port=${FLOW_SERVER#*:} dbname=$CASE_DATABASE
		[pgbouncer]
		listen_addr = 127.0.0.1
		listen_port = $port
		unix_socket_dir =
		auth_type = plain
		auth_file = $CASE/pgbouncer.users
		pool_mode = $1
		default_pool_size = 5
		server_tls_sslmode = disable
	INI
	printf '"flow_worker" "%s"\n' "$FLOW_PROGRAM_PASSWORD" >"$CASE/pgbouncer.users"
	chmod 755 "$CASE"
	chmod 644 "$CASE"/pgbouncer.*
	[[ $(id -u) != 0 ]] || as=(setpriv --reuid=postgres --regid=postgres --clear-groups)
	launch "$CASE" pgbouncer "${as[@]}" pgbouncer "$CASE/pgbouncer.ini"
	wait_until 20 pooler_answers
}

pooler_answers() {
	psql -X -q -A -t "$(pooled_url)" -c 'select 1' >"$CASE/pooler.log" 2>&1
}

pooled_url() {
	echo "postgresql://flow_worker:$FLOW_PROGRAM_PASSWORD@127.0.0.1:$(<"$CASE/pooler.port")/$CASE_DATABASE"
}

@test "in session mode a worker prepares its statement, writes, and survives the pooler's restart" {
	pooler_start session
	worker_start 1 "DATABASE_URL=$(pooled_url)"
	post 1 "$KEY" "$(contact_json Ada ada@example.com)"
	expect_accepted
	await_sql "select name from contacts where email = 'ada@example.com'" Ada
	end "$CASE" pgbouncer INT 10
	post 1 "$KEY" "$(contact_json Bob bob@example.com)"
	expect_accepted
	pooler_start session
	await_sql "select name from contacts where email = 'bob@example.com'" Bob
}
