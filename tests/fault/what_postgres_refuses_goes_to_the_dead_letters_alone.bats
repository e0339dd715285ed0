#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Bad data, under load: only the bad events go to the dead letters, all others are written.

load support/under_load

setup() {
	matrix_setup
}

teardown() {
	matrix_teardown
}

# bats test_tags=quick
@test "23514: a check that an operator added" {
	operator "alter table contacts add constraint polite check (name !~ '^Refuse' and phone !~ '^Refuse')"
	load_begin
	load_end
	expect_dead_are refused Refuse
	expect_log 'event=dead_letter.written reason=refused .*23514: a constraint refuses the row, constraint polite'
	run -1 grep -E 'contact[0-9]+@|Refuse' "$CASE/worker1.log"
}

@test "P0001: a trigger that an operator added raises" {
	operator "create function polite() returns trigger language plpgsql as \$\$ begin
		if new.name ~ '^Refuse' then raise exception 'no % here', new.email; end if; return new; end \$\$" \
		"create trigger polite before insert or update on contacts for each row execute function polite()"
	load_begin
	load_end
	expect_dead_are refused '"name\\": \\"Refuse'
	run -1 grep -E 'contact[0-9]+@' "$CASE/worker1.log"
}

@test "42501: what a trigger says with another code is for the operator, and not told" {
	load_begin
	operator "create function polite() returns trigger language plpgsql as \$\$ begin
		raise insufficient_privilege using message = 'no ' || new.email; end \$\$" \
		"create trigger polite before insert or update on contacts for each row execute function polite()"
	wait_until 10 expect_log 'event=lane.waiting .*for=configuration .*42501' >/dev/null
	operator "drop trigger polite on contacts"
	load_end
	expect_no_dead
	run -1 grep -E 'contact[0-9]+@' "$CASE/worker1.log"
}

@test "22001: a column that an operator made shorter" {
	operator "alter table contacts add label varchar(3) generated always as (case when name ~ '^Refuse' then name end) stored"
	load_begin
	load_end
	expect_dead_are refused '"name\\": \\"Refuse'
	run -1 grep -v '"dead_letter.sqlstate","22001"' "$CASE/dead.json"
}

@test "23505: a unique index that an operator added" {
	operator "create unique index one_phone on contacts ((phone = '+44 0'), (left(name, 6))) where name ~ '^Refuse'"
	load_begin
	load_end
	(($(wc -l <"$CASE/dead.json") > 0))
	run -1 grep -v 'Refuse' "$CASE/dead.json"
	expect_log 'constraint one_phone'
}

@test "23505: one event id for two contacts, by another producer" {
	local id=0190b5a0-0000-7000-8000-0000000000bb email
	load_begin WORKER_LANES=1
	for email in first second; do
		printf '%s\t%s:%s@example.com\t{"business_id": "%s", "name": "Twin", "email": "%s@example.com"}\n' \
			"$id" "${BUSINESSES[0]}" "$email" "${BUSINESSES[0]}" "$email" | produce >>"$CASE/twins.log" 2>&1
	done
	load_end
	expect_dead refused=1
	expect_log 'event=dead_letter.written reason=refused .*constraint contacts_pkey'
}

@test "23503: a foreign key that an operator added is not the business's" {
	operator "create table allowed (name text primary key)" "insert into allowed values ('ok')" \
		"alter table contacts add label text generated always as (case when name ~ '^Refuse' then name else 'ok' end) stored references allowed"
	load_begin
	load_end
	expect_dead_are refused '"name\\": \\"Refuse'
	expect_log 'constraint contacts_label_fkey'
}

@test "23503: a business that is deleted under load" {
	load_begin
	sleep 1
	operator "delete from businesses where id = '${BUSINESSES[1]}'"
	load_end --gone "${BUSINESSES[1]}"
	(($(wc -l <"$CASE/dead.json") > 0))
	run -1 grep -v "${BUSINESSES[1]}" "$CASE/dead.json"
	expect_dead "business_gone=$(wc -l <"$CASE/dead.json")"
	run -1 grep -q event=lane.waiting "$CASE/worker1.log"
}

@test "23503: a business that never was" {
	add_business 0190b5a0-0000-7000-8000-0000000000aa
	load_begin
	load_end
	expect_dead_are business_gone 0190b5a0-0000-7000-8000-0000000000aa
}

# other_producer FILE [KCAT_OPTION...]: a whole file as one record.
other_producer() {
	local file=$1
	shift
	kcat -P -b "$KAFKA_BROKERS" -t "$CONTACTS_TOPIC" -k stranger "$@" "$file"
}

# foreign_event FILE: with the headers of an event of ours.
foreign_event() {
	other_producer "$1" -H ce_specversion=1.0 -H ce_type=contact.received.v1 \
		-H "ce_id=$(printf '0190b5a0-0000-7000-8000-%012d' $((++FOREIGN)))"
}

@test "records of other producers: NUL, bad UTF-8, tombstones, other versions, no headers, no JSON" {
	local value=$CASE/value FOREIGN=0 reasons
	load_begin
	printf '{"business_id":"%s","name":"A\\u0000","email":"a@example.com"}' "${BUSINESSES[0]}" >"$value"
	foreign_event "$value"
	printf '{"business_id":"%s","name":"A\0","email":"a@example.com"}' "${BUSINESSES[0]}" >"$value"
	foreign_event "$value"
	printf '{"business_id":"%s","name":"\xff\xfe","email":"a@example.com"}' "${BUSINESSES[0]}" >"$value"
	foreign_event "$value"
	printf '{"business_id":"%s","name":"A","email":"nobody"}' "${BUSINESSES[0]}" >"$value"
	foreign_event "$value"
	other_producer "$value"
	other_producer "$value" -H ce_specversion=1.0 -H ce_type=contact.received.v9
	echo stranger: | kcat -P -b "$KAFKA_BROKERS" -t "$CONTACTS_TOPIC" -K: -Z
	stream_end
	await_applied
	dead_dump >"$CASE/dead.bytes"
	reasons=$(grep -aoE '"dead_letter.reason","[a-z_]+"' "$CASE/dead.bytes" | cut -d'"' -f4 | sort | uniq -c | xargs)
	expect reasons "$reasons" "1 invalid 1 tombstone 3 undecodable 2 unknown_type"
	load_end
}

@test "a record near the size limit fits the dead letters" {
	load_begin
	head -c 1000000 /dev/urandom | base64 -w0 | head -c 1040000 >"$CASE/value"
	kcat -P -b "$KAFKA_BROKERS" -t "$CONTACTS_TOPIC" -X message.max.bytes=2000000 -k stranger -H ce_id=x "$CASE/value"
	load_end
	expect_dead unknown_type=1
	expect "the value's length" "$(jq -r .payload "$CASE/dead.json" | wc -c)" 1040001
}
