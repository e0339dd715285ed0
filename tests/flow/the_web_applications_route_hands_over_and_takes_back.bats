#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A web application that took the webhooks itself hands them to Intake and takes them back: the same keys, the same
# table; while both write the newer one wins; and no contact is lost on the way.

load support/intake

setup() {
	case_begin
	load support/procedure
	web_application_database
	web_application_start
}

teardown() {
	end "$CASE" web_application TERM 10
	case_end
}

super() {
	psql -X -q -v ON_ERROR_STOP=1 "postgresql://$FLOW_SERVER/$1" "${@:2}" >/dev/null
}

# The case's database becomes the web application's: Intake never saw it.
web_application_database() {
	super postgres -c "drop database $CASE_DATABASE with (force)"
	super postgres -c "do 'begin create role anon; create role authenticated; create role service_role bypassrls;
			create role web_owner login createrole; exception when duplicate_object then null; end'" \
		-c "alter role web_owner password '$FLOW_PROGRAM_PASSWORD'" \
		-c "grant intake_gateway, intake_worker to web_owner"
	super postgres -c "create database $CASE_DATABASE owner web_owner"
	super "$CASE_DATABASE" -f "$SUPPORT/web_application_full.sql"
	BUSINESS=$(sql "with u as (insert into auth.users values (gen_random_uuid()) returning id)
		insert into businesses (user_id, name) select id, 'Shop' from u returning id")
}

web_application_start() {
	local port
	port=$(free_port)
	echo "127.0.0.1:$port" >"$CASE/gateway0.listen"
	launch "$CASE" web_application python3 "$SUPPORT/web_application.py" "$port" "$DATABASE"
	wait_until 10 curl -s -o /dev/null "http://127.0.0.1:$port/"
}

# As the web application makes one: sets KEY.
node_key() {
	local hex=$1 salt=00112233445566778899aabbccddeeff stored
	KEY=sk_$hex
	stored=$(HEX=$hex SALT=$salt python3 -c 'import hashlib, os
e = os.environ
print(hashlib.scrypt(e["HEX"].encode(), salt=e["SALT"].encode(), n=16384, r=8, p=1, maxmem=64 << 20, dklen=64).hex())')
	sql "update businesses set api_key_hash = '$salt:$stored' where id = '$BUSINESS'"
}

# old NAME EMAIL [PHONE], new NAME EMAIL [PHONE]: by the web application's route, by Intake's; set ID.
old() {
	post 0 "$KEY" "$(contact_json "$@")"
	expect "the web application's answer" "$STATUS" 200
	ID=$(jq -r .contact.id <<<"$BODY")
}

new() {
	post 1 "$KEY" "$(contact_json "$@")"
	expect_accepted
	ID=$(jq -r .id <<<"$BODY")
}

# row_is NAME PHONE: of Ada, when all is applied.
row_is() {
	await_sql "select name, phone, status from contacts where email = 'ada@example.com'" "$1|$2|active"
}

@test "the route is handed over and taken back with both sides writing, the same keys and no contact lost" {
	local contact i
	node_key "$(printf '%064d' 7)"
	old Ada ada@example.com "+44 1"
	contact=$ID

	# Migrated beside it; then both write, and the newer one wins.
	DATABASE=postgresql://web_owner:$FLOW_PROGRAM_PASSWORD@$FLOW_SERVER/$CASE_DATABASE procedure migrate >"$CASE/migrate.log"
	old "Ada Migrated" ada@example.com
	row_is "Ada Migrated" "+44 1"
	gateway_start 1
	worker_start 1
	new "Ada New" ada@example.com "+44 2"
	row_is "Ada New" "+44 2"
	old "Ada Old" ada@example.com
	row_is "Ada Old" "+44 2"
	expect "the contact's id" "$(sql "select id from contacts where email = 'ada@example.com'")" "$contact"
	[[ $ID == "$contact" ]]

	# An event that waits while the other side writes is the older one when it comes.
	program_stop worker1
	new "Ada Late" ada@example.com "+44 3"
	old "Ada Later" ada@example.com
	worker_start 1
	await_applied
	row_is "Ada Later" "+44 3"

	for i in 1 2 3 4 5; do
		new "New $i" "new$i@example.com"
		old "Old $i" "old$i@example.com"
	done
	await_sql "select count(*) from contacts where email ~ '^(new|old)'" 10

	# All of it is Intake's: a new contact's id is its first event's. A key made here works there.
	new Bob bob@example.com
	await_sql "select id from contacts where email = 'bob@example.com'" "$ID"
	key_make "$BUSINESS"
	new "Ada Again" ada@example.com
	row_is "Ada Again" "+44 3"

	# And back: the worker applies what is left, then goes.
	program_stop worker1
	new "Left behind" left@example.com
	old "Ada Back" ada@example.com "+44 4"
	worker_start 1
	await_applied
	row_is "Ada Back" "+44 4"
	await_sql "select count(*) from contacts where email = 'left@example.com'" 1
	program_stop worker1
	program_stop gateway1
	node_key "$(printf '%064d' 8)"
	old "Ada Alone" ada@example.com
	row_is "Ada Alone" "+44 4"
	expect contacts "$(sql 'select count(*) from contacts')" 13
}
