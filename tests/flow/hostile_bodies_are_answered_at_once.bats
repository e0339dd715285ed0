#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Bombs of JSON, forms and bytes within the largest body that is taken: each is answered as the contract
# says, at once, and neither memory nor the next sender suffers.

load support/intake
measures_time

setup() {
	case_begin
	business_make --limit 100000
	# What a sanitizer keeps of freed memory is not the gateway's.
	gateway_start 1 ASAN_OPTIONS=quarantine_size_mb=1:thread_local_quarantine_size_kb=64
	worker_start 1
}

teardown() {
	case_end
}

# bodies: all of them, three times each.
bodies() {
	timeout 120 python3 "$SUPPORT/hostile_bodies.py" "$(<"$CASE/gateway1.listen")" "$KEY" >"$CASE/bodies" || {
		grep WRONG "$CASE/bodies"
		return 1
	}
}

@test "hostile bodies are answered as they should be, at once, and leave nothing behind" {
	bodies
	before_kb=$(memory_kb gateway1)
	bodies
	bodies
	now_kb=$(memory_kb gateway1)
	sort -k4 -n -r "$CASE/bodies" | head -n 3 | sed 's/^/# slowest: /' >&3
	echo "# memory: $before_kb kB after the first time, $now_kb kB after the third" >&3
	((now_kb - before_kb < 4000 && now_kb < 60000))
	post 1 "$KEY" "$(contact_json Ada next@example.com)"
	expect_accepted
	await_applied
	expect_fold
}
