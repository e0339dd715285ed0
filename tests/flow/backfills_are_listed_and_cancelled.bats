#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Operators see which backfills there are, and end one on all machines at once.

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

# part NUMBER OPTION...
part() {
	local number=$1
	shift
	launch "$CASE" "part$number" env "DATABASE_URL=$(login_url worker)" "$(program_path worker)" \
		backfill --job shared "$@"
	echo "part$number" >>"$CASE/programs"
}

are_at_work() {
	[[ $(backfill list --json | jq -r 'select(.job == "shared").at_work') == 2 ]]
}

@test "jobs are listed, looked at while they run, and cancelled for all who work on them" {
	local code=0 before
	backfill --from 7d --to 6d --job empty
	part 1 --from beginning --to now --rate 200
	wait_until 20 sql_is "select count(*) from intake.backfill_jobs" 2
	part 2 --rate 200
	wait_until 30 are_at_work

	expect "names" "$(backfill list --json | jq -r .job | xargs)" 'shared empty'
	backfill list >"$CASE/list"
	grep -qE '^at_work +[0-9]+ % +6000  20.*  shared$' "$CASE/list"
	grep -qE '^finished +100 % +0  20.*  empty$' "$CASE/list"
	backfill status >"$CASE/status"
	grep -qE '^state +at_work, processes: 2$' "$CASE/status"
	grep -qE '^done +[0-9]+ of 6000 offsets, [0-9]+/s, .*to go$' "$CASE/status"
	[[ $(<"$CASE/status") != *empty* ]]
	expect ranges "$(backfill status shared --json | jq -r '.ranges | length')" 6

	before=$(sql "select sum(read) from intake.backfill_partitions")
	expect cancel "$(backfill cancel shared)" \
		"The job shared is cancelled; who works on it stops behind the batch under way."
	expect_exit 1 part1
	expect_exit 1 part2
	# No more than what was under way: a partition to its end would be a thousand.
	(($(sql "select sum(read) from intake.backfill_partitions") - before < 800))
	grep -q 'The job shared has been cancelled; --resume goes on with it.' "$CASE/part1.log"
	grep -q 'The job shared has been cancelled; --resume goes on with it.' "$CASE/part2.log"
	expect "a second time" "$(backfill cancel shared)" "The job shared was cancelled before."
	grep -qE '^cancelled  ' <(backfill list)
	[[ $(backfill status) == 'No backfill is open;'* ]]

	backfill --job shared 2>"$CASE/refused" || code=$?
	expect "exit code without --resume" "$code" 1
	grep -q 'was cancelled: --resume goes on with it' "$CASE/refused"
	backfill --job shared --resume --json >"$CASE/rest"
	expect read "$(backfill_figure "$CASE/rest" read)" "$EVENTS"
	expect_fold
	expect "a finished one" "$(backfill cancel shared)" "The job shared is finished: nothing is left to cancel."
}

@test "a job that is not there, and words that nobody understands, are told" {
	local code=0
	backfill status nobody 2>"$CASE/status" || code=$?
	expect "exit code of status" "$code" 1
	grep -q 'there is no job nobody' "$CASE/status"
	code=0
	backfill cancel nobody 2>"$CASE/cancel" || code=$?
	expect "exit code of cancel" "$code" 1
	for words in cancel 'status one two' 'list one' 'status --job one' 'lst' '--job x --retry'; do
		code=0
		# shellcheck disable=SC2086 # they are words
		backfill $words 2>"$CASE/words" || code=$?
		expect "exit code of $words" "$code" 2
		[[ -s $CASE/words ]]
	done
}
