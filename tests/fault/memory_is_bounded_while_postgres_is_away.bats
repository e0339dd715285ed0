#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bats file_tags=long
# Postgres is away while the topic grows: the worker's memory stays flat, it stays in its group, and afterwards it
# catches up at full speed. INTAKE_BACKLOG=5000000 for the whole of it.

load ../flow/support/intake
measures_time

readonly BACKLOG=${INTAKE_BACKLOG:-600000} STEPS=6 FLAT_KB=24000 MOST_KB=170000

setup() {
	case_begin
	business_make
	worker_start 1
}

teardown() {
	"$PROJECT/deploy/local/postgres" start "$FLOW_DIR/postgres" >/dev/null
	case_end
}

@test "Postgres is away and the topic grows: memory is flat, and the backlog is applied at full speed after" {
	local step first last began seconds rate
	make_events
	"$PROJECT/deploy/local/postgres" stop "$FLOW_DIR/postgres"
	for ((step = 1; step <= STEPS; step++)); do
		produce <"$CASE/events.$step" >/dev/null
		sleep 2
		last=$(memory_kb worker1)
		first=${first:-$last}
		echo "# $((step * BACKLOG / STEPS)) records behind: $last kB" >&3
	done
	((last - first < FLAT_KB && last < MOST_KB))
	wait_until 10 is_not_ready
	expect partitions "$(metric worker1 worker_partitions_assigned)" 6
	expect paused "$(metric worker1 worker_partitions_paused)" 6
	lag_is_told() { (($(metric worker1 worker_lag_records) == BACKLOG)); }
	wait_until 10 lag_is_told
	curl -s -f -o /dev/null "http://$(admin_address worker1)/healthz"
	"$PROJECT/deploy/local/postgres" start "$FLOW_DIR/postgres" >/dev/null
	wait_until 20 is_ready worker1
	began=${EPOCHREALTIME/./}
	wait_until $((60 + BACKLOG / 5000)) all_applied
	seconds=$(((${EPOCHREALTIME/./} - began) / 1000000 + 1))
	rate=$((BACKLOG / seconds))
	echo "# applied at $rate events/s; $(memory_kb worker1) kB after" >&3
	(($(memory_kb worker1) < MOST_KB))
	expect "rebalances" "$(metric worker1 worker_rebalances_total)" 1
	expect_fold
}

is_not_ready() {
	! is_ready worker1
}

# In as many files as there are steps.
make_events() {
	python3 "$SUPPORT/histories.py" --business "$BUSINESS" --contacts "$BACKLOG" --flat >"$CASE/events"
	split -n "l/$STEPS" --numeric-suffixes=1 -a 1 "$CASE/events" "$CASE/events."
}
