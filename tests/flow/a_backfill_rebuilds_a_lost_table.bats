#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A backfill applies a range of the topic again, without the live group, and undoes nothing made since.

load support/intake

readonly EVENTS=6000 CONTACTS=1500

setup() {
	case_begin
	load support/backfill
	business_make
	events 1 "$EVENTS" "$CONTACTS" "$BUSINESS" | produce
}

teardown() {
	case_end
}

versions_of_rows() {
	sql "select id, xmin, ctid from contacts order by id"
}

@test "a lost table is rebuilt as the topic says, and what was applied costs no row" {
	backfill --from beginning --to now --job first --json >"$CASE/first"
	expect read "$(backfill_figure "$CASE/first" read)" "$EVENTS"
	expect inserted "$(backfill_figure "$CASE/first" inserted)" "$CONTACTS"
	expect_fold
	expect "what the live group has not committed" "$(group_lag)" "$EVENTS"

	sql "delete from contacts where email = 'c1@example.com'"
	sql "update contacts set name = 'By hand' where email = 'c2@example.com'"
	contacts_copy >"$CASE/before"
	versions_of_rows >"$CASE/before.rows"
	backfill --from beginning --to now --job second --json >"$CASE/second"
	expect "written again" "$(backfill_figure "$CASE/second" 'inserted + .updated')" 0
	contacts_copy | cmp - "$CASE/before"
	versions_of_rows | cmp - "$CASE/before.rows"

	sql "truncate contacts"
	backfill --job second --json >"$CASE/again" 2>"$CASE/again.log"
	expect "a finished job" "$(backfill_figure "$CASE/again" event)" finished_before
	expect "rows after it" "$(sql "select count(*) from contacts")" 0
	sql "truncate intake.deletions"
	# Batches in which all contacts are new, then such in which none is.
	WORKER_BATCH_ROWS=50 backfill --from -1h --to now --rate 3000 --json >"$CASE/third"
	expect "inserted again" "$(backfill_figure "$CASE/third" inserted)" "$CONTACTS"
	expect "read again" "$(backfill_figure "$CASE/third" read)" "$EVENTS"
	expect_fold
}

@test "one business is replayed, bad records are counted, and a job keeps what it was made with" {
	local mine=$BUSINESS code=0
	business_make
	events 10001 10300 100 "$BUSINESS" | produce
	events 20001 20003 3 00000000-0000-4000-8000-000000000001 | produce
	echo "not JSON" | kcat -P -b "$KAFKA_BROKERS" -t "$CONTACTS_TOPIC"
	backfill --from beginning --to now --business "$BUSINESS" --job one --json >"$CASE/one"
	expect inserted "$(backfill_figure "$CASE/one" inserted)" 100
	expect others "$(backfill_figure "$CASE/one" others)" $((EVENTS + 3))
	expect "rows of others" "$(sql "select count(*) from contacts where business_id = '$mine'")" 0

	backfill --from 1h --to now --job one 2>"$CASE/refused" || code=$?
	expect "exit code with another range" "$code" 2
	grep -q 'the job one was made with another --from' "$CASE/refused"

	sql "alter table contacts add constraint not_the_last check (name <> 'N$EVENTS')"
	backfill --from beginning --to now --job all --json >"$CASE/all"
	expect bad "$(backfill_figure "$CASE/all" bad)" 2
	expect gone "$(backfill_figure "$CASE/all" gone)" 3
	expect rows "$(sql "select count(*) from contacts")" $((CONTACTS + 100))
	backfill status all >"$CASE/status"
	grep -qE '^state +finished' "$CASE/status"
}
