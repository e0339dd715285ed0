#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Three processes share a job, two are killed with kill -9, another is stopped: nothing is lost, nothing is
# counted twice. INTAKE_SEED does what a seed that failed has done, as near as time allows.

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
		backfill --from beginning --to now --job shared "$@"
	echo "part$number" >>"$CASE/programs"
}

is_past() {
	(($(sql "select coalesce(sum(read), 0) from intake.backfill_partitions") > $1))
}

@test "a job that three processes share outlives two of them" {
	part 1 --rate 1500
	part 2 --rate 1500
	part 3 --rate 1500
	wait_until 30 is_past 2000
	program_kill part1
	wait_until 30 is_past 4000
	program_kill part2
	kill -s INT "$(program_pid part3)"
	expect_exit 1 part3
	grep -q "To resume: intake-worker backfill --job 'shared'" "$CASE/part3.log"
	[[ $(sql "select sum(read) from intake.backfill_partitions") != "$EVENTS" ]]

	backfill --job shared --json >"$CASE/last"
	expect read "$(backfill_figure "$CASE/last" read)" "$EVENTS"
	expect inserted "$(backfill_figure "$CASE/last" inserted)" "$CONTACTS"
	expect_fold
}

# Nobody's lease holds any longer, neither that of a dead process nor that of one that lives.
end_leases() {
	sql "update intake.backfill_partitions set leased_until = now() - interval '1 second' where owner is not null"
}

# random FIRST LAST
random() {
	echo $(($1 + RANDOM % ($2 - $1 + 1)))
}

@test "wherever two of three are killed, time and again, the table comes to the fold and each event is counted once" {
	local seed=${INTAKE_SEED:-$RANDOM} victim number
	echo "INTAKE_SEED=$seed"
	RANDOM=$seed
	export WORKER_BATCH_ROWS=40 WORKER_BATCH_MS=20
	for number in 1 2 3; do
		part "$number" --rate 500 --lanes 2
	done
	wait_until 30 is_past 0
	for ((number = 0; number < 6; number++)); do
		sleep "0.$(random 100 600)"
		victim=$(random 1 2)
		program_kill "part$victim"
		end_leases
		part "$victim" --rate 500 --lanes 2
	done
	[[ $(sql "select sum(read) from intake.backfill_partitions") != "$EVENTS" ]]
	end_leases
	for number in 1 2 3; do
		expect_exit 0 "part$number"
		grep -q '^The job shared is finished.$' "$CASE/part$number.log" || { tail "$CASE/part$number.log"; return 1; }
	done
	expect "read and made" "$(sql "select sum(read) || ' ' || sum(inserted) from intake.backfill_partitions")" \
		"$EVENTS $CONTACTS"
	expect_fold
}
