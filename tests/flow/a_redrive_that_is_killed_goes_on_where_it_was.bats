#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# kill -9 in the middle of a redrive loses nothing, and the next one sends only what was not noted.

load support/intake

readonly LETTERS=25000

setup() {
	case_begin
	load support/dead_letters
	business_make
}

teardown() {
	case_end
}

# letters: "key<TAB>value" for each.
letters() {
	seq "$LETTERS" | awk -v b="$BUSINESS" '{
		printf "%s:c%d@example.com\t{\"business_id\":\"%s\",\"name\":\"C\",\"email\":\"c%d@example.com\"}\n", b, $1, b, $1 }'
}

# In slices, so that it has not ended before somebody looks.
is_under_way() {
	kill -s CONT "$pid"
	sleep 0.1
	kill -s STOP "$pid"
	(($(topic_count) > sent + 2000))
}

noted() {
	dead_letters list --summary --json | jq .redriven
}

@test "a redrive that is killed again and again ends with every dead letter redriven and noted" {
	dead_letter_headers "$(event_id 1)" refused
	dead_letter_write - "$(letters)" "${HEADERS[@]}"
	sent=0
	for round in 1 2; do
		DATABASE_URL=$DATABASE "$(program_path worker)" dead-letters redrive --all >"$CASE/redrive.log" 2>&1 &
		pid=$!
		wait_until 60 is_under_way
		kill -s KILL "$pid"
		wait "$pid" || true
		sent=$(topic_count)
		before=$(noted)
		echo "round $round: sent $sent, noted $before"
	done
	((before > 0 && before < LETTERS))
	dead_letters redrive --all --json | tail -n 1 >"$CASE/summary"
	expect "redriven at last" "$(jq .summary.redriven "$CASE/summary")" $((LETTERS - before))
	expect noted "$(noted)" "$LETTERS"
	expect contacts "$(topic_dump | jq -r .key | sort -u | wc -l)" "$LETTERS"
	sent=$(topic_count)
	echo "sent: $sent for $LETTERS dead letters"
	# At most what was on its way at each kill is there twice.
	((sent <= LETTERS + 2 * 1000))
	dead_letters redrive --all >"$CASE/nothing"
	grep -q ' 0  redriven$' "$CASE/nothing"
}
