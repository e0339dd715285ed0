#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Whatever somebody did in the table after an event was accepted is newer than that event.

load support/intake

setup() {
	case_begin
	business_make
	gateway_start 1
	worker_start 1
	for name in renamed status phone moved deleted kept; do
		post 1 "$KEY" "$(contact_json "$name" "$name@example.com" '+44 1')"
		expect_accepted
	done
	await_sql "select count(*) from contacts" 6
	await_applied
}

teardown() {
	case_end
}

replay() {
	worker_start 9 "WORKER_GROUP=$WORKER_GROUP-replay-$1"
	await_applied "$WORKER_GROUP-replay-$1"
	program_stop worker9
}

@test "edits of name, status, phone and address, an insert and a deletion survive a replay" {
	sql "update contacts set name = 'By hand' where email = 'renamed@example.com'"
	sql "update contacts set status = 'archived' where email = 'status@example.com'"
	sql "update contacts set phone = null where email = 'phone@example.com'"
	sql "update contacts set email = 'elsewhere@example.com' where email = 'moved@example.com'"
	sql "delete from contacts where email = 'deleted@example.com'"
	sql "insert into contacts (business_id, name, email) values ('$BUSINESS', 'New', 'new@example.com')"
	contacts_copy >"$CASE/before"
	replay 1
	contacts_copy >"$CASE/after"
	diff "$CASE/before" "$CASE/after"
	sql_is "select string_agg(split_part(email, '@', 1), ' ' order by email) from contacts" \
		"elsewhere kept new phone renamed status"
}

@test "a later post changes what was edited, and brings a deleted contact back" {
	sql "update contacts set name = 'By hand', status = 'archived' where email = 'renamed@example.com'"
	sql "delete from contacts where email = 'deleted@example.com'"
	post 1 "$KEY" "$(contact_json Again renamed@example.com)"
	expect_accepted
	post 1 "$KEY" "$(contact_json Again deleted@example.com)"
	expect_accepted
	await_sql "select name, status, phone from contacts where email = 'renamed@example.com'" "Again|active|+44 1"
	# Its old phone went with the deletion.
	await_sql "select name, status, phone from contacts where email = 'deleted@example.com'" "Again|active|"
	values >"$CASE/before"
	replay 1
	values >"$CASE/after"
	diff "$CASE/before" "$CASE/after"
}

# Without the versions: the phone's may become that of the deletion, which took the old one.
values() {
	sql "select id, name, email, phone, status, created_at, updated_at from contacts order by email"
}

@test "a deletion that commits while the worker's statement waits for it is not undone" {
	program_stop worker1
	# An older event for a contact that is there, applied while its deletion is under way.
	mkfifo "$CASE/fifo"
	psql -X -q "$DATABASE" <"$CASE/fifo" >"$CASE/psql.log" 2>&1 3>&- &
	exec {session}>"$CASE/fifo"
	echo "begin; delete from contacts where email = 'deleted@example.com';" >&"$session"
	wait_until 10 sql_is "select count(*) from pg_stat_activity where state = 'idle in transaction'
		and datname = current_database()" 1
	worker_launch 8 "WORKER_GROUP=$WORKER_GROUP-replay-2"
	wait_until 20 sql_is "select count(*) > 0 from pg_locks where not granted" t ||
		echo "# the worker's statement did not have to wait" >&3
	echo "commit;" >&"$session"
	exec {session}>&-
	await_applied "$WORKER_GROUP-replay-2"
	sql_is "select count(*) from contacts where email = 'deleted@example.com'" 0
	sql_is "select count(*) from contacts" 5
}

@test "an address taken by hand while the worker inserts it ends as one contact" {
	program_stop worker1
	sql "delete from contacts"
	sql "delete from intake.deletions"
	mkfifo "$CASE/fifo"
	psql -X -q "$DATABASE" <"$CASE/fifo" >"$CASE/psql.log" 2>&1 3>&- &
	exec {session}>"$CASE/fifo"
	echo "begin; insert into contacts (business_id, name, email)
		values ('$BUSINESS', 'By hand', 'kept@example.com');" >&"$session"
	wait_until 10 sql_is "select count(*) from pg_stat_activity where state = 'idle in transaction'
		and datname = current_database()" 1
	worker_launch 8 "WORKER_GROUP=$WORKER_GROUP-replay-3"
	wait_until 20 sql_is "select count(*) > 0 from pg_locks where not granted" t ||
		echo "# the worker's statement did not have to wait" >&3
	echo "commit;" >&"$session"
	exec {session}>&-
	await_applied "$WORKER_GROUP-replay-3"
	# The insert is the newest: every field of it stays, a null phone too.
	sql_is "select name, phone, status from contacts where email = 'kept@example.com'" "By hand||active"
}
