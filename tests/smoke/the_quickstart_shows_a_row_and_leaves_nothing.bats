#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The first command of the README, as a stranger runs it.
# shellcheck disable=SC2030,SC2031 # each test sets RUNNING for itself

# shellcheck source=deploy/local/common.bash
source "$BATS_TEST_DIRNAME/../../deploy/local/common.bash"

bats_require_minimum_version 1.5.0

readonly QUICKSTART_SECONDS=300

setup() {
	PLACE=$(mktemp -d "${TMPDIR:-/tmp}/intake-smoke.XXXXXX")
	chmod 711 "$PLACE"
	cd "$PLACE" || exit
}

teardown() {
	[[ -z ${RUNNING:-} ]] || kill -s TERM "$RUNNING" 2>/dev/null || true
	cd /
	rm -rf "$PLACE"
}

# Whatever has a file of this test's folder on its command line, or works there.
processes_here() {
	local entry
	for entry in /proc/[0-9]*; do
		if tr '\0' ' ' 2>/dev/null <"$entry/cmdline" | grep -q "$PLACE/" ||
			[[ $(readlink "$entry/cwd") == "$PLACE"/* ]]; then
			echo "${entry#/proc/} $(tr '\0' ' ' <"$entry/cmdline")"
		fi
	done 2>/dev/null
}

nothing_is_left() {
	[[ -z $(processes_here) && -z $(ls -A "$PLACE") ]] || {
		processes_here
		ls -A "$PLACE"
		return 1
	}
}

# start_quickstart LOG OPTION...: in a process group of its own, as a terminal would.
start_quickstart() {
	local log=$1
	shift
	# env: a background job ignores SIGINT unless somebody resets it.
	setsid env --default-signal=INT timeout --foreground "$QUICKSTART_SECONDS" "$PROJECT/deploy/quickstart" "$@" \
		>"$BATS_TEST_TMPDIR/$log" 2>&1 </dev/null 3>&- &
	RUNNING=$!
}

stays() {
	grep -qs 'It runs until Ctrl-C' "$BATS_TEST_TMPDIR/$1" || ! kill -0 "$RUNNING"
}

await_stay() {
	wait_until "$QUICKSTART_SECONDS" stays "$1"
	grep -q 'It runs until Ctrl-C' "$BATS_TEST_TMPDIR/$1" || {
		cat "$BATS_TEST_TMPDIR/$1"
		return 1
	}
}

@test "quickstart --once shows the row, exits 0 and leaves no process, no port and no file" {
	timeout "$QUICKSTART_SECONDS" "$PROJECT/deploy/quickstart" --once >"$BATS_TEST_TMPDIR/out" 3>&- || {
		cat "$BATS_TEST_TMPDIR/out"
		return 1
	}
	grep -q 'Ada Lovelace.*ada@example.com' "$BATS_TEST_TMPDIR/out"
	nothing_is_left
}

@test "a quickstart on Apache Kafka stays, its curl line works, another runs beside it, Ctrl-C ends it" {
	start_quickstart first --kafka
	await_stay first
	sed -n '/^  curl /,/^$/p' "$BATS_TEST_TMPDIR/first" >"$BATS_TEST_TMPDIR/line"
	bash -c "$(<"$BATS_TEST_TMPDIR/line")" | grep -q '"success":true'
	timeout "$QUICKSTART_SECONDS" "$PROJECT/deploy/quickstart" --once >"$BATS_TEST_TMPDIR/second" 3>&-
	psql_line=$(sed -n 's/^ *psql \(.*\)$/psql -X -A -t \1/p' "$BATS_TEST_TMPDIR/first")
	bash -c "$psql_line" | grep -q grace@example.com
	port=$(grep -oE 'http://127.0.0.1:[0-9]+/api' "$BATS_TEST_TMPDIR/first" | head -n 1 | tr -dc '0-9\n' | sed 's/^127001//')
	kill -s INT -- "-$RUNNING"
	wait_until 30 nothing_is_left
	grep -q 'no process, no port and no file is left' "$BATS_TEST_TMPDIR/first"
	run -7 curl -s "http://127.0.0.1:$port/"
	RUNNING=''
}

@test "a quickstart whose gateway dies says so, shows its log and ends" {
	start_quickstart dies
	await_stay dies
	kill -s KILL "$(cut -d' ' -f1 "$PLACE/.quickstart/gateway.pid")"
	code=0
	wait "$RUNNING" || code=$?
	RUNNING=''
	((code == 1))
	grep -q 'The gateway ended' "$BATS_TEST_TMPDIR/dies"
	[[ -z $(processes_here) ]]
}
