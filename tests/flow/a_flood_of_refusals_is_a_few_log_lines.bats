#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A refused request is one log line at most; many at a time are counted, not written.

load support/intake
measures_time

readonly FLOOD=5000

setup() {
	case_begin
	# One loop: each has a limit of its own.
	gateway_start 1 GATEWAY_THREADS=1
}

teardown() {
	case_end
}

refusals() {
	grep -c ' event=request.refused ' "$CASE/gateway1.log"
}

@test "$FLOOD refusals are a line a second, and what was held back is told" {
	began=${EPOCHREALTIME%[.,]*}
	curl -s -o /dev/null "$(webhook 1)?n=[1-$FLOOD]"
	sleep 1.1
	curl -s -o /dev/null "$(webhook 1)"
	seconds=$((${EPOCHREALTIME%[.,]*} - began + 1))
	written=$(refusals)
	((written >= 2 && written <= seconds + 1)) || { echo "$written lines in $seconds s"; return 1; }
	suppressed=$(sed -n 's/.* event=request.refused .* suppressed=//p' "$CASE/gateway1.log" |
		awk '{ sum += $1 } END { print sum }')
	expect "lines and what they held back" $((written + suppressed)) $((FLOOD + 1))
	run -0 grep -F "gateway_requests_total{outcome=\"method_not_allowed\"} $((FLOOD + 1))" <(metrics gateway1)
}

@test "refusals now and then are a line each, with the id that the sender was told" {
	for _ in 1 2 3; do
		post 1 "" '{}'
		expect_refused 401 missing_api_key
		id=$(jq -r .request_id <<<"$BODY")
		line=$(grep -F "request_id=$id" "$CASE/gateway1.log")
		[[ $line == *' level=info event=request.refused error=missing_api_key status=401 '* ]]
		[[ $line == *' peer=127.0.0.1 suppressed=0' ]]
		sleep 1.1
	done
	expect lines "$(refusals)" 3
}
