#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A verification reads a range again and proves, field by field, that no contact is older than the log says.

load support/intake

setup() {
	case_begin
	load support/backfill
	business_make
	events 1 3000 1000 "$BUSINESS" | produce
	backfill --from beginning --to now --job all >/dev/null
}

teardown() {
	case_end
}

# Past the triggers, as a restored copy is.
past_triggers() {
	sql "set session_replication_role = replica; $1"
}

# verified CODE FILE
verified() {
	local code=0
	backfill --job all --verify --json >"$2" 2>"$2.log" || code=$?
	expect "exit code" "$code" "$1"
}

@test "edits and deletions by hand are newer than the log" {
	sql "update contacts set name = 'By hand', phone = null where email like 'c1%'"
	sql "update contacts set email = 'moved@example.com' where email = 'c2@example.com'"
	sql "delete from contacts where email like 'c3%'"
	echo "not JSON" | kcat -P -b "$KAFKA_BROKERS" -t "$CONTACTS_TOPIC"
	verified 0 "$CASE/same"
	expect behind "$(backfill_figure "$CASE/same" behind)" 0
	expect applied "$(backfill_figure "$CASE/same" applied)" $((3000 - 112 * 3))
	expect deleted "$(backfill_figure "$CASE/same" deleted)" $((112 * 3))
	backfill --from beginning --to now --verify >"$CASE/text" 2>"$CASE/text.log"
	grep -qE '^ +1  are no valid events$' "$CASE/text"
	grep -q 'No contact is older than the log says' "$CASE/text.log"
}

@test "rows that were set back, lost, or changed past the triggers are found and named without values" {
	past_triggers "update contacts set phone = '1', phone_event_id = '01800000-0000-7000-8000-000000000000'
		where email = 'c2@example.com'"
	past_triggers "update contacts set name = 'Changed' where email = 'c5@example.com'"
	past_triggers "update contacts set status = 'archived' where email = 'c8@example.com'"
	past_triggers "update contacts set status_event_id = '01800000-0000-7000-8000-000000000000'
		where email = 'c9@example.com'"
	past_triggers "delete from contacts where email = 'c6@example.com'"
	verified 1 "$CASE/found"
	grep -q 'The table is behind the log' "$CASE/found.log"
	jq -c 'select(.event == "behind") | .fields' "$CASE/found" | sort | uniq -c | tr -s ' ' >"$CASE/fields"
	# All three events of the last are newer than its status.
	expect "fields that are behind" "$(tr '\n' ';' <"$CASE/fields")" ' 1 ["name"]; 1 ["phone"]; 4 ["status"];'
	expect "events that are missing" "$(jq -c 'select(.event == "missing")' "$CASE/found" | wc -l)" 3
	expect business "$(jq -r 'select(.event == "behind") | .business_id' "$CASE/found" | sort -u)" "$BUSINESS"
	[[ $(<"$CASE/found") != *example.com* && $(<"$CASE/found") != *Changed* ]]

	backfill --from beginning --to now --verify --show-values >"$CASE/shown" 2>/dev/null || true
	grep -q 'contact "c5@example.com": behind name; name "Changed" -> "N' "$CASE/shown"
}
