#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Under load workers are started, stopped, killed and frozen: no event is lost, none is applied backwards, and how
# long a partition stood still is printed.

load ../flow/support/intake

readonly RATE=${INTAKE_LOAD_RATE:-2000} SESSION_MS=6000

setup() {
	case_begin
	# The soonest that Kafka lets a silent member go.
	export KAFKA_PROPERTY_SESSION_TIMEOUT_MS=$SESSION_MS KAFKA_PROPERTY_HEARTBEAT_INTERVAL_MS=1000
	for _ in 1 2 3; do
		business_make --limit 1000000
	done
	gateway_start 1
}

teardown() {
	[[ -z ${FROZEN:-} ]] || kill -s CONT "$FROZEN" 2>/dev/null || true
	case_end
}

# start_load SECONDS
start_load() {
	REQUESTS=$(($1 * RATE))
	load_run --target "$(<"$CASE/gateway1.listen")" --connections 32 --requests "$REQUESTS" --contacts 5000 \
		--rate "$RATE" 3>&- &
	LOAD_PID=$!
}

end_load() {
	wait "$LOAD_PID"
	expect accepted "$(load_figure accepted)" "$REQUESTS"
	await_applied
	expect_fold --answers "load=$CASE/answers"
}

partitions_are() {
	local number=0 worker
	for worker in "${@:2}"; do
		number=$((number + $(metric "$worker" worker_partitions_assigned)))
	done
	((number == $1))
}

# await_partitions NUMBER WORKER...: the workers have so many between them; prints how long it took.
await_partitions() {
	local began=${EPOCHREALTIME/./}
	wait_until 40 partitions_are "$@" || { echo "not $1 partitions at ${*:2}"; return 1; }
	MS=$(((${EPOCHREALTIME/./} - began) / 1000))
}

say_so() {
	echo "# $*" >&3
}

# The longest that any event waited from its acceptance to its row, by the rows' own times.
expect_pause_below() {
	local ms
	ms=$(sql "select coalesce(max(extract(epoch from updated_at) * 1000
		- ('x' || left(replace(name_event_id::text, '-', ''), 12))::bit(48)::bigint)::bigint, 0) from contacts")
	say_so "the longest from acceptance to row: $ms ms"
	((ms < $1))
}

# bats test_tags=long
@test "one worker, three, two and one again under load: each event applied, no pause beyond the session time-out" {
	worker_start 1
	start_load 20
	worker_start 2
	# Small batches: when it is killed, some are in flight and some wait for those.
	worker_start 3 WORKER_BATCH_ROWS=50
	await_partitions 6 worker1 worker2 worker3
	wait_until 20 topic_has $((5 * RATE))
	program_stop worker2
	await_partitions 6 worker1 worker3
	say_so "after SIGTERM the partitions were with others within $MS ms"
	wait_until 20 topic_has $((8 * RATE))
	# It dies while its statements wait: what they hold must not have been committed.
	sql "begin; lock table contacts in exclusive mode; select pg_sleep(3); commit" >/dev/null 3>&- &
	sleep 2
	# What was applied since the last commit is read again: it must be little, and is told.
	local uncommitted
	uncommitted=$(metric worker3 worker_uncommitted_records)
	program_kill worker3
	await_partitions 6 worker1
	say_so "after kill -9 they were with others within $MS ms, a second earlier $uncommitted records were uncommitted"
	((MS <= SESSION_MS + 5000 && uncommitted <= 2 * RATE + 4000))
	end_load
	expect_pause_below $((SESSION_MS + 6000))
}

# bats test_tags=long
@test "a worker frozen beyond its session wakes to find its partitions gone: it commits nothing, takes none back" {
	worker_start 1
	worker_start 2
	await_partitions 6 worker1 worker2
	start_load 24
	wait_until 20 topic_has $((2 * RATE))
	FROZEN=$(program_pid worker2)
	kill -s STOP "$FROZEN"
	await_partitions 6 worker1
	say_so "after SIGSTOP the partitions were with the other within $MS ms"
	wait_until 20 topic_has $((15 * RATE))
	local committed
	committed=$(group_lag)
	kill -s CONT "$FROZEN"
	FROZEN=
	await_partitions 6 worker1 worker2
	wait_until 20 has_lost worker2
	# Commits that went back would make the lag grow by what had been applied meanwhile.
	(($(group_lag) <= committed + 4 * RATE))
	end_load
	program_stop worker2
	expect jumps "$(metric worker1 worker_offset_jumps_total)" 0
}

has_lost() {
	(($(metrics "$1" | sed -n 's/^worker_rebalances_total{outcome="lost"} //p') > 0))
}

rebalances() {
	metric "$1" worker_rebalances_total
}

@test "a worker with a name comes back within its session to the partitions it had, and nobody else is disturbed" {
	worker_start 1 WORKER_INSTANCE_ID=one
	worker_start 2 WORKER_INSTANCE_ID=two
	await_partitions 6 worker1 worker2
	local before
	before=$(rebalances worker1)
	start_load 6
	program_stop worker2
	worker_start 2 WORKER_INSTANCE_ID=two
	await_partitions 6 worker1 worker2
	program_kill worker2
	worker_start 2 WORKER_INSTANCE_ID=two
	await_partitions 6 worker1 worker2
	end_load
	expect "changes at the other worker" "$(rebalances worker1)" "$before"
}

@test "of two workers with one name the older is put out, says why and exits 2" {
	worker_start 1 WORKER_INSTANCE_ID=same
	local pid code=0
	pid=$(program_pid worker1)
	worker_start 2 WORKER_INSTANCE_ID=same
	wait_until 20 server_gone "$CASE" worker1 || { echo "the older still runs"; return 1; }
	wait "$pid" || code=$?
	rm -f "$CASE/worker1.pid"
	expect "exit code" "$code" 2
	grep -q 'level=error event=worker.failed .*WORKER_INSTANCE_ID' "$CASE/worker1.log"
	await_partitions 6 worker2
}

# bats test_tags=long
@test "a worker that is stopped while it joins holds nobody up" {
	worker_start 1 KAFKA_PROPERTY_SESSION_TIMEOUT_MS=30000
	local delay began worst=0
	for delay in 0.05 0.1 0.2 0.3 0.5 0.8 1.1; do
		worker_launch 2 KAFKA_PROPERTY_SESSION_TIMEOUT_MS=30000
		sleep "$delay"
		began=${EPOCHREALTIME/./}
		end "$CASE" worker2 TERM "$STOP_SECONDS"
		await_partitions 6 worker1
		post 1 "$KEY" "$(contact_json Ada "after$delay@example.com")"
		await_sql "select count(*) from contacts where email = 'after$delay@example.com'" 1
		MS=$(((${EPOCHREALTIME/./} - began) / 1000))
		say_so "stopped after $delay s, the next event was applied $MS ms later"
		((MS <= worst)) || worst=$MS
	done
	((worst < 8000))
}
