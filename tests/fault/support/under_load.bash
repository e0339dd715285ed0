# SPDX-License-Identifier: Apache-2.0
# under_load - something goes wrong while a worker applies a stream of events; the end is always the same:
# all is applied, the table is the fold of the topic but for the dead letters, the worker was never restarted.
# shellcheck shell=bash

# shellcheck source=tests/flow/support/intake.bash
source "${BASH_SOURCE[0]%/*}/../../flow/support/intake.bash"

readonly STREAM_SECONDS=5 RATE=1000
# shellcheck disable=SC2034 # for the cases
readonly FAULT_SECONDS=2 SHORT_TIMEOUT_MS=800 PG_DIR=$FLOW_DIR/postgres
FAULT_SUPPORT=$PROJECT/tests/fault/support

matrix_setup() {
	case_begin
	BUSINESSES=() STREAM_OPTIONS=()
	local i
	for i in 1 2 3; do
		BUSINESSES+=("$(sql "insert into businesses (name) values ('Case $i') returning id")")
	done
}

matrix_teardown() {
	if declare -F case_mend >/dev/null; then
		case_mend >>"$CASE/mend.log" 2>&1 || true
		unset -f case_mend
	fi
	case_end
}

# super STATEMENT...: as the superuser, outside of the case's database.
super() {
	local statement
	for statement in "$@"; do
		psql -X -A -t -q -v ON_ERROR_STOP=1 "postgresql://$FLOW_SERVER/postgres" -c "$statement"
	done
}

# operator STATEMENT: inside of it.
operator() {
	psql -X -A -t -q -v ON_ERROR_STOP=1 "$DATABASE" "${@/#/-c}" >>"$CASE/operator.log" 2>&1
}

applied_at_least() {
	(($(sql 'select count(*) from contacts' 2>/dev/null || echo 0) >= $1))
}

stream_start() {
	local options=() business
	for business in "${BUSINESSES[@]}"; do
		options+=(--business "$business")
	done
	"$FAULT_SUPPORT/stream.py" "${options[@]}" --rate "$RATE" --seconds "$STREAM_SECONDS" "${STREAM_OPTIONS[@]}" \
		> >(produce >"$CASE/produced.log" 2>&1) 3>&- &
	STREAM=$!
}

# The producer is done a moment after the stream.
stream_end() {
	wait "$STREAM"
	wait_until 30 grep -qs '^produced=' "$CASE/produced.log"
}

# From now on the worker has to stay this one.
load_expects_worker() {
	WORKER_PID=$(program_pid worker1)
}

# add_business ID: of the stream's.
add_business() {
	BUSINESSES+=("$1")
}

# stream_option OPTION...: of support/stream.py.
stream_option() {
	STREAM_OPTIONS+=("$@")
}

# A worker that is under load, with its settings.
load_begin() {
	worker_start 1 WORKER_BATCH_ROWS=500 "$@"
	load_expects_worker
	stream_start
	wait_until 20 applied_at_least 100
}

# load_end [CHECKER_OPTION...]
load_end() {
	stream_end
	await_applied "$WORKER_GROUP"
	expect "the worker's process" "$(program_pid worker1)" "$WORKER_PID"
	wait_until 10 is_ready worker1
	expect_fold_but_dead "$@" | sed 's/^/# /' >&3
	((PIPESTATUS[0] == 0))
	expect "errors of the sanitizers" "$(grep -c 'Sanitizer\|runtime error' "$CASE/worker1.log")" 0
}

retries() {
	metrics worker1 | sed -n "s/^worker_retries_total{class=\"$1\"} //p"
}

# Postgres said so, and the worker counted it as this.
expect_retried() {
	(($(retries "$1") > 0)) || {
		metrics worker1 | grep worker_retries
		return 1
	}
}

expect_no_dead() {
	expect "dead letters" "$(wc -l <"$CASE/dead.json")" 0
}

# expect_dead_are REASON PATTERN: there are dead letters, all of records that have this, all for this reason.
# (Not all that have it: one that a newer event of the same batch outdates is never written.)
expect_dead_are() {
	[[ -s $CASE/dead.json ]]
	expect "dead letters of others" "$(grep -vc "$2" "$CASE/dead.json")" 0
	expect reasons "$(jq -r '.headers | [_nwise(2)] | map(select(.[0] == "dead_letter.reason"))[0][1]' \
		"$CASE/dead.json" | sort -u)" "$1"
}

# What the worker says at most: a log is read by people.
expect_log() {
	grep -qE "$1" "$CASE/worker1.log" || {
		echo "no line has: $1"
		return 1
	}
}

is_unready_for() {
	curl -s -m 2 "http://$(admin_address worker1)/readyz" | grep -qE "$1"
}

# Every so many ms, as long as the case goes on: to do harm by.
while_loaded() {
	while kill -0 "$STREAM" 2>/dev/null; do
		"$@" || true
		sleep 0.2
	done
}

# The processes that serve the worker.
worker_backends() {
	super "select pid from pg_stat_activity where datname = '$CASE_DATABASE' and application_name like 'intake-worker%'"
}

end_backends() {
	super "select pg_terminate_backend(pid) from pg_stat_activity
		where datname = '$CASE_DATABASE' and application_name like 'intake-worker%'" >/dev/null
}
