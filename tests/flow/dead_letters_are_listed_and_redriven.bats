#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# An operator sees what became a dead letter and why, sends it to the topic again, and nothing newer is
# overwritten. Records of others in the topic harm nobody.

load support/intake

setup() {
	case_begin
	load support/dead_letters
	business_make
	OTHER=00000000-0000-4000-8000-000000000001
	ESCAPE=$'\e[2J'
	dead_letter "$BUSINESS" "$(event_id 1)" refused ada@example.com Ada
	dead_letter "$BUSINESS" "$(event_id 2)" refused bob@example.com "Bob of old"
	dead_letter "$OTHER" "$(event_id 3)" business_gone cy@example.com Cy
	dead_letter "$BUSINESS" "$(event_id 4)" refused dee@example.com Dee 2
	# Not an event, and a reason that would clear the screen.
	dead_letter_headers "$(event_id 5)" undecodable 1 "${ESCAPE}gone"
	dead_letter_write "$BUSINESS:eve@example.com" "not JSON $ESCAPE" "${HEADERS[@]}"
	# Somebody else's.
	dead_letter_write "who $ESCAPE" "eve@example.com $ESCAPE"
	dead_letter_write "" "" "dead_letter.redriven=999999999999999999" "dead_letter.offset=x"
}

teardown() {
	case_end
}

# list_is WANTED OPTION...: "reason state" of what is listed, sorted.
list_is() {
	local wanted=$1
	shift
	expect "list $*" "$(dead_letters list --json "$@" | jq -r '"\(.reason) \(.state)"' | sort | uniq -c | tr -s ' \n' ' ')" \
		"$wanted"
}

@test "dead letters are listed by reason, time and business, without values" {
	list_is " 1 business_gone outstanding 2 foreign outstanding 3 refused outstanding 1 undecodable outstanding "
	list_is " 3 refused outstanding " --reason refused
	list_is " 1 business_gone outstanding " --business "$OTHER"
	list_is " 3 refused outstanding 1 undecodable outstanding " --business "$BUSINESS" --since 1h
	list_is "" --until 1h
	list_is "" --since 2030-01-01
	dead_letters list >"$CASE/list"
	dead_letters list --json >>"$CASE/list"
	[[ $(<"$CASE/list") != *@example.com* ]]
	[[ $(<"$CASE/list") != *$'\e'* ]]
	grep -q 'refused 23514: it was refused' "$CASE/list"
	grep -qF '\x1b[2Jgone' "$CASE/list"
	dead_letters list --show-values >"$CASE/list"
	dead_letters list --show-values --json >>"$CASE/list"
	grep -q 'ada@example.com' "$CASE/list"
	[[ $(<"$CASE/list") != *$'\e'* ]]
	expect summary "$(dead_letters list --summary --json --reason refused)" \
		'{"reason":"refused","outstanding":3,"redriven":0}'
}

@test "what is redriven becomes a row, unless a newer one is there, and is not sent again" {
	local code=0
	dead_letters redrive 2>"$CASE/usage" || code=$?
	expect "exit code without a selection" "$code" 2
	dead_letters redrive --all --dry-run >"$CASE/dry"
	grep -q '3  would be redriven' "$CASE/dry"
	expect "records after a dry run" "$(topic_count)" 0

	sql "insert into contacts (id, business_id, email, name, name_event_id, status_event_id)
		values (gen_random_uuid(), '$BUSINESS', 'bob@example.com', 'Bob of now', null, null)"
	dead_letters redrive --business "$BUSINESS" --json >"$CASE/redriven"
	expect summary "$(tail -n 1 "$CASE/redriven")" \
		'{"summary":{"redriven":2,"already_redriven":0,"came_back":1,"invalid":1,"another_topic":0,"foreign":0}}'
	topic_dump >"$CASE/topic"
	expect ids "$(jq -r '.headers as $h | $h[($h | index("ce_id")) + 1]' "$CASE/topic" | sort | tr '\n' ' ')" \
		"$(event_id 1) $(event_id 2) "
	expect headers "$(jq -c '.headers | [.[range(0; length; 2)]]' "$CASE/topic" | sort -u)" \
		'["ce_specversion","ce_id","ce_type","ce_source","content-type","x-of-the-sender","dead_letter.attempts"]'
	worker_start 1
	await_sql "select name from contacts where email = 'ada@example.com'" Ada
	await_applied
	expect bob "$(sql "select name from contacts where email = 'bob@example.com'")" "Bob of now"
	program_stop worker1

	list_is " 1 refused outstanding 2 refused redriven " --reason refused
	dead_letters redrive --all >"$CASE/again"
	grep -q ' 1  redriven$' "$CASE/again"
	grep -q ' 2  redriven before$' "$CASE/again"
	grep -q ' 1  redriven before, came back' "$CASE/again"
	dead_letters redrive --all --again >"$CASE/again"
	grep -q ' 1  redriven$' "$CASE/again"
	expect "attempts of the one that came back" \
		"$(topic_dump | jq -r '.headers | select(index("'"$(event_id 4)"'")) | .[index("dead_letter.attempts") + 1]')" 2
	list_is " 1 business_gone redriven 2 foreign outstanding 3 refused redriven 1 undecodable outstanding "
}
