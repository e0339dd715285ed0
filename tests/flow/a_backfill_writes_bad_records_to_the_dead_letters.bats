#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Bad records of a backfill are counted and listed; the dead letters get them only where that is asked for.

load support/intake

readonly GONE=00000000-0000-4000-8000-00000000dead

setup() {
	case_begin
	load support/backfill
	business_make
	events 1 900 300 "$BUSINESS" | produce
	events 1001 1030 30 "$GONE" | produce
	echo "not JSON" | kcat -P -b "$KAFKA_BROKERS" -t "$CONTACTS_TOPIC"
	sql "alter table contacts add constraint not_this check (name <> 'N900')"
}

teardown() {
	case_end
}

@test "bad records are listed without values, and written to the dead letters with --dead-letter alone" {
	backfill --from beginning --to now --job plain >"$CASE/plain"
	grep -q '^Left out:$' "$CASE/plain"
	grep -qE '^partition [0-5], offset [0-9]+: business_gone$' "$CASE/plain"
	grep -q '^and 12 more$' "$CASE/plain"
	[[ $(<"$CASE/plain") != *@example.com* ]]
	expect "dead letters without --dead-letter" "$(dead_dump | wc -l)" 0

	sql "truncate contacts; truncate intake.deletions"
	WORKER_BATCH_ROWS=40 backfill --from beginning --to now --job letters --dead-letter --json >"$CASE/letters"
	expect gone "$(backfill_figure "$CASE/letters" gone)" 30
	expect bad "$(backfill_figure "$CASE/letters" bad)" 2
	expect rows "$(sql "select count(*) from contacts")" 300
	expect_fold_but_dead --gone "$GONE"
	expect_dead business_gone=30 refused=1 unknown_type=1
	expect "dead letters, each once" "$(dead_dump | wc -l)" 32
}
