# SPDX-License-Identifier: Apache-2.0
# common.bash - servers, a case and figures for the benches: the flow tests' own, without bats.
# shellcheck shell=bash

# shellcheck source=tests/flow/support/intake.bash
source "${BASH_SOURCE[0]%/*}/../flow/support/intake.bash"
# shellcheck source=tests/flow/setup_suite.bash
source "${BASH_SOURCE[0]%/*}/../flow/setup_suite.bash"

bats_require_minimum_version() { :; }

bench_begin() {
	trap bench_end EXIT
	setup_suite 2>/dev/null
	case_begin
}

bench_end() {
	local code=$?
	trap - EXIT
	((code == 0)) && BATS_TEST_COMPLETED=1
	[[ -z ${CASE:-} ]] || case_end
	teardown_suite
	exit "$code"
}

# cpu_us PID: user and system time of all its threads, in microseconds.
cpu_us() {
	local ns=0 task
	for task in "/proc/$1/task"/*; do
		ns=$((ns + $(cut -d' ' -f1 "$task/schedstat")))
	done
	echo $((ns / 1000))
}

# ratio A B: with two digits.
ratio() {
	awk -v a="$1" -v b="$2" 'BEGIN { printf (b > 0) ? "%.2f" : "none", a / (b > 0 ? b : 1) }'
}

row() {
	local format=$1
	shift
	# shellcheck disable=SC2059 # the format is ours
	printf "  $format\n" "$@"
}
