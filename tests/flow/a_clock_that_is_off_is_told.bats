#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The version of an event is its gateway's clock: one that differs from Kafka's is measured, told, and taken out.

load support/intake
measures_time

# The gateway's wall clock is what $CASE/clock says, as "+3s" ahead.
setup() {
	case_begin
	business_make
	local library
	library=$(find /usr/lib -name libfaketime.so.1 -print -quit)
	[[ -n $library ]] || { echo "libfaketime is not installed"; return 1; }
	shift_clock +0
	gateway_start 1 "LD_PRELOAD=$library" "FAKETIME_TIMESTAMP_FILE=$CASE/clock" FAKETIME_NO_CACHE=1 \
		FAKETIME_DONT_FAKE_MONOTONIC=1 ASAN_OPTIONS=verify_asan_link_order=0
	# The first takes long, and a quick one says more.
	for _ in 1 2 3 4 5; do
		post_one
	done
	shift_measured 0 0.05
}

teardown() {
	case_end
}

# In one step: the gateway may read at any time.
shift_clock() {
	echo "$1" >"$CASE/clock.new"
	mv "$CASE/clock.new" "$CASE/clock"
}

post_one() {
	post 1 "$KEY" "$(contact_json Ada ada@example.com)"
	expect_accepted
}

# shift_measured SECONDS TOLERANCE
shift_measured() {
	local is
	is=$(metrics gateway1 | sed -n 's/^gateway_clock_offset_seconds //p')
	awk -v is="$is" -v wanted="$1" -v most="$2" 'BEGIN { d = is - wanted; exit !(d <= most && d >= -most) }' || {
		echo "the offset is '$is', not $1"
		return 1
	}
}

says() {
	grep -qs "$1" "$CASE/gateway1.log"
}

readyz() {
	curl -s -m 2 "http://$(admin_address gateway1)/readyz"
}

@test "half a second ahead is told, and ready; set right is told too" {
	shift_clock +0.5s
	shift_measured 0.5 0.1
	is_ready gateway1
	is_told() { says 'level=warn event=clock.off offset_ms=4[0-9][0-9]\|level=warn event=clock.off offset_ms=5[0-9][0-9]'; }
	wait_until 15 is_told
	shift_clock +0
	is_good() { says 'level=info event=clock.good'; }
	wait_until 15 is_good
}

@test "three seconds behind are not ready, until the clock is set right, with no event between" {
	shift_clock -3s
	shift_measured -3 0.1
	run ! is_ready gateway1
	[[ $(readyz) == *"clock is "[23][0-9][0-9][0-9]" ms behind Kafka's"* ]]
	post_one # who comes all the same is served
	shift_clock +0
	is_ready gateway1
	shift_measured 0 0.05
}
