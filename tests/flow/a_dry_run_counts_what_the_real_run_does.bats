#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A dry run writes nothing and counts exactly what a backfill does: by partition and by business, on a history
# of repeats, older events behind newer ones, missing phones, deletions, edits and lost rows.

load support/intake

readonly GONE=00000000-0000-4000-8000-00000000dead
# Versions of events after all that is done by hand here: January 2027.
readonly LATER_MS=1800000000000

setup() {
	case_begin
	load support/backfill
	business_make
	FIRST=$BUSINESS
	business_make
	SECOND=$BUSINESS
}

teardown() {
	case_end
}

histories() {
	python3 "$SUPPORT/backfill_fates.py" make --business "$FIRST" --business "$SECOND" --business "$GONE" "$@" |
		produce
}

# The table as an operator may find it: edits, deletions, archived contacts, an older copy of some rows.
disturb() {
	sql "update contacts set name = 'By hand' where email like 'c1%'"
	sql "update contacts set status = 'archived' where email like 'c2%'"
	sql "delete from contacts where email like 'c3%'"
	sql "set session_replication_role = replica;
		delete from contacts where email like 'c4%';
		update contacts set name = 'Old', name_event_id = '01800000-0000-7000-8000-000000000000',
			phone = null, phone_event_id = null where email like 'c5%';
		insert into intake.deletions select business_id, intake.email_digest(email),
			'01990000-0000-7000-8000-000000000000' from contacts where email like 'c6%'"
}

expected() {
	topic_dump >"$CASE/topic.json"
	contacts_dump >"$CASE/before.json"
	sql "select business_id || ',' || encode(email_digest, 'hex') || ',' || event_id from intake.deletions" \
		>"$CASE/deletions"
	sql "select id from businesses" >"$CASE/businesses"
	python3 "$SUPPORT/backfill_fates.py" expect "$CASE/topic.json" "$CASE/before.json" "$CASE/deletions" \
		"$CASE/businesses"
}

told() {
	python3 "$SUPPORT/backfill_fates.py" told "$1"
}

# As the job's rows have them.
stored() {
	sql "select format('partition %s read=%s inserted=%s updated=%s unchanged=%s stale=%s bad=%s gone=%s',
		partition, read, inserted, updated, unchanged, stale, bad, gone)
		from intake.backfill_partitions where job = '$1' and read > 0 order by partition"
}

@test "a hostile history comes to the same in a dry run, in the table and by hand, however the batches fall" {
	histories --contacts 300 --events 3000 --seed 1
	backfill --from beginning --to now --job before >/dev/null
	disturb
	histories --contacts 40000 --events 20000 --seed 2
	histories --contacts 400 --events 1000 --seed 3 --since "$LATER_MS" --until $((LATER_MS + 1000000))
	printf 'not JSON\nnot JSON either\n' | kcat -P -b "$KAFKA_BROKERS" -t "$CONTACTS_TOPIC" -p 3

	expected >"$CASE/expected"
	contacts_copy >"$CASE/before"
	backfill --from beginning --to now --dry-run --json >"$CASE/dry.json"
	contacts_copy | cmp - "$CASE/before"
	expect jobs "$(sql "select string_agg(name, ',') from intake.backfill_jobs")" before
	told "$CASE/dry.json" | diff "$CASE/expected" -

	# So small a memory that it takes several passes over the range.
	WORKER_BATCH_ROWS=7 backfill --from beginning --to now --dry-run --memory 1 --json >"$CASE/small.json" \
		2>"$CASE/small.log"
	told "$CASE/small.json" | diff "$CASE/expected" -
	grep -qE 'of [2-9] passes' "$CASE/small.log"

	WORKER_BATCH_ROWS=13 backfill --from beginning --to now --job real --json >"$CASE/real.json"
	grep '^partition' "$CASE/expected" | diff - <(stored real)
	grep '^business' "$CASE/expected" | diff - <(told "$CASE/real.json")
	expect "bad records that are told" "$(grep -c '"event":"bad".*"reason":"business_gone"' "$CASE/real.json")" 20

	backfill --job real --verify >"$CASE/verified"
	expected >"$CASE/expected.again"
	backfill --from beginning --to now --job again --json >/dev/null
	grep '^partition' "$CASE/expected.again" | diff - <(stored again)
	expect "written again" "$(sql "select sum(inserted + updated + unchanged) from intake.backfill_partitions
		where job = 'again'")" 0
}

@test "the differences are told without addresses and values, unless they are asked for" {
	events 1 100 50 "$FIRST" | produce
	backfill --from beginning --to now --dry-run >"$CASE/dry" 2>"$CASE/dry.log"
	grep -q 'would_insert name' "$CASE/dry"
	grep -q '^and 30 more$' "$CASE/dry"
	grep -q 'nothing was written' "$CASE/dry.log"
	[[ $(<"$CASE/dry") != *@* ]]
	[[ $(<"$CASE/dry") != *N1* ]]
	backfill --from beginning --to now --dry-run --show-values --json >"$CASE/shown.json"
	jq -se 'map(select(.event == "would_insert"))[0] | .email == "c1@example.com" or .name[1] != null' \
		"$CASE/shown.json"
	expect rows "$(sql "select count(*) from contacts")" 0
}
