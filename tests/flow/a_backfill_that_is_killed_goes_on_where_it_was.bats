#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Three processes share a job, two are killed with kill -9, another is stopped: nothing is lost, nothing is
# counted twice.

load support/intake

readonly EVENTS=24000 CONTACTS=8000

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
		backfill --from beginning --to now --job shared --rate 1500 "$@"
	echo "part$number" >>"$CASE/programs"
}

is_past() {
	(($(sql "select coalesce(sum(read), 0) from intake.backfill_partitions") > $1))
}

@test "a job that three processes share outlives two of them" {
	local code=0
	part 1
	part 2
	part 3
	wait_until 30 is_past 2000
	program_kill part1
	wait_until 30 is_past 4000
	program_kill part2
	kill -s INT "$(program_pid part3)"
	wait "$(program_pid part3)" || code=$?
	expect "exit code of Ctrl-C" "$code" 1
	grep -q "To resume: intake-worker backfill --job 'shared'" "$CASE/part3.log"
	[[ $(sql "select sum(read) from intake.backfill_partitions") != "$EVENTS" ]]

	backfill --job shared --json >"$CASE/last"
	expect read "$(backfill_figure "$CASE/last" read)" "$EVENTS"
	expect inserted "$(backfill_figure "$CASE/last" inserted)" "$CONTACTS"
	expect_fold
}
