#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A backfill takes back the deletions since a moment, of the contacts its range holds, and no others.

load support/intake

setup() {
	case_begin
	load support/backfill
	business_make
	events 1 3000 1000 "$BUSINESS" | produce
	backfill --from beginning --to now --job first >/dev/null
	contacts_copy | cut -f 1-9 >"$CASE/before"
}

teardown() {
	case_end
}

# Deletions of 111 contacts that were meant, and a moment later 111 that were a mistake.
delete_some() {
	sql "delete from contacts where email like 'c1%'"
	sleep 1.1
	SINCE=$(date -u +%Y-%m-%dT%H:%M:%SZ)
	sleep 0.1
	sql "delete from contacts where email like 'c2%'"
}

contact() {
	sql "select name || '|' || coalesce(phone, 'none') || '|' || id from contacts where email = '$1@example.com'"
}

@test "what was deleted by mistake comes back as it was, what was meant stays deleted, and a second run does nothing" {
	local code=0
	delete_some
	WORKER_BATCH_ROWS=50 backfill --from beginning --to now --undelete-since "$SINCE" --dry-run --json >"$CASE/dry"
	expect "would be taken back" "$(backfill_figure "$CASE/dry" undeleted)" 111
	backfill --from beginning --to now --job back --undelete-since "$SINCE" --json >"$CASE/back"
	expect "taken back" "$(backfill_figure "$CASE/back" undeleted)" 111
	expect inserted "$(backfill_figure "$CASE/back" inserted)" "$(backfill_figure "$CASE/dry" inserted)"
	expect "deletions that stay" "$(sql "select count(*) from intake.deletions")" 111
	contacts_copy | cut -f 1-9 | diff <(grep -v 'c1[0-9]*@' "$CASE/before") -

	sql "delete from contacts where email = 'c20@example.com'"
	backfill --job back --json 2>&1 | grep -q 'finished before'
	backfill --job back --undelete-since "$SINCE" 2>&1 | grep -q 'finished before'
	backfill --job back --undelete-since -1h 2>&1 | grep -q 'finished before'
	backfill --job back --undelete-since 2026-01-01T00:00:00Z 2>"$CASE/other" || code=$?
	expect "exit code with another date" "$code" 2
	grep -q 'was made with another --undelete-since' "$CASE/other"
	expect "deleted after the job was made" "$(contact c20)" ""
	WORKER_BATCH_ROWS=50 backfill --from beginning --to now --job plain --json >"$CASE/plain"
	expect "written again" "$(backfill_figure "$CASE/plain" 'inserted + .updated + .unchanged')" 0
}

@test "a phone that a mistake took is back, a contact that came again or moved stays, and what is deleted meanwhile too" {
	delete_some
	contact c3 >"$CASE/c3"
	# Came again without a phone: newer than all, but for its phone.
	printf '01d00000-0000-7000-8000-000000000001\t%s:c21@example.com\t{"business_id":"%s","name":"Again","email":"c21@example.com"}\n' \
		"$BUSINESS" "$BUSINESS" | produce
	backfill --from beginning --to now --job again >/dev/null
	expect "came again" "$(contact c21 | cut -d '|' -f 1,2)" 'Again|none'
	sql "update contacts set email = 'moved@example.com' where email = 'c3@example.com'"

	events 1 3000 1000 "$BUSINESS" | grep 'c2[0-9]*@' | produce
	backfill --from beginning --to now --job back --undelete-since "$SINCE" --rate 300 --lanes 1 >"$CASE/part" 2>&1 &
	wait_until 30 sql_is "select coalesce(sum(undeleted), 0) > 5 from intake.backfill_partitions where job = 'back'" t
	sql "delete from contacts where email = 'c5@example.com'"
	kill -s KILL "$(pgrep -P $! -f 'job back')" || kill -s KILL $!
	wait $! || true
	sql "update intake.backfill_partitions set leased_until = now() - interval '1 second' where leased_until is not null"
	backfill --job back --json >"$CASE/rest"
	expect "taken back, each once" "$(backfill_figure "$CASE/rest" undeleted)" 112
	# 111 came back with three events each; one had come again, and lacked a phone.
	expect "made and changed" "$(backfill_figure "$CASE/rest" '| "\(.inserted) \(.updated)"')" '111 223'
	expect "its phone" "$(contact c21 | cut -d '|' -f 1,2)" 'Again|21'
	expect "the old address of one that moved" "$(contact c3 | cut -d '|' -f 1,2)" "$(cut -d '|' -f 1,2 "$CASE/c3")"
	[[ $(contact c3) != "$(<"$CASE/c3")" ]]
	expect "deleted while the job ran" "$(contact c5)" ""
}

@test "what Postgres refuses keeps no other mistake from being taken back" {
	delete_some
	sql "alter table contacts add constraint not_this check (name <> 'N2200')"
	backfill --from beginning --to now --job back --undelete-since "$SINCE" --json >"$CASE/back"
	expect "taken back, and bad" "$(backfill_figure "$CASE/back" '| "\(.undeleted) \(.bad)"')" '111 1'
	expect "deletions that stay" "$(sql "select count(*) from intake.deletions")" 111
	expect "contacts that are back" "$(sql "select count(*) from contacts where email like 'c2%'")" 111
	expect "what the last good event says" "$(contact c200 | cut -d '|' -f 1)" N1200
}
